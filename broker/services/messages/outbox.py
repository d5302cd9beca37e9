"""The outbox: mails leave after the commit that caused them, once, however many nodes there are (HT-17)."""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from broker.domain.audit import Actor, Event
from broker.domain.ids import new_id
from broker.domain.mail import Mail, MailKind, Posted, Written
from broker.domain.mailbox import LIFETIME
from broker.domain.times import DAY, HOUR
from broker.keyring.seal import Sealer
from broker.mail.message import compose
from broker.mail.port import Delayed, MailRefused, MailTransport
from broker.mail.transport import transport_of
from broker.services.core import Core
from broker.services.history import audit
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.operations import outbox
from broker.storage.operations.outbox import Leased

LEASE = 300  # seconds that a node may take for a batch; after a crash another node sends the rest
MARGIN = 90  # seconds before the end of its lease that a node begins no further mail
BATCH = 50
PAUSES = (60, 300, 900, HOUR, 4 * HOUR)  # seconds before the next try; the last one again and again
GIVE_UP = 5 * DAY  # seconds (RFC 5321 4.5.4.1)
KEPT = 30 * DAY  # seconds that it is known what became of a mail

_log = logging.getLogger(__name__)

Transport = Callable[[str, Path, str], MailTransport]
Write = Callable[[Mail], Written]


