"""The key ring as every process sees it: one use-case a method, and a new version within seconds on every node (HT-15)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict
from broker.domain.times import Clock
from broker.keyring.create import SIGNING, new_records, to_record
from broker.keyring.errors import KeyFileError
from broker.keyring.ring import KEEP, METADATA_OVERLAP, OVERLAP, KeyRecord, KeyState, Ring, state_of, superseded_at
from broker.keyring.seal import Sealer
from broker.services.history import audit
from broker.storage.engine import Connection, Database
from broker.storage.partners import signing_keys as rows

if TYPE_CHECKING:
    from broker.keyring.imported import ImportedKey

LOOK_EVERY = 5  # seconds (HT-15)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What a person may see of a key. retired_at: when another took over, or it was withdrawn; published: in JWKS or metadata."""

    kid: str
    use: str
    alg: str
    state: str
    created_at: int
    active_from: int
    retired_at: int | None
    published: bool
    certificate: str | None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReplacement:
    """Lost keys were replaced. revoked: the names of keys that are gone; ended: how many of what they had signed."""

    added: tuple[KeyInfo, ...]
    revoked: tuple[str, ...]
    ended: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Held:
    """What this process knows: swapped as a whole, never changed (HT-10)."""

    ring: Ring
    version: tuple[int, int, int, str, str]
    looked_at: int


class Keys:
    """The ring in the database, and this process's view of it."""

    def __init__(self, db: Database, sealer: Sealer, clock: Clock, *, keep: int = KEEP) -> None:
        """keep: seconds that a superseded key stays published: the longest token life and the time of caches."""
        self._db = db
        self._sealer = sealer
        self._clock = clock
        self._keep = keep
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._problem: str | None = None

    def ring(self) -> Ring:
        """The ring, at most LOOK_EVERY seconds old. Raises KeyFileError where the first one does not open."""
        held = self._held
        if held is None:
            with self._lock:
                return (self._held or self._look(None)).ring
        if not 0 <= self._clock() - held.looked_at < LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                return self._look(self._held).ring
            finally:
                self._lock.release()
        return held.ring  # fresh enough; or another thread is looking already

    @property
    def keep(self) -> int:
        """Seconds that a superseded key stays published, and that one for decryption still opens what comes."""
        return self._keep

    @property
    def problem(self) -> str | None:
        """Why the newest version of the ring is not in use here, for /readyz; None if all is well."""
        return self._problem

    def ensure(self, actor: Actor, wanted: Sequence[tuple[str, str]] = SIGNING) -> bool:
        """Make what is missing of the first ring, active at once; False if every (use, alg) has a key.

        Raises KeyFileError where the ring that is there does not open with the root keys that lie here (CF-03).
        """
        self.ring()
        with self._db.read() as tx:
            there = not _missing(_records(tx), wanted)
        if there:
            self._look_anew()  # another process may have made them a moment ago
            return False
        now = self._clock()
        made = new_records(now, self._sealer, now_active=True, algs=wanted)  # before the transaction: RSA takes its time
        with self._db.write() as tx:
            rows.lock(tx)
            missing = _missing(_records(tx), wanted)
            added = [record for record in made if (record.use, record.alg) in missing]
            self._add(tx, added, actor, "keys.created", now)
        self._look_anew()
        return bool(added)

    def rotate(self, actor: Actor, *, now_active: bool, of: tuple[tuple[str, str], ...] = SIGNING) -> tuple[KeyInfo, ...]:
        """A new key for every (use, alg): published at once, signing after OVERLAP, or at once with `now_active`.

        For saml and enc it stands in our metadata for METADATA_OVERLAP before it takes over: partners read that once a day.

        Returns the new keys: none while a rotation is under way already. Two nodes at the same time end with one active
        key an algorithm (CF-08). With `now_active` a key that waited for its time is withdrawn: it may be known to
        the person because of whom it is urgent.
        """
        wanted = of
        if not now_active:
            with self._db.read() as tx:
                wanted = _unless_next(_records(tx), of, self._clock())
            if not wanted:
                return ()
        made = new_records(self._clock(), self._sealer, now_active=now_active, algs=wanted)
        with self._db.write() as tx:
            rows.lock(tx)
            now = self._clock()  # the order of the transactions is the order of the times
            there = _records(tx)
            due = wanted if now_active else _unless_next(there, wanted, now)
            added = tuple(_at(record, now, now_active=now_active) for record in made if (record.use, record.alg) in due)
            if now_active:
                _withdraw(tx, there, due, now)
            self._add(tx, added, actor, "keys.rotated", now)
        self._look_anew()
        return self._infos(added)

    def replace_lost(
        self, actor: Actor, end: Callable[[Connection, int], Mapping[str, int]], *, of: tuple[tuple[str, str], ...] = SIGNING
    ) -> KeyReplacement:
        """After a leak: new keys, active at once, in the place of every key of these uses, retired ones too (RFC 7517 5).

        The old rows are deleted, so that nobody here publishes or trusts them: an id_token_hint of theirs is refused, too. `end`
        ends what they signed, in the same transaction; it returns how many of what.
        """
        made = new_records(self._clock(), self._sealer, now_active=True, algs=of)
        uses = {use for use, _ in of}
        with self._db.write() as tx:
            rows.lock(tx)
            now = self._clock()
            lost = [record for record in _records(tx) if record.use in uses]
            for record in lost:
                rows.remove(tx, record.kid)
                data = {"use": record.use, "alg": record.alg}
                audit.record(tx, Event(name="keys.revoked", actor=actor, target=record.kid, data=data), now)
            added = tuple(_at(record, now, now_active=True) for record in made)
            self._add(tx, added, actor, "keys.rotated", now)
            ended = dict(end(tx, now))
            audit.record(tx, Event(name="keys.lost", actor=actor, data={"uses": sorted(uses), "ended": ended}), now)
        self._look_anew()
        return KeyReplacement(added=self._infos(added), revoked=tuple(record.kid for record in lost), ended=ended)

    def import_key(self, actor: Actor, imported: ImportedKey, use: str, *, now_active: bool = False) -> KeyInfo:
        """Take a key that was checked by `keyring.imported`. Raises Conflict if the ring has it.

        A key for saml or enc is trusted by partners already and is active at once; one for sig is published first,
        unless it is the first of its algorithm or `now_active`.
        """
        with self._db.write() as tx:
            rows.lock(tx)
            now = self._clock()
            there = _records(tx)
            if any(record.kid == imported.kid for record in there):
                raise Conflict(f"the ring holds this key already: {imported.kid}")
            at_once = now_active or use != "sig" or not any((r.use, r.alg) == (use, imported.alg) for r in there)
            if at_once:
                _withdraw(tx, there, [(use, imported.alg)], now)
            record = to_record(
                imported.key,
                imported.certificate,
                use=use,
                alg=imported.alg,
                now=now,
                active_from=now if at_once else now + OVERLAP,
                sealer=self._sealer,
            )
            self._add(tx, [record], actor, "keys.imported", now)
        self._look_anew()
        return self._infos([record])[0]

    def list(self) -> tuple[KeyInfo, ...]:
        """Every key of the ring, oldest first; also where no root key opens it."""
        now = self._clock()
        with self._db.read() as tx:
            records = _records(tx)
        return tuple(self._info(record, records, now) for record in records)

    def _infos(self, records: Iterable[KeyRecord]) -> tuple[KeyInfo, ...]:
        """These keys, in the order of the ring."""
        wanted = {record.kid for record in records}
        return tuple(info for info in self.list() if info.kid in wanted)

    def _info(self, record: KeyRecord, peers: Sequence[KeyRecord], now: int) -> KeyInfo:
        """One key as a person may see it."""
        end = superseded_at(record, peers, now)
        return KeyInfo(
            kid=record.kid,
            use=record.use,
            alg=record.alg,
            state=state_of(record, peers, now),
            created_at=record.created_at,
            active_from=record.active_from,
            retired_at=end,
            published=end is None or now < end + self._keep,
            certificate=record.certificate,
        )

    @staticmethod
    def _add(tx: Connection, records: Iterable[KeyRecord], actor: Actor, name: str, now: int) -> None:
        for record in records:
            rows.add(tx, asdict(record))
            data = {"use": record.use, "alg": record.alg, "active_from": record.active_from}
            audit.record(tx, Event(name=name, actor=actor, target=record.kid, data=data), now)

    def _look_anew(self) -> None:
        """After a change of our own; a process that never asked for the ring needs none."""
        with self._lock:
            if self._held is not None:
                self._look(self._held)

    def _look(self, held: _Held | None) -> _Held:
        """Ask for the version, and load the ring if it is another. A new ring that does not open never replaces a good one."""
        now = self._clock()
        with self._db.read() as tx:
            version = rows.version(tx)
            found = None if held is not None and held.version == version else _records(tx)
        if found is None and held is not None:
            self._held = replace(held, looked_at=now)
            return self._held
        try:
            ring = held.ring.followed_by(found or ()) if held else Ring(found or (), self._sealer, keep=self._keep)
            ring.check(now)
        except KeyFileError as error:
            if held is None:
                raise
            self._problem = str(error)
            log.error("keys.ring_refused %s", error)  # noqa: TRY400 - the line says all; /readyz says it too
            self._held = replace(held, looked_at=now)
            return self._held
        self._held, self._problem = _Held(ring, version, now), None
        return self._held


