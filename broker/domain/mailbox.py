"""Which mailbox a code by e-mail proves, for which person, and in addition to which identity (AL-04)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

PARTNER = (
    "email"  # stands for a home organization where a guest has none, and is `idp` in their tokens; no partner can have this id
)
DIGITS = 8
LIFETIME = 600  # seconds
TRIES = 5  # a code
SENDS = 5  # codes a login
PAUSE = 30  # seconds from one code of a login to the next


class Why(StrEnum):
    """HOME: the code is the sign-in. INVITED: an identity with another address redeems. RECORDED: the guest moves to their new home
    organization. METHOD: the second channel before a first method is added (FA-05). IDENTITY: the identity asserts another name
    and address than last time (FA-18).
    """

    HOME = "home"
    INVITED = "invited"
    RECORDED = "recorded"
    METHOD = "method"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """address: canonical. person: the guest whom it would prove; None: the person with this address, if there is one.

    identity: (partner, issuer, subject) that signed in already and is to be bound, None if the code is the sign-in.
    """

    why: Why
    address: str
    person: str | None = None
    identity: tuple[str, str, str] | None = None

    def mark(self, login_id: str) -> str:
        """A hash of everything that a code is bound to: login, mailbox, guest and identity (AL-04)."""
        bound_to = json.dumps([login_id, self.why, self.address, self.person, self.identity])
        return hashlib.sha256(bound_to.encode()).hexdigest()
