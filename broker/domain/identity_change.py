"""Whether an identity asserts another address or name than last time: a partner may reassign a subject (FA-18)."""

from __future__ import annotations

from enum import StrEnum

from broker.domain.assertion import Assertion
from broker.domain.guest import Person
from broker.domain.mailbox import PARTNER


class Change(StrEnum):
    """NOTHING: the same, or unknown. ADDRESS: another address. BOTH: another address and another name."""

    NOTHING = ""
    ADDRESS = "address"
    BOTH = "both"


def change_of(person: Person, assertion: Assertion) -> Change:
    """The difference to the last assertion. person: as found by this identity.

    An assertion without an address is no change, and neither is one with the verified address of the record.
    """
    if assertion.partner == PARTNER or assertion.email is None or person.asserted_email in (None, assertion.email):
        return Change.NOTHING
    if assertion.email == person.email and assertion.email_verified:
        return Change.NOTHING
    before, now = _plain(person.asserted_name), _plain(assertion.name)
    return Change.BOTH if before and now and before != now else Change.ADDRESS


def _plain(name: str | None) -> str:
    return " ".join((name or "").casefold().split())