class Outbox:
    """Puts mails in, and brings them away."""

    def __init__(self, core: Core, sealer: Sealer, write: Callable[[], Write], transport: Transport = transport_of) -> None:
        """write: gives what turns a mail into words; it lives above us, so the root hands it in."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._sealer = sealer
        self._write = write
        self._transport = transport

    def add(self, tx: Connection, mail: Mail, now: int) -> str:
        """Put a mail in, within the transaction of its cause; its id. One statement."""
        mail_id = new_id()
        content = self._sealer.seal(json.dumps(asdict(mail)).encode(), _purpose(mail_id))
        message_id = f"{mail_id}@{self._host()}"
        outbox.add(tx, mail, mail_id=mail_id, message_id=message_id, content=content, now=now)
        return mail_id

    def add_for(self, tx: Connection, mail: Mail, now: int) -> str:
        """The same for somebody who may not exist: `mail.person` is looked up by the statement that adds (LP-04)."""
        mail_id = new_id()
        content = self._sealer.seal(json.dumps(asdict(mail)).encode(), _purpose(mail_id))
        outbox.add_for(tx, mail, mail_id=mail_id, message_id=f"{mail_id}@{self._host()}", content=content, now=now)
        return mail_id

    def written(self, mail: Mail) -> Written:
        """The words of a mail, for a look before it is sent."""
        return self._write()(mail)

    def deliver(self, ids: Sequence[str] | None = None, *, limit: int = 500) -> int:
        """Send what is due, at most `limit`, or only the mails of `ids`; how many the server accepted."""
        done = accepted = 0
        transport: MailTransport | None = None
        try:
            while done < limit:
                batch, holder, until = self._lease(None if ids is None else ids[done : done + BATCH], min(BATCH, limit - done))
                if not batch:
                    break
                transport = transport or self._open()
                for position, mail in enumerate(batch):
                    if self._clock() >= until - MARGIN:
                        self._let_go(batch[position:], holder)
                        return accepted
                    accepted += self._send(transport, mail, holder)
                done += len(batch)
        finally:
            if transport is not None:
                transport.close()
        return accepted

    def test(self, recipient: str) -> str:
        """Send a test mail now, past the outbox; "" if the server took it, else what it said. recipient: canonical (FC-11)."""
        settings = self._settings()
        company = settings.broker.organization.name
        text = f"This is a test of the mail settings of {company} ({settings.issuer}). You can ignore it.\n"
        transport = self._open()
        try:
            message = compose(
                Written(f"{company}: test mail", text, f"<p>{html.escape(text.strip())}</p>\n"),
                sender=settings.broker.mail_from,
                recipient=recipient,
                reply_to=None,
                message_id=f"{new_id()}@{self._host()}",
                language="en",
                at=self._clock(),
            )
            transport.send(message, recipient)
        except (MailRefused, Delayed) as error:
            return str(error) or type(error).__name__.lower()
        finally:
            transport.close()
        return ""

    def look(self) -> int:
        """Deliver if anything waits; one reading statement if not."""
        with self._db.read() as tx:
            waits = outbox.is_due(tx, self._clock())
        return self.deliver() if waits else 0

    def states(self, ids: Sequence[str]) -> list[Posted]:
        """How far mails came."""
        with self._db.read() as tx:
            return outbox.of_ids(tx, ids)

    def _lease(self, ids: Sequence[str] | None, limit: int) -> tuple[list[Leased], str, int]:
        now, holder = self._clock(), new_id()
        if ids is not None and not ids:
            return [], holder, now
        with self._db.write() as tx:
            return outbox.lease(tx, holder=holder, now=now, until=now + LEASE, limit=limit, ids=ids), holder, now + LEASE

    def _let_go(self, rest: Sequence[Leased], holder: str) -> None:
        with self._db.write() as tx:
            outbox.let_go(tx, [mail.id for mail in rest], holder)

    def _send(self, transport: MailTransport, row: Leased, holder: str) -> bool:
        """One mail: to the server first, then the note of it. Between the two lies the only window of a repeat."""
        problem = refused = ""
        try:
            transport.send(self._message(row), row.recipient)
        except MailRefused as error:
            refused = str(error) or "refused"
        except Delayed as error:
            problem = str(error) or "delayed"
        except Exception as error:  # noqa: BLE001 - one mail that cannot be written does not hold up the others
            problem = f"the mail could not be written ({type(error).__name__})"
            _log.warning("mail.failed id=%s error=%s", row.id, type(error).__name__)  # its text may hold values (LP-01)
        now = self._clock()
        with self._db.write() as tx:
            if refused or (problem and now >= row.created_at + GIVE_UP):
                said = refused or f"given up after five days: {problem}"[:256]
                if outbox.given_up(tx, row.id, holder, now, said):
                    _record(tx, row, "invitation.bounced", now)
            elif problem:
                outbox.later(tx, row.id, holder, now + PAUSES[min(row.tries, len(PAUSES) - 1)], problem)
            elif outbox.sent(tx, row.id, holder, now):
                _record(tx, row, "invitation.delivered", now)
        return not refused and not problem

    def _message(self, row: Leased) -> EmailMessage:
        mail = _read(self._sealer.open(row.content, _purpose(row.id)))
        if mail.kind is MailKind.CODE and self._clock() >= row.created_at + LIFETIME:
            raise MailRefused("the code had run out before it could be sent")
        return compose(
            self._write()(mail),
            sender=self._settings().broker.mail_from,
            recipient=mail.recipient,
            reply_to=mail.reply_to,
            message_id=row.message_id,
            language=mail.language,
            at=row.created_at,
        )

    def _open(self) -> MailTransport:
        settings = self._settings()
        return self._transport(settings.broker.mail.server, settings.home, self._host())

    def _host(self) -> str:
        return urlsplit(self._settings().issuer).hostname or "localhost"


def _record(tx: Connection, row: Leased, name: str, now: int) -> None:
    """The audit learns what became of an invitation's e-mail to the guest; a copy to others counts for nothing."""
    if row.kind != MailKind.INVITATION or row.person_id is None:
        return
    person = people.by_id(tx, row.person_id)
    if person is not None and person.email == row.recipient:
        audit.record(tx, Event(name=name, actor=Actor.system(), subject=person.id, data={"mail": row.id}), now)


def _purpose(mail_id: str) -> str:
    return f"outbox:{mail_id}"


def _read(content: bytes) -> Mail:
    found = json.loads(content)
    return Mail(**{**found, "kind": MailKind(found["kind"])})