def _records(tx: Connection) -> tuple[KeyRecord, ...]:
    return tuple(KeyRecord(**row) for row in rows.listed(tx))


def _missing(records: Iterable[KeyRecord], wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    there = {(record.use, record.alg) for record in records if record.retired_at is None}
    return [pair for pair in wanted if pair not in there]


def _unless_next(records: Sequence[KeyRecord], wanted: Sequence[tuple[str, str]], now: int) -> tuple[tuple[str, str], ...]:
    """Those of which no new key waits already: a rotation that is under way is not begun again (CF-08)."""
    waiting = {(record.use, record.alg) for record in records if state_of(record, records, now) is KeyState.NEXT}
    return tuple(pair for pair in wanted if pair not in waiting)


def _withdraw(tx: Connection, records: Sequence[KeyRecord], due: Sequence[tuple[str, str]], now: int) -> None:
    """What is next or active makes room at once: even within the same second, even if another node's clock is ahead."""
    for record in records:
        if (record.use, record.alg) in due and state_of(record, records, now) is not KeyState.RETIRED:
            rows.change(tx, record.kid, retired_at=now)


def _at(record: KeyRecord, now: int, *, now_active: bool) -> KeyRecord:
    overlap = OVERLAP if record.use == "sig" else METADATA_OVERLAP
    return replace(record, created_at=now, active_from=now if now_active else now + overlap)
