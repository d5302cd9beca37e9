"""The audit as others take it: every event from a time on, streamed, as JSON or as cells for a table (AD-09)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from broker.domain.audit import Actor, ActorKind, Event, EventSearch
from broker.domain.errors import NotFound
from broker.domain.group import is_uuid
from broker.domain.guest import Person
from broker.domain.text import cell
from broker.domain.times import iso
from broker.services.addresses import canonical
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.history.audit import record
from broker.services.history.views import AuditView
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.history import audit
from broker.storage.history.audit_chain import anchor

COLUMNS = (
    "seq",
    "at",
    "name",
    "actor_kind",
    "actor_id",
    "request_id",
    "subject",
    "target",
    "reason",
    "data",
    "personal",
    "id",
    "follows",
    "chain",
)
SHOWN = tuple(name for name in COLUMNS if name not in ("personal", "follows"))  # what staff take from the portal
_AUDIT_NOTICE, _HOSTNAME, _MSGID = 13 * 8 + 5, 255, 32  # RFC 5424 6.2.1, 6.2.4, 6.2.7
EXPORT_PAGE = 500  # events in memory at a time
ANCHOR = "audit.anchor"  # the name of an export's last line
_ENDING: dict[str, Any] = {"name": ANCHOR, "actor_kind": "system", "seq": None, "chain": None, "follows": None, "personal": {}}


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the list. next: (at, id) of its last row; None if nothing follows."""

    rows: tuple[AuditView, ...]
    next: tuple[int, str] | None


class AuditLog:
    """Reads the audit: a page for staff, or everything as an export. The caller of `events` is the command line."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def page(
        self, actor: Actor, search: EventSearch, *, person: str | None = None, after: tuple[int, str] | None, limit: int
    ) -> AuditPage:
        """The newest events behind a place. person: an address or id. Raises Forbidden."""
        with self._db.read() as tx:
            require(tx, self._settings(), actor, Right.SEE_AUDIT, self._clock())
            if person:
                try:
                    search = replace(search, person=_person(tx, person))
                except NotFound:
                    return AuditPage((), None)
            found = audit.page(tx, search, after=after, limit=limit + 1)
            rows = found[:limit]
            ids = {row["subject"] for row in rows} | {
                row["actor_id"] for row in rows if row["actor_kind"] == ActorKind.PERSON.value
            }
            known = people.by_ids(tx, {one for one in ids if is_uuid(one)})
        place = (int(rows[-1]["at"]), str(rows[-1]["id"])) if len(found) > limit else None
        return AuditPage(tuple(_view(row, known) for row in rows), place)

    def lines(self, actor: Actor, search: EventSearch, *, person: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Every event of a search that is there now, the newest first, a page in memory at a time. Raises Forbidden.

        The audit records the export first, so that nobody takes the record away unseen. Personal values are not in it.
        """
        now, search = self._clock(), replace(search, until=search.until or self._clock() + 1)
        with self._db.write() as tx:
            require(tx, self._settings(), actor, Right.SEE_AUDIT, now)
            if person:
                try:
                    search = replace(search, person=_person(tx, person))
                except NotFound:
                    search = replace(search, person=person)  # an address that nobody has: no event concerns it
            data: dict[str, object] = {"since": search.since, "until": search.until, "event": search.name or ""}
            subject = search.person or ""
            record(tx, Event(name="audit.exported", actor=actor, subject=subject if is_uuid(subject) else "", data=data), now)
        return self._pages(search)

    def _pages(self, search: EventSearch) -> Iterator[Mapping[str, Any]]:
        after: tuple[int, str] | None = None
        while True:
            with self._db.read() as tx:
                found = audit.page(tx, search, after=after, limit=EXPORT_PAGE)
            for event in found:
                yield {name: event[name] for name in SHOWN} | {"at": iso(event["at"])}
            if len(found) < EXPORT_PAGE:
                return
            after = (int(found[-1]["at"]), str(found[-1]["id"]))

    def events(self, *, since: int = 0, person: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Events from a time on (seconds since 1970), oldest first, a page at a time. Raises NotFound.

        person: an address, or an id (also of somebody who was deleted): events that concern or come from this person.
        The last one is no event but the anchor, sealed as it stands (audit_file.py): what the file is judged by.
        """
        with self._db.snapshot() as tx:
            sealed, some = anchor(tx), False
            for event in audit.events(tx, since=since, person=_person(tx, person) if person else None):
                some = True
                yield {name: event[name] for name in COLUMNS} | {"at": iso(event["at"])}
            if some and sealed:
                data = {"sealed": sealed, "since": since, "person": person is not None}
                yield dict.fromkeys(COLUMNS, "") | _ENDING | {"at": iso(self._clock()), "data": data}


def cells(event: Mapping[str, Any]) -> list[str]:
    """One event as cells in the order of COLUMNS; none of them is a formula to a spreadsheet (AD-09)."""
    return [_cell(event[name]) for name in COLUMNS]


def syslog_line(event: Mapping[str, Any], host: str) -> str:
    """One event as a message of syslog (RFC 5424 6): facility 13 (audit), severity notice, MSGID its name, and the JSON object as text.

    host: the name of this machine.
    """
    name = "".join(c for c in str(event["name"]) if "!" <= c <= "~")[:_MSGID] or "-"
    machine = "".join(c for c in host if "!" <= c <= "~")[:_HOSTNAME] or "-"
    return f"<{_AUDIT_NOTICE}>1 {event['at']} {machine} guest-broker - {name} - {json.dumps(event)}"  # ASCII, so one line


def _view(row: Mapping[str, Any], known: Mapping[str, Person]) -> AuditView:
    def named(person_id: str) -> str:
        person = known.get(person_id)
        return person.email if person is not None and person.email else person_id

    plain = {name: row[name] for name in ("id", "at", "name", "actor_kind", "target", "reason", "request_id", "seq")}
    return AuditView(
        **plain,
        actor=named(row["actor_id"]),
        subject=named(row["subject"]),
        data=dict(row["data"]),
        actor_id=row["actor_id"],
        subject_id=row["subject"],
    )


def _cell(value: Any) -> str:
    return cell(json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value)


def _person(tx: Connection, named: str) -> str:
    """The id of an address, or the id that was given."""
    if "@" not in named:
        return named
    address = canonical(named)
    found = people.by_email(tx, address) if address else None
    if found is None:
        raise NotFound(f"nobody here has the address {named}; a person who was deleted is named by id")
    return found.id
