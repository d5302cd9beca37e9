"""An export judged without the database: what an auditor runs over a file, with the root key at hand or without it.

Without the key: the numbers have no gap, every event names the one before it, and an end that was reported stands in the file by
its value. That is a comparison with what was reported, and no proof of what an event says: the chain is an HMAC. With the key, which
opens the anchor of the file, every HMAC is computed once more: then each event is as it was written.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from broker.domain.errors import Invalid
from broker.domain.times import from_iso
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.services.history.audit_chain import COLUMNS, Anchor, opened
from broker.services.history.audit_export import ANCHOR
from broker.services.history.audit_heads import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFile:
    """proven: `content` (with the key), or `links` (without). waiting: events without a number, which nothing protects.

    gaps: numbers that are not in the file, where it is judged as one person's. older: records of the chain that are before
    those of the file, None where nothing can tell. problem, record: as in Verified.
    """

    proven: str
    checked: int
    first: int
    last: int
    head: str
    waiting: int
    gaps: int = 0
    older: int | None = None
    problem: str | None = None
    record: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"ok": self.problem is None, **asdict(self)}


def events(text: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The events of an export: a JSON object a line, or one JSON list. Raises Invalid with the line."""
    for number, line in enumerate(text, 1):
        plain = line.strip()
        if number == 1 and plain.startswith("["):
            plain = plain[1:]
        plain = plain.removesuffix("]") if not plain.startswith("{") or plain.endswith("}]") else plain
        plain = plain.removesuffix(",")
        if not plain:
            continue
        try:
            found = json.loads(plain)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Invalid(f"line {number} of the export is no JSON object; take the export without --csv", "export_unreadable")
        yield found


def judge(
    found: Iterable[Mapping[str, Any]], sealer: Sealer | None, expected: Sequence[Head], *, one_person: bool = False
) -> JudgedFile:
    """The file as a whole. sealer: of the root key, None where it is not at hand. Raises Invalid for what is no export.

    one_person: the caller says that the file is of one person. What the file itself says about it does not count: a person who took
    events out would write it.
    """
    chained: list[Mapping[str, Any]] = []
    sealed, says_so, waiting = None, False, 0
    for event in found:
        if event.get("name") == ANCHOR and event.get("seq") is None and isinstance(event.get("data"), dict):
            sealed, says_so = event["data"].get("sealed"), bool(event["data"].get("person"))
        elif event.get("seq") is None:
            waiting += 1
        else:
            chained.append(event)
    anchor, problem = _anchor(sealer, sealed)
    if says_so and not one_person:
        problem = (
            problem or "it says that it is of one person: with --one-person its events are judged, but not that none is missing"
        )
    walk = _Files(anchor, partial=one_person)
    if problem is None:
        for event in chained:
            problem = walk.passes(event)
            if problem is not None:
                break
        else:
            problem = walk.end() or _compared(walk.ends, expected)
    return JudgedFile(
        proven="content" if anchor is not None else "links",
        checked=walk.checked,
        first=walk.first,
        last=walk.last,
        head=walk.head,
        waiting=waiting,
        gaps=walk.gaps,
        older=walk.first - anchor.first if anchor is not None and walk.first else None,
        problem=problem,
        record=walk.last + 1 if problem is not None else None,
    )


def _anchor(sealer: Sealer | None, sealed: object) -> tuple[Anchor | None, str | None]:
    """The anchor of the file where the key is at hand, or what is wrong with it."""
    if not isinstance(sealed, str) or not sealed:
        return None, "the anchor is missing: the last line was cut off, or this is no export of this version"
    if sealer is None:
        return None, None
    try:
        return opened(sealer, sealed), None
    except SealError as error:
        return None, f"the anchor does not open ({error.reason}): changed, or its root key is not here"


class _Files:
    """From the first number of a file to its last one."""

    def __init__(self, anchor: Anchor | None, *, partial: bool) -> None:
        self._anchor = anchor
        self._partial = partial
        self.first = self.last = self.checked = self.gaps = 0
        self.head = ""
        self.ends: dict[int, str] = {}

    def passes(self, event: Mapping[str, Any]) -> str | None:
        """What is wrong with the next event, None where it is right."""
        seq, follows, chain = event.get("seq"), event.get("follows"), event.get("chain")
        if not isinstance(seq, int) or not isinstance(chain, str) or seq <= self.last:
            return f"an event behind record {self.last} has no number, no chain, or one that was there before"
        if self.last and seq != self.last + 1:
            if not self._partial:
                return f"record {self.last + 1} is missing"
            self.gaps += seq - self.last - 1
        elif self.last and follows != self.head:
            return f"record {seq} does not follow record {self.last}: one of them was altered or exchanged"
        problem = self._content(event, seq, follows, chain)
        if problem is not None:
            return problem
        if not self.first:
            self.first = seq
        self.ends |= {seq: chain} | ({seq - 1: follows} if isinstance(follows, str) else {})
        self.last, self.head, self.checked = seq, chain, self.checked + 1
        return None

    def _content(self, event: Mapping[str, Any], seq: int, follows: object, chain: str) -> str | None:
        if self._anchor is None:
            return None
        before = follows if isinstance(follows, str) else self._anchor.before if seq == self._anchor.first else None
        try:
            row = {name: event[name] for name in COLUMNS} | {"at": from_iso(str(event["at"]))}
        except (KeyError, ValueError):
            return f"record {seq} lacks what an event has"
        if before is None or not hmac.compare_digest(self._anchor.follow(row, seq, before), chain):
            return f"record {seq} (id {event['id']}) was altered, or stands in another's place"
        return None

    def end(self) -> str | None:
        """What the end must be like: the one that the anchor names, unless the file is of one person."""
        if self._anchor is None or self._partial:
            return None
        if self.last != self._anchor.last:
            return f"record {self.last + 1} and all behind it are missing: the anchor counts {self._anchor.last}"
        return None if self.head == self._anchor.head else f"record {self.last} is not the end that the anchor names"


def _compared(ends: Mapping[int, str], expected: Sequence[Head]) -> str | None:
    """By value: every end that was reported stands in the file."""
    for number, head in expected:
        if number not in ends:
            return f"record {number} is not in the file: the end that was told cannot be compared"
        if ends[number] != head:
            return f"record {number} is not the one that it was: another chain stands here"
    return None
