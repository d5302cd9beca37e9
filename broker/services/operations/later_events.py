"""What an export of the audit records after the backup that was restored: guests who lost their access then must not get it back,
and a sign-in method that was removed then must open nothing.

The export is taken from the database that is about to be replaced, or it is the one that was stored elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.domain.errors import Invalid
from broker.domain.guest_states import Act
from broker.keyring.seal import Sealer
from broker.services.history.audit_file import events, judge

_ENDS = {"guest.blocked": Act.BLOCK, "guest.expired": Act.EXPIRE, "guest.deleted": Act.BLOCK}
_BEGINS = ("guest.unblocked", "guest.renewed")
_REMOVED, _RESET = "factor.removed", "factor.reset"
_NO_ACTS = ("audit.anchor",)


@dataclass(frozen=True, slots=True)
class LaterEvents:
    """ends: person id -> what ended their access last. deleted: ids of people who were deleted. names: name of an event -> its number.

    methods: (person id, sign-in method that was removed), None for all of them.
    """

    ends: Mapping[str, Act] = field(default_factory=dict)
    methods: tuple[tuple[str, str | None], ...] = ()
    deleted: tuple[str, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict)


def read_export(file: Path, sealer: Sealer, after: int) -> LaterEvents:
    """The events of an export behind a number of the chain, and those without a number. Raises Invalid.

    The root key must prove the export. Its last events may have no number yet and are not proven: they can only end somebody's access.
    They remove no sign-in method: without one, a mailbox is enough to add another.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            found = judge(events(lines), sealer, ())
        if found.problem is not None:
            raise Invalid(f"{file} is not what was written: {found.problem}", "export_altered")
        with file.open(encoding="utf-8") as lines:
            return _collect(lines, after)
    except (OSError, UnicodeDecodeError):
        raise Invalid(f"{file} cannot be read as an export of the audit", "export_unreadable") from None


def _collect(lines: Iterable[str], after: int) -> LaterEvents:
    ends: dict[str, Act] = {}
    deleted: list[str] = []
    methods: list[tuple[str, str | None]] = []
    names: Counter[str] = Counter()
    for event in events(lines):
        name, person, seq = str(event.get("name")), str(event.get("subject")), event.get("seq")
        if name in _NO_ACTS or (seq is not None and seq <= after):
            continue
        names[name] += 1
        if name in _ENDS:
            ends[person] = _ENDS[name]
        elif name in _BEGINS and seq is not None:
            ends.pop(person, None)
        elif name in (_REMOVED, _RESET) and seq is not None:
            methods.append((person, str(event["data"]["factor"]) if name == _REMOVED else None))
        if name == "guest.deleted":
            deleted.append(person)
    return LaterEvents(ends, tuple(methods), tuple(deleted), dict(sorted(names.items())))
