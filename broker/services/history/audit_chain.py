"""The audit's chain: numbering, anchoring, verifying, removing what is old (HT-18, LP-06).

Each event gets a number and an HMAC over the HMAC before it and all of its columns. The key and the two ends of the chain stand
in one row, the anchor, sealed under the root key, which the database does not hold: a person who can write to the database can
neither compute a new chain nor move its ends. Personal values are not part of it, so that deletion can empty them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.times import DAY, Clock
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.services.history import audit
from broker.services.history.audit_heads import Head, Heads
from broker.storage.batches import BATCH
from broker.storage.engine import Connection, Database
from broker.storage.history import audit_chain as rows

ROUNDS = 20  # batches of one run
_log = logging.getLogger(__name__)
PURPOSE = "audit/anchor"
_START = "0" * 64  # what the first event follows
COLUMNS = ("id", "at", "name", "actor_kind", "actor_id", "request_id", "subject", "target", "reason", "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The ends of the chain. key: of its HMACs. first, before: the number of the oldest event that is kept, and the HMAC that it follows.

    last, head: the newest chained event and its HMAC. removed_at: when old events were last removed.
    """

    key: str
    first: int
    before: str
    last: int
    head: str
    removed_at: int

    def follow(self, event: Mapping[str, Any], seq: int, chain: str) -> str:
        """The HMAC of an event with this number behind another one's."""
        written = json.dumps([chain, seq, *(event[name] for name in COLUMNS)], sort_keys=True, separators=(",", ":"))
        return hmac.new(bytes.fromhex(self.key), written.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedChain:
    """What verifying found. problem: in words, None where the chain holds; record: the number of the first bad event."""

    checked: int
    first: int
    last: int
    head: str
    waiting: int
    problem: str | None = None
    record: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"ok": self.problem is None, **asdict(self)}


