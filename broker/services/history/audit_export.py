"""The audit as others take it: every event from a time on, streamed, as JSON or as cells for a table (AD-09)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from broker.domain.errors import NotFound
from broker.domain.text import cell
from broker.domain.times import iso
from broker.services.addresses import canonical
from broker.services.core import Core
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.history import audit
from broker.storage.history.audit_chain import anchor, hold_still

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
ANCHOR = "audit.anchor"  # the name of an export's last line
_ENDING: dict[str, Any] = {"name": ANCHOR, "actor_kind": "system", "seq": None, "chain": None, "follows": None, "personal": {}}


class AuditLog:
    """Read only; who may read is the matter of who calls."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock

    def events(self, *, since: int = 0, person: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Events from a time on (seconds since 1970), oldest first, a page at a time. Raises NotFound.

        person: an address, or an id (also of somebody who was deleted): events that concern or come from this person.
        The last one is no event but the anchor, sealed as it stands (audit_file.py): what the file is judged by.
        """
        with self._db.read() as tx:
            hold_still(tx)
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
