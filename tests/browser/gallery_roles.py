"""The page of roles of the portal for the gallery."""

from __future__ import annotations

from typing import Any

from broker.services.access.role_holders import NamedAddress, NamedGroup, NameStanding, OwnerView, RoleHolders, RolesView
from broker.services.authorization import Role
from broker.web.admin import roles
from broker.web.pages import Pages
from tests.browser.sample import Sample

ROLES = ("admin-roles", "admin-roles-few")


def role_samples(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    """Name -> sample."""
    say = pages.languages.translator("en")
    alice, ines = _named("alice", "Alice Kern"), _named("ines-with-a-long-address", "", NameStanding.UNKNOWN)
    bob, paul = _named("bob", "Bob Berger", NameStanding.ENDED), _named("paul", "Paul Okafor", NameStanding.GUEST)
    few = RolesView(
        roles=(RoleHolders(role=Role.ADMINISTRATOR, addresses=(alice,), groups=()), *(_nobody(role) for role in _OTHERS)),
        without_right=0,
        owners=(),
        next_owner=None,
    )
    groups = (
        NamedGroup(id="1", name="Help desk", members=12, staff=11),
        NamedGroup(id="", name="Night shift"),
        NamedGroup(id="2", name="Everybody", members=1000, staff=900, more=True),
    )
    busy = RolesView(
        roles=(
            RoleHolders(role=Role.ADMINISTRATOR, addresses=(alice, ines), groups=()),
            _nobody(Role.GUEST_INVITER),
            RoleHolders(role=Role.HELP_DESK, addresses=(paul,), groups=groups),
            RoleHolders(role=Role.AUDITOR, addresses=(bob, _named("una", "Una", NameStanding.UNVERIFIED)), groups=()),
        ),
        without_right=4,
        owners=(
            OwnerView(address=alice, applications=(("1", "Payroll"), ("2", "Travel")), groups=(), more_groups=False),
            OwnerView(address=bob, applications=(), groups=(("1", "Finance"), ("2", "Project Delta")), more_groups=True),
        ),
        next_owner="bob",
    )
    return {
        name: Sample(
            "admin_roles.html",
            "admin-roles",
            {**frame, **roles.context(pages, say, view), "next_url": "/x" if view.next_owner else "", "first_url": ""},
        )
        for name, view in zip(ROLES, (busy, few), strict=True)
    }


_OTHERS = (Role.GUEST_INVITER, Role.HELP_DESK, Role.AUDITOR)


def _nobody(role: Role) -> RoleHolders:
    return RoleHolders(role=role, addresses=(), groups=())


def _named(local: str, name: str, standing: NameStanding = NameStanding.COUNTS) -> NamedAddress:
    return NamedAddress(email=f"{local}@contoso.example", name=name, standing=standing)