class AuditChain:
    """Chains what is committed; safe on several nodes at once, since the anchor is locked."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        sealer: Sealer,
        kept: Callable[[], int],
        heads: Heads | None = None,
    ) -> None:
        """kept: seconds that events are kept (`retention.audit`). heads: what this machine saw last."""
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._kept = kept
        self._heads = heads or Heads()
        self._told: Head | None = None  # the state of which it was said already that it went back

    def chain(self) -> int:
        """Number and chain what was committed since the last time; how many events."""
        with self._db.read() as tx:
            if not rows.unchained(tx, limit=1):
                return 0
        total = 0
        for _ in range(ROUNDS):
            with self._db.write() as tx:
                anchor = self._locked(tx)  # first: a process that waited must not chain what another one chained meanwhile
                events = rows.unchained(tx)
                if events:
                    numbered, head = _numbered(anchor, events)
                    rows.number(tx, numbered)
                    anchor = replace(anchor, last=anchor.last + len(events), head=head)
                    self._save(tx, anchor)
            total += len(events)
            if len(events) < BATCH:
                break
        return total

    def remove_old(self) -> int:
        """Remove events older than `retention.audit`, once a day, from the old end; the anchor says what is gone. How many.

        An event is written that says so. Only whole stretches from the oldest one on go: the rest stays a chain.
        """
        now, total = self._clock(), 0
        before = now - self._kept()
        with self._db.read() as tx:
            sealed = rows.anchor(tx)
        if sealed is None or now < self._opened(sealed).removed_at + DAY:
            return 0
        for number in range(ROUNDS):
            with self._db.write() as tx:
                anchor = self._locked(tx)
                old = _stretch(rows.oldest(tx, anchor.first - 1), before)
                if old:
                    until, chain = old[-1]
                    rows.remove(tx, until)
                    data = {"first": anchor.first, "last": until}
                    audit.record(tx, Event(name="audit.removed", actor=Actor.system(), reason="retention", data=data), now)
                    anchor = replace(anchor, first=until + 1, before=chain)
                    total += len(old)
                done = len(old) < BATCH
                self._save(tx, replace(anchor, removed_at=now if done or number == ROUNDS - 1 else anchor.removed_at))
            if done:
                break
        return total

    def watch(self) -> int:
        """1 if the chain does not hold the end that this machine saw last, else 0, and remembers the current end (FA-09).

        Log and audit say it once for each state that went back; it stays so until `broker db restored` accepts the state.
        """
        seen = self._heads.newest()  # before the database is read: what was written there was committed
        with self._db.snapshot() as tx:
            sealed = rows.anchor(tx)
            anchor = self._opened(sealed) if sealed else None
            good = seen is None or (anchor is not None and _holds(tx, anchor, seen))
        if good:
            if anchor is not None:
                self._heads.note((anchor.last, anchor.head))
            return 0
        found = (anchor.last, anchor.head) if anchor is not None else (0, _START)
        if seen is not None and found != self._told:
            self._told = found
            _log.error("audit.went_back seen=%d:%s found=%d:%s", *seen, *found)
            data = {"seen": seen[0], "found": found[0]}
            with self._db.write() as tx:
                audit.record(
                    tx, Event(name="audit.went_back", actor=Actor.system(), reason="anchor_went_back", data=data), self._clock()
                )
        return 1

    def verify(self, *expected: Head, remembered: bool = True) -> VerifiedChain:
        """Look at every event, in constant memory; the first altered, missing, misplaced or unanchored one is named.

        expected: numbers and heads that earlier runs reported, which must still be so: a whole database that was put back to an
        older state is found by nothing that lies in it. remembered: what this machine saw last is one of them.
        """
        seen = self._heads.newest() if remembered else None
        expected = (*expected, *((seen,) if seen is not None else ()))
        with self._db.snapshot() as tx:
            sealed, last = rows.anchor(tx), rows.last_number(tx)
            found = VerifiedChain(checked=0, first=1, last=last, head="", waiting=rows.not_chained(tx))
            if sealed is None:
                missing = bool(last) or bool(expected)
                return replace(found, problem="the anchor is missing", record=1) if missing else found
            try:
                anchor = self._opened(sealed)
            except SealError as error:
                return replace(found, problem=f"the anchor does not open ({error.reason}): changed, or its root key is not here")
            walk = Walk(anchor, expected)
            for event in rows.chained(tx, anchor.first - 1, anchor.last):
                if not walk.passes(event):
                    break
            walk.end(last)
            return replace(
                found,
                checked=walk.seq - anchor.first,
                first=anchor.first,
                last=anchor.last,
                head=anchor.head,
                problem=walk.problem,
                record=walk.record,
            )

    def _locked(self, tx: Connection) -> Anchor:
        sealed = rows.lock_anchor(tx)
        if sealed is not None:
            return self._opened(sealed)
        return Anchor(key=secrets.token_hex(32), first=1, before=_START, last=0, head=_START, removed_at=0)

    def _opened(self, sealed: str) -> Anchor:
        return opened(self._sealer, sealed)

    def _save(self, tx: Connection, anchor: Anchor) -> None:
        """Sealed again each time: under the newest root key, so that an old one may go (HT-15)."""
        rows.save_anchor(tx, self._sealer.seal(json.dumps(asdict(anchor)).encode(), PURPOSE))


def opened(sealer: Sealer, sealed: str) -> Anchor:
    """The anchor of a sealed text. Raises SealError."""
    return Anchor(**json.loads(sealer.open(sealed, PURPOSE)))


def _holds(tx: Connection, anchor: Anchor, seen: Head) -> bool:
    """Whether an end that was seen is still part of the chain, or was removed as old behind its beginning."""
    number, head = seen
    if number > anchor.last:
        return False
    if number in (anchor.last, anchor.first - 1):
        return head == (anchor.head if number == anchor.last else anchor.before)
    return number < anchor.first or rows.chain_of(tx, number) == head


class Walk:
    """From one end of the chain to the other; stops at the first event that is not as it was."""

    def __init__(self, anchor: Anchor, expected: Sequence[Head]) -> None:
        self._anchor = anchor
        self._chain = anchor.before
        self._expected = dict(expected)
        self._conflict = len(self._expected) != len(set(expected))
        self._most = max(self._expected, default=0)
        self.seq = anchor.first  # the number that comes next
        self.problem: str | None = None
        self.record: int | None = None
        self._compare(anchor.first - 1)

    def passes(self, event: Mapping[str, Any]) -> bool:
        """Whether this is the event that must come next, unchanged."""
        if event["seq"] != self.seq:
            return self._stop(self.seq, f"record {self.seq} is missing")
        chain = self._anchor.follow(event, self.seq, self._chain)
        if not hmac.compare_digest(chain, str(event["chain"])):
            return self._stop(self.seq, f"record {self.seq} (id {event['id']}) was altered, or stands in another's place")
        self._chain = chain
        self._compare(self.seq)
        self.seq += 1
        return self.problem is None

    def end(self, last: int) -> None:
        """What the end must be like. last: the greatest number in the table."""
        if self.problem is not None:
            return
        if self.seq <= self._anchor.last:
            self._stop(self.seq, f"record {self.seq} and all behind it are missing: the anchor counts {self._anchor.last}")
        elif self._chain != self._anchor.head:
            self._stop(self._anchor.last, f"record {self._anchor.last} is not the end that the anchor names")
        elif last > self._anchor.last:
            self._stop(self._anchor.last + 1, f"record {self._anchor.last + 1} stands behind the end that the anchor names")
        elif self._most > self._anchor.last:
            self._stop(self.seq, f"record {self.seq} and all behind it are missing: there were {self._most} before")
        elif self._conflict:
            self._stop(self.seq, "two of the ends that were told have one number: another chain stood here in between")

    def _compare(self, seq: int) -> None:
        if self._expected.get(seq, self._chain) != self._chain:
            self._stop(seq, f"record {seq} is not the one that it was: another chain stands here")

    def _stop(self, record: int, problem: str) -> bool:
        self.record, self.problem = record, problem
        return False


def _numbered(anchor: Anchor, events: Sequence[Mapping[str, Any]]) -> tuple[list[tuple[str, int, str]], str]:
    """(id, seq, chain) of new events behind the anchor's end, and the new head."""
    chain, found = anchor.head, []
    for seq, event in enumerate(events, anchor.last + 1):
        chain = anchor.follow(event, seq, chain)
        found.append((str(event["id"]), seq, chain))
    return found, chain


def _stretch(oldest: Sequence[tuple[int, int, str]], before: int) -> list[tuple[int, str]]:
    """The leading events that are old enough: (seq, chain)."""
    found = []
    for seq, at, chain in oldest:
        if at >= before:
            break
        found.append((seq, chain))
    return found
