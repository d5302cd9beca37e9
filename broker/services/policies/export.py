"""Stored sign-ins as a file, to check policies where neither the database nor a key is available.

One JSON object per line. The first names the format; each other one is a sign-in in which policies were evaluated:

    receipt, at        its reference, and the hour (seconds since 1970)
    person             a pseudonym by a key that is not stored: the same within one file, another in the next
    guest              a slow hash (mark) of the address and the file's salt; empty without marks
    kind, groups, partner, application, acr, required, policies     as in the receipt
    network            the address without its last part: 24 bits of IPv4, 48 of IPv6
    partner_mfa, proof_age (seconds), terms_accepted, blocked       what policies read

It contains no name, no e-mail address and no complete network address. A person who has the file and an address can find out
whether its owner is in the file; policies that name guests need this. `--no-marks` leaves the marks out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from broker.domain.errors import Invalid
from broker.domain.guest import PersonKind
from broker.domain.network import coarse_network
from broker.domain.policy import Circumstances
from broker.domain.replay import PastSignIn
from broker.domain.times import HOUR

FORMAT, VERSION = "guest-broker sign-ins", 1
_COST = {"n": 2**11, "r": 8, "p": 1, "dklen": 16}  # some milliseconds for each address, to slow down guessing


class Marks:
    """The marks of addresses in one file."""

    def __init__(self, salt: bytes) -> None:
        self.salt = salt
        self._made: dict[str, str] = {}

    def __call__(self, email: str) -> str:
        """The mark of a canonical address."""
        if email not in self._made:
            self._made[email] = hashlib.scrypt(email.encode(), salt=self.salt, **_COST).hex()
        return self._made[email]


def lines(past: Iterable[PastSignIn], *, since: int, until: int, marked: bool = True) -> Iterator[str]:
    """The file, line by line, without line ends."""
    marks, key = Marks(secrets.token_bytes(16)), secrets.token_bytes(32)
    head = {"format": FORMAT, "version": VERSION, "since": since, "until": until, "marks": marks.salt.hex() if marked else None}
    yield json.dumps(head)
    for sign_in in past:
        c = sign_in.circumstances
        row = {
            "receipt": sign_in.receipt,
            "at": sign_in.at - sign_in.at % HOUR,
            "person": hmac.digest(key, sign_in.person.encode(), "sha256").hex()[:32],
            "guest": marks(c.guest) if marked else "",
            "kind": c.kind.value,
            "groups": sorted(c.groups),
            "partner": c.partner,
            "application": c.application,
            "network": c.address if "/" in c.address else coarse_network(c.address),
            "partner_mfa": c.partner_mfa,
            "acr": sign_in.acr,
            "proof_age": sign_in.proof_age,
            "terms_accepted": sign_in.terms_accepted,
            "blocked": sign_in.blocked,
            "required": sorted(sign_in.required),
            "policies": list(sign_in.policies),
        }
        yield json.dumps(row)


class Export:
    """Reads an export: its head at once, its sign-ins one by one. Raises Invalid, with the line, for an invalid file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open(encoding="utf-8") as file:
                head = self._object(1, file.readline())
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"{path} cannot be read ({type(error).__name__})", "export_unreadable") from error
        if head.get("format") != FORMAT or head.get("version") != VERSION:
            raise Invalid(f"{path} is no export of this version; write it with broker policy export", "export_format")
        if type(head.get("until")) is not int:
            raise self._wrong(1, "until")
        self.until: int = head["until"]
        salt = head.get("marks")
        try:
            self.marks = None if salt is None else Marks(bytes.fromhex(salt))
        except (TypeError, ValueError) as error:
            raise self._wrong(1, "marks") from error

    def sign_ins(self, seconds: int) -> Iterator[PastSignIn]:
        """The sign-ins of the last seconds before the file was written."""
        with self._path.open(encoding="utf-8", errors="replace") as file:
            next(file)
            for number, line in enumerate(file, 2):
                if line.strip():
                    sign_in = self._past(number, self._object(number, line))
                    if sign_in.at > self.until - seconds - HOUR:
                        yield sign_in

    def _past(self, number: int, row: dict[str, Any]) -> PastSignIn:
        for name, kinds in _TYPES.items():
            if name not in row or type(row[name]) not in kinds:
                raise self._wrong(number, name)
        for name in ("groups", "required", "policies"):
            if not all(isinstance(item, str) for item in row[name]):
                raise self._wrong(number, name)
        if row["kind"] not in list(PersonKind):
            raise self._wrong(number, "kind")
        return PastSignIn(
            receipt=row["receipt"],
            at=row["at"],
            person=row["person"],
            circumstances=Circumstances(
                kind=PersonKind(row["kind"]),
                guest=row["guest"],
                groups=frozenset(row["groups"]),
                partner=row["partner"],
                application=row["application"],
                address=row["network"],
                partner_mfa=row["partner_mfa"],
            ),
            acr=row["acr"],
            proof_age=row["proof_age"],
            terms_accepted=row["terms_accepted"],
            blocked=row["blocked"],
            required=frozenset(row["required"]),
            policies=tuple(row["policies"]),
        )

    def _object(self, number: int, line: str) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except ValueError as error:
            raise self._wrong(number, "the line") from error
        if not isinstance(value, dict):
            raise self._wrong(number, "the line")
        return value

    def _wrong(self, number: int, name: str) -> Invalid:
        return Invalid(f"{self._path}: line {number}: {name} is not what an export holds", "export_line")


_NONE, _TEXT = type(None), (str,)
_TYPES: dict[str, tuple[type, ...]] = {
    "receipt": _TEXT,
    "at": (int,),
    "person": _TEXT,
    "guest": _TEXT,
    "kind": _TEXT,
    "groups": (list,),
    "partner": (str, _NONE),
    "application": (str, _NONE),
    "network": _TEXT,
    "partner_mfa": (bool,),
    "acr": _TEXT,
    "proof_age": (int, _NONE),
    "terms_accepted": (bool,),
    "blocked": (bool,),
    "required": (list,),
    "policies": (list,),
}
