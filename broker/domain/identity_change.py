"""Whether an identity still says whom it said: a partner may give an old subject to somebody else (FA-18)."""

from __future__ import annotations

from enum import StrEnum

from broker.domain.assertion import Assertion
from broker.domain.guest import Person
from broker.domain.mailbox import PARTNER


class Change(StrEnum):
    """NOTHING: the same, or nobody can tell. ADDRESS: another address. BOTH: another address and another name."""

    NOTHING = ""
    ADDRESS = "address"
    BOTH = "both"


def change_of(person: Person, said: Assertion) -> Change:
    """What differs from the last time. person: as found by this identity.

    An address that did not come says nothing. The address of the record, where the partner is believed, is no change.
    """
    if said.partner == PARTNER or said.email is None or person.said_email in (None, said.email):
        return Change.NOTHING
    if said.email == person.email and said.email_verified:
        return Change.NOTHING
    before, now = _plain(person.said_name), _plain(said.name)
    return Change.BOTH if before and now and before != now else Change.ADDRESS


def _plain(name: str | None) -> str:
    return " ".join((name or "").casefold().split())
