"""Creates a member of staff at the first sign-in at the company's own partner."""

from __future__ import annotations

from broker.domain import administrator_link
from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.ids import new_id
from broker.domain.login import Login
from broker.services.history import audit
from broker.services.sessions.present import identity_of
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations


def join(tx: Connection, login: Login, now: int) -> None:
    """Creates the member of this login's assertion, and binds the identity.

    A person who was invited before the domain was the staff's, and never redeemed, becomes the member (FA-07). The address of a
    guest who redeemed, or of an earlier member, is a conflict that staff must solve.
    """
    assertion = login.assertion
    if assertion is None or assertion.email is None:
        return
    person = Person(
        id=new_id(),
        kind=PersonKind.MEMBER,
        state=GuestState.ACTIVE,
        email=assertion.email,
        email_verified=True,
        name=assertion.name or "",
        partner=assertion.partner,
        created_at=now,
        redeemed_at=now,
        profile=dict(assertion.claims),
    )
    was_invited = False
    if not people.add(tx, person):
        held = _by_link(tx, assertion.email)
        if held is None:
            held = _invited(tx, assertion, now)
            was_invited = True
        if held is None:
            return
        person = held
    bound = people.bind(tx, identity_of(login, person.id, now))
    actor = Actor.person(person.id, request_id=login.reference)
    data = {"partner": assertion.partner, "bound": bound, "was_invited": was_invited}
    audit.record(
        tx, Event(name="member.joined", actor=actor, subject=person.id, data=data, personal={"email": person.email}), now
    )


def _by_link(tx: Connection, email: str) -> Person | None:
    """The administrator who came by a link of the command line, and now signs in at the company's own partner."""
    held = people.by_email(tx, email, lock=True)
    if held is None or held.kind is not PersonKind.MEMBER or held.state is not GuestState.ACTIVE:
        return None
    bound = people.identities_of(tx, held.id)
    return held if bound and all(one.partner == administrator_link.PARTNER for one in bound) else None


def _invited(tx: Connection, assertion: Assertion, now: int) -> Person | None:
    """The guest who was invited and never redeemed, changed to a member; None without one."""
    held = people.by_email(tx, assertion.email or "", lock=True)
    if (
        held is None
        or held.kind is not PersonKind.GUEST
        or held.state is not GuestState.INVITED
        or people.identities_of(tx, held.id)
    ):
        return None
    invitations.revoke_pending(tx, held.id)
    values = {
        "kind": PersonKind.MEMBER.value,
        "state": GuestState.ACTIVE.value,
        "email_verified": True,
        "name": assertion.name or held.name,
        "partner": assertion.partner,
        "sponsor": None,
        "orphaned_at": None,
        "expires_at": None,
        "due_at": None,
        "redeemed_at": now,
        "profile": dict(assertion.claims),
    }
    people.change(tx, held.id, values)
    return people.by_id(tx, held.id)
