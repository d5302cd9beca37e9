"""`/admin/roles`: who has which role, and who owns what. Roles are set in files; here they are only read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.services.access.role_holders import NamedAddress, NamedGroup, OwnerView, RolesView
from broker.services.authorization import Right, Role
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.role_words import ROLES, STANDINGS, rights_of_role
from broker.web.i18n import Translator
from broker.web.pages import Pages

PATH = "/admin/roles"


def register(routes: Blueprint, door: Door) -> None:
    """The page."""
    cursors, overview, pages = lists.Cursors(door.broker.sealer), door.broker.access.role_holders, door.pages

    @routes.get(PATH)
    @door.page(Right.SEE_ROLES)
    def admin_roles(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, {})
        after = cursors.read(shown)
        found = overview.show(visit.actor, after=str(after[0]) if after else "")
        following = cursors.next_url(shown, (found.next_owner,)) if found.next_owner is not None else ""
        return door.render(
            visit,
            "admin_roles.html",
            here=PATH,
            keep={},
            **context(pages, pages.translator(), found),
            next_url=pages.path(following) if following else "",
            first_url=pages.path(PATH) if after else "",
        )


def context(pages: Pages, say: Translator, found: RolesView) -> dict[str, Any]:
    """What the template shows, without the addresses of further pages."""
    return {
        "without_right": found.without_right,
        "roles": [
            {
                **_head(one.role, say),
                "addresses": [_address(named, say) for named in one.addresses],
                "groups": [_group(pages, group) for group in one.groups],
            }
            for one in found.roles
        ],
        "owner_roles": [_head(role, say) for role in (Role.APPLICATION_OWNER, Role.GROUP_OWNER)],
        "owners": [_owner(pages, one, say) for one in found.owners],
    }


def _head(role: Role, say: Translator) -> dict[str, Any]:
    name, key = ROLES[role]
    return {"id": role.value, "name": say.gettext(name), "key": key, "rights": rights_of_role(role, say)}


def _address(one: NamedAddress, say: Translator) -> dict[str, str]:
    kind, word, reason = STANDINGS[one.standing]
    return {
        "email": one.email,
        "name": one.name,
        "kind": kind,
        "word": str(say.gettext(word)),
        "reason": str(say.gettext(reason)) if reason else "",
    }


def _group(pages: Pages, one: NamedGroup) -> dict[str, Any]:
    url = pages.path(f"/admin/groups/{one.id}") if one.id else ""
    return {"name": one.name, "url": url, "members": one.members, "staff": one.staff, "more": one.more}


def _owner(pages: Pages, one: OwnerView, say: Translator) -> dict[str, Any]:
    return {
        **_address(one.address, say),
        "applications": [{"name": name, "url": pages.path(f"/admin/applications/{file}")} for file, name in one.applications],
        "groups": [{"name": name, "url": pages.path(f"/admin/groups/{group_id}")} for group_id, name in one.groups],
        "more_groups": one.more_groups,
    }
