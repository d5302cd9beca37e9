"""Sign-in without an identity provider: eight digits are sent to the guest's mailbox, who types them in the same browser.

A plain hash of eight digits can be guessed in a second. The login therefore stores HMAC-SHA-256 with 256 random bits, and the
caller seals both: neither a dump of the database nor access to it reveals a code.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from broker.domain.assertion import Assertion
from broker.domain.connector import Ask, Inbound, Outbound
from broker.domain.errors import PartnerUntrusted
from broker.domain.ids import new_secret
from broker.domain.mailbox import DIGITS, PARTNER

_BETWEEN = re.compile(r"[\s\u200b\u2060\ufeff\u00ad\-\u2010\u2011\u2013.]+")  # separators that people copy with the digits
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
_LONGEST = 100  # characters that are read


class EmailCode:
    """One mailbox, as a Connector. A code is bound to the `state` of its request, which must come back with it (AL-04)."""

    def __init__(self, *, issuer: str, page: str, address: str, subject: str) -> None:
        """issuer: ours. page: where the guest types the code. subject: the guest's stable random id, never the address."""
        self._issuer = issuer
        self._page = page
        self._address = address
        self._subject = subject

    def begin(self, ask: Ask) -> Outbound:
        """A new code, in `told`. The memory of it is useless without the digits."""
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        salt = new_secret()
        return Outbound(url=self._page, memory={"salt": salt, "digest": _digest(salt, ask.state, code)}, out_of_band=code)

    def complete(self, inbound: Inbound) -> Assertion:
        """The holder of the mailbox. Raises PartnerUntrusted("code_wrong")."""
        typed = plain(inbound.params.get("code", ""))
        found = _digest(inbound.memory["salt"], inbound.params.get("state", ""), typed)
        if not hmac.compare_digest(found, inbound.memory["digest"]) or not _CODE.fullmatch(typed):
            raise PartnerUntrusted("code_wrong")
        return Assertion(
            partner=PARTNER,
            issuer=self._issuer,
            subject=self._subject,
            email=self._address,
            email_verified=True,
            amr=("otp",),
            auth_time=inbound.now,
        )


def _digest(salt: str, state: str, code: str) -> str:
    return hmac.new(salt.encode(), f"{state}\0{code}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def plain(typed: str) -> str:
    """The typed text without separators between the digits. Other characters stay, and make the code wrong (MF-09)."""
    return _BETWEEN.sub("", typed[:_LONGEST])
