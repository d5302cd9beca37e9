"""What a partner's IT handed over, for staff: the file, what doctor says, what it would change. A decision changes no file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.setup_link import HEALTH_PAGE, SetupAnswer, SetupDecision, SetupLink
from broker.domain.times import DAY
from broker.keyring.seal import Sealer
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.partner_setup.connection import purpose
from broker.services.partner_setup.sandbox import SECRET_KEY, draft_of, metadata_file, variable
from broker.settings.shown import without_values
from broker.storage.engine import Connection
from broker.storage.partners import setup_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An answer for staff. file, text: of the partner's file. metadata_file: where the pasted metadata belongs, "" for none.

    variable: the environment variable of the secret, "" for none. difference: lines that begin with +, - or a space, against the
    file of this name that is there; empty where there is none.
    """

    link: SetupLink
    file: str
    text: str
    metadata_file: str
    variable: str
    findings: tuple[Mapping[str, str], ...]
    difference: tuple[str, ...]


class SetupProposals:
    """Staff look, take the file and decide."""

    def __init__(self, core: Core, sealer: Sealer) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._sealer = sealer

    def show(self, actor: Actor, link_id: str) -> Proposal | None:
        """What was entered, None if nothing was. Raises Forbidden, NotFound."""
        link, answer = self._read(actor, link_id, Right.SEE_PARTNERS)
        if answer is None:
            return None
        draft = draft_of(link, answer)
        return Proposal(
            link=link,
            file=draft.file,
            text=draft.text,
            metadata_file=metadata_file(link.partner) if answer.metadata is not None else "",
            variable=variable(link.partner) if answer.secret is not None else "",
            findings=answer.findings,
            difference=self._difference(link.partner, draft.text),
        )

    def metadata(self, actor: Actor, link_id: str) -> str:
        """The metadata that was pasted. Raises Forbidden, NotFound."""
        _, answer = self._read(actor, link_id, Right.SEE_PARTNERS)
        if answer is None or answer.metadata is None:
            raise NotFound("no metadata was pasted", "setup_metadata_none")
        return answer.metadata

    def secret(self, actor: Actor, link_id: str) -> str:
        """The secret that was entered, for the environment of the server. Raises Forbidden, NotFound."""
        link, answer = self._read(actor, link_id, Right.KEEP_PARTNERS)
        if answer is None or answer.secret is None:
            raise NotFound("no secret was entered", "setup_secret_none")
        with self._db.write() as tx:
            data = {"partner": link.partner}
            audit.record(tx, Event(name="setup_link.secret_read", actor=actor, target=link.id, data=data), self._clock())
        return self._sealer.open(answer.secret, purpose(link)).decode()

    def decide(
        self, actor: Actor, link_id: str, decision: SetupDecision, answered_at: int, reason: str = "", *, days: int = 0
    ) -> None:
        """Accept or reject what was handed over, as it was seen. days: that an accepted link stays as a health page; 0: until its end.

        Raises Forbidden, NotFound, Conflict, Invalid.
        """
        now, settings = self._clock(), self._settings()
        with self._db.write() as tx:
            require(tx, settings, actor, Right.KEEP_PARTNERS, now)
            link = _there(tx, link_id)
            if not 0 <= days <= HEALTH_PAGE:
                raise Invalid(f"a health page stays for 1 to {HEALTH_PAGE} days", "days_invalid")
            ends = now + days * DAY if days and decision is SetupDecision.ACCEPTED else link.expires_at
            if not setup_links.decide(tx, link_id, decision, answered_at, now, ends):
                raise Conflict("it was not handed over, has changed, or was decided about", "setup_changed")
            data = {"partner": link.partner, "expires_at": ends}
            event = Event(name=f"setup_link.{decision}", actor=actor, target=link.id, reason=reason, data=data)
            audit.record(tx, event, now)

    def _read(self, actor: Actor, link_id: str, right: Right) -> tuple[SetupLink, SetupAnswer | None]:
        with self._db.read() as tx:
            require(tx, self._settings(), actor, right, self._clock())
            return _there(tx, link_id), setup_links.answer_of(tx, link_id)

    def _difference(self, partner: str, text: str) -> tuple[str, ...]:
        path = self._settings().path(f"config/partners/{partner}.yaml")
        try:
            before = without_values(path.read_text("utf-8"), SECRET_KEY)
        except (OSError, UnicodeDecodeError):
            return ()
        if before is None:
            return ()
        lines = difflib.ndiff(before.splitlines(), text.splitlines())
        return tuple(line[0] + line[2:] for line in lines if not line.startswith("?"))


def _there(tx: Connection, link_id: str) -> SetupLink:
    link = setup_links.by_id(tx, link_id)
    if link is None:
        raise NotFound("there is no such set-up link", "setup_link_unknown")
    return link
