"""Terms of use: the text in the person's language, and the versions that people accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest
from broker.domain.gates import decide
from broker.domain.next_step import Step
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.services.core import Core
from broker.services.history import audit, login_trail
from broker.services.login.context import OpenLogin
from broker.storage.directory import terms
from broker.storage.login import logins

LARGEST = 256 * 1024  # bytes of a text


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsText:
    """The terms in force, as one person reads them. language: of the file that was found. text: Markdown."""

    version: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class AcceptedTerms:
    """A version of the terms that a person accepted. accepted_at: seconds since 1970, UTC."""

    version: str
    language: str
    accepted_at: int


class Terms:
    """The text is in files: FILE, and FILE with a language before its suffix (terms.md, terms.nl.md)."""

    def __init__(self, core: Core, open_login: OpenLogin) -> None:
        self._db = core.db
        self._settings = core.settings
        self._open_login = open_login

    def text(self, language: str) -> TermsText | None:
        """The text in a language, else in the company's first one; None without terms. Raises OSError, UnicodeError."""
        settings = self._settings()
        asked = settings.broker.terms_of_use
        if asked is None:
            return None
        plain = settings.home / asked.file
        own = plain.with_name(f"{plain.stem}.{language}{plain.suffix}")
        found, tongue = (own, language) if own.is_file() else (plain, _first(settings.broker.languages))
        return TermsText(version=asked.version, language=tongue, text=_read(found))

    def accepted(self, person_id: str) -> tuple[AcceptedTerms, ...]:
        """The versions that a person accepted, the newest first."""
        with self._db.read() as tx:
            found = terms.of_person(tx, person_id)
        return tuple(AcceptedTerms(row["version"], row["language"], row["accepted_at"]) for row in found)

    def accept(self, login_id: str, visitor: Visitor, *, version: str, language: str) -> None:
        """The button of the page that this login shows. Accepting a version that is no longer in force has no effect."""
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            login, person, now, in_force = found.login, found.person, found.facts.now, found.facts.policy.terms
            step = decide(found.facts).next.step
            if step is not Step.TERMS and found.facts.policy.terms_accepted:
                return  # the second of two clicks
            if step is not Step.TERMS or person is None or in_force is None:
                raise BadRequest("terms_login_mismatch").of_login(login.id, login.reference)
            if version != in_force or not terms.accept(tx, person.id, in_force, language, now):
                return
            accepted = entry(now, TrailStep.TERMS, "accepted", version=in_force)
            logins.change(tx, login, trail=login_trail.longer(login, accepted))
            actor = Actor.person(person.id, address=visitor.address, request_id=login.reference)
            data = {"version": in_force, "language": language}
            audit.record(tx, Event(name="terms.accepted", actor=actor, subject=person.id, data=data), now)


def _first(languages: Sequence[str]) -> str:
    return languages[0]


def _read(path: Path) -> str:
    with path.open("rb") as source:
        return source.read(LARGEST).decode("utf-8-sig")
