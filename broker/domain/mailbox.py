"""Which mailbox a code by mail is to prove, for whom, and beside which identity (AL-04)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

PARTNER = "email"  # the home of a guest who has none, and the `idp` of his tokens: no partner's file may have this name
DIGITS = 8
LIFETIME = 600  # seconds
TRIES = 5  # a code
SENDS = 5  # codes a login
PAUSE = 30  # seconds from one code of a login to the next


class Why(StrEnum):
    """HOME: the code is the sign-in. INVITED: another identity redeems. RECORDED: the guest moves to his new home organization.
    METHOD: the second channel before a first method is added (FA-05). IDENTITY: name and address are others than before (FA-18).
    """

    HOME = "home"
    INVITED = "invited"
    RECORDED = "recorded"
    METHOD = "method"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """address: canonical. person: the guest whom it would prove; None: whoever holds the address, if anybody does.

    identity: (partner, issuer, subject) that signed in already and is to be bound, None where the code is the sign-in.
    """

    why: Why
    address: str
    person: str | None = None
    identity: tuple[str, str, str] | None = None

    def mark(self, login_id: str) -> str:
        """What a code is bound to, as a hash: another login, mailbox, guest or identity has another one (AL-04)."""
        told = json.dumps([login_id, self.why, self.address, self.person, self.identity])
        return hashlib.sha256(told.encode()).hexdigest()
