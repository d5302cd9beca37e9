"""Stores the entities of a federation: what changed since the last aggregate, and who is listed (HS-36, HS-37, HS-39).

Nothing is written before the signature of the whole is verified. On any failure the entities of the last good aggregate serve
until its validUntil.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

from broker.connectors.outbound.client import HttpClient
from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound, PageError, PartnerFailed
from broker.domain.ids import new_id
from broker.services.core import Core
from broker.services.history import audit
from broker.services.keys import change_audit
from broker.services.partners.federations.aggregate import Changes, compared, fetched
from broker.services.partners.federations.entity_rows import BATCH, batches, entity_row, is_listed, words
from broker.services.partners.federations.partners import PartnerDirectory
from broker.services.partners.federations.source import VERSION, certificate_of, selection_of, source_of
from broker.services.partners.federations.state import FederationRecord, FederationState, check_newer
from broker.settings.load import Settings
from broker.settings.model import FederationFile
from broker.storage.engine import Connection
from broker.storage.operations import rate_limits
from broker.storage.partners import documents
from broker.storage.partners import federation_entities as rows
from broker.storage.partners.federation_entities import KIND, EntityRow, owner_of

_log = logging.getLogger(__name__)
CLAIM = 900  # seconds that one node has at most: longer than the fetch and the index of the largest aggregate
RETRY = 300  # seconds after a failure
FILE_AGE = 300  # seconds until a file is compared again
BREATH = 0.02  # seconds between two batches, in which others get the one writer of SQLite


class FederationIndex:
    """One node indexes at a time; every node looks up."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        """http: the outbound client for the URLs of a file."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._http = http

    def due(self) -> list[str]:
        """The federations of the files whose aggregate is to be fetched now, or whose selection changed."""
        settings, now = self._settings(), self._clock()
        found = []
        for name, federation in settings.federations.items():
            held = self.record(name)
            state = held.state
            fresh = state is not None and now < held.fresh_until and state.selection == selection_of(federation)
            waits = now < held.next_try_at and held.problem is not None
            if not federation.by_query and not fresh and not waits:
                found.append(name)
        return found

    def look(self) -> int:
        """Refresh what is due, and forget federations without a file; the number of federations that changed something."""
        done = 0
        for name in self.due():
            try:
                found = self.refresh(Actor.system(), name, breathe=time.sleep)
            except PageError as error:
                _log.warning("federation.failed federation=%s reason=%s", name, error.reason)
            else:
                done += found is not None and bool(found.changed or found.removed)
        return done + self.forget_others()

    def record(self, name: str) -> FederationRecord:
        """What is stored of a federation."""
        settings = self._settings()
        with self._db.read() as tx:
            row = documents.of_partner(tx, owner_of(name)).get(KIND)
        if row is None:
            return FederationRecord()
        held = FederationRecord(
            problem=row.problem,
            fetched_at=row.fetched_at,
            valid_until=row.valid_until,
            fresh_until=row.fresh_until,
            next_try_at=row.next_try_at,
        )
        try:
            source = source_of(settings, settings.federations[name])
        except (OSError, KeyError):
            return held
        return replace(held, state=FederationState(**json.loads(row.body))) if row.body and row.url == source else held

    def refresh(
        self, actor: Actor, name: str, *, breathe: Callable[[float], None] = lambda _seconds: None
    ) -> FederationState | None:
        """Fetch, verify and store now; None if another node is at it. Raises NotFound, PartnerFailed."""
        settings = self._settings()
        federation = settings.federations.get(name)
        if federation is None or federation.by_query:
            raise NotFound(f"there is no federation {name!r} with an aggregate", "federation_unknown")
        try:
            source = source_of(settings, federation)
        except OSError as error:
            raise PartnerFailed("metadata_signature", "metadata_certificate cannot be read") from error
        holder = new_id()
        with self._db.write() as tx:
            if not rate_limits.take_lease(tx, f"fed:{name}", holder, self._clock(), CLAIM):
                return None
            documents.claim(tx, owner_of(name), KIND, source, now=self._clock(), pause=0)
        try:
            with _without_room():
                found, ends = self._index(settings, federation, self.record(name), breathe)
            self._keep(actor, federation, source, found, ends)
        except PageError as error:
            now = self._clock()
            with self._db.write() as tx:
                change_audit.refused_document(tx, owner_of(name), KIND, error.reason, now + RETRY, now)
            raise
        finally:
            with self._db.write() as tx:
                rate_limits.take_lease(tx, f"fed:{name}", holder, self._clock(), 0)
        return found

    def forget_others(self) -> int:
        """Delete the entities of federations that no file names; the number of them."""
        settings, total = self._settings(), 0
        with self._db.read() as tx:
            gone = [name for name in rows.names(tx) if name not in settings.federations]
        for name in gone:
            with self._db.read() as tx:
                known = list(rows.digests(tx, name))
            total += self._remove(name, known)
            with self._db.write() as tx:
                documents.forget(tx, owner_of(name), KIND)
        return total

    def _index(
        self,
        settings: Settings,
        federation: FederationFile,
        held: FederationRecord,
        breathe: Callable[[float], None],
    ) -> tuple[FederationState, int]:
        """The new state, and the aggregate's validUntil."""
        now, selection, state = self._clock(), selection_of(federation), held.state
        with fetched(settings, federation, self._http) as (stream, sha256):
            if state is not None and held.valid_until is not None and state.sha256 == sha256:
                if now >= held.valid_until:
                    raise PartnerFailed(
                        "metadata_expired", "validUntil of the aggregate is over; the federation must publish it again"
                    )
                if state.version == VERSION:
                    if state.selection != selection:
                        state = replace(state, selection=selection, listed=self._relist(federation))
                    return replace(state, changed=0, removed=0), held.valid_until
            with self._db.read() as tx:
                known = rows.digests(tx, federation.id)
            with compared(
                stream,
                known,
                certificate=certificate_of(settings, federation),
                listed_addresses=settings.broker.network.allow_private_addresses,
                now=now,
                breathe=breathe,
            ) as changes:
                check_newer(held, created=changes.head.created, valid_until=changes.head.valid_until)
                return self._store(settings, federation, known, changes, state, sha256, breathe), changes.head.valid_until

    def _store(
        self,
        settings: Settings,
        federation: FederationFile,
        known: Mapping[str, str],
        changes: Changes,
        state: FederationState | None,
        sha256: str,
        breathe: Callable[[float], None],
    ) -> FederationState:
        for batch in batches(changes.new):
            entities = [entity_row(settings, federation, record) for record in batch]
            with self._db.write() as tx:
                before = rows.providers(tx, federation.id, [row.hash for row in entities])
                for row in entities:
                    _audit_keys(tx, row, before.get(row.hash), self._clock())
                rows.put(tx, entities, words(entities))
            breathe(BREATH)
        removed = self._remove(federation.id, [mark for mark in known if mark not in changes.present])
        self._indexed()
        selection = selection_of(federation)
        if state is None or state.selection != selection:
            self._relist(federation)
        with self._db.read() as tx:
            listed, unusable = rows.counts(tx, federation.id)
        head = changes.head
        return FederationState(
            sha256=sha256,
            version=VERSION,
            selection=selection,
            created=head.created,
            entities=head.entities,
            providers=len(changes.present),
            listed=listed,
            unusable=unusable,
            changed=changes.changed,
            removed=removed,
            age=head.age if federation.calls else FILE_AGE,
        )

    def _indexed(self) -> None:
        """What changed counts at once in this process, in others when what they hold is old."""
        partners = self._settings().partners
        if isinstance(partners, PartnerDirectory):
            partners.forget()

    def _remove(self, name: str, marks: Sequence[str]) -> int:
        for at in range(0, len(marks), BATCH):
            with self._db.write() as tx:
                rows.remove(tx, name, marks[at : at + BATCH])
        return len(marks)

    def _relist(self, federation: FederationFile) -> int:
        """Who is listed by the selection of the file now; the number of them."""
        after, total = "", 0
        while True:
            with self._db.read() as tx:
                stretch = rows.some(tx, federation.id, after=after, limit=BATCH)
            if not stretch:
                self._indexed()
                return total
            after = stretch[-1].hash
            now_listed = [(row, is_listed(federation, row.entity_id, json.loads(row.about), row.provider)) for row in stretch]
            total += sum(listed for _, listed in now_listed)
            changed = [replace(row, listed=listed) for row, listed in now_listed if listed != row.listed]
            if changed:
                with self._db.write() as tx:
                    rows.relist(tx, changed, words(changed))

    def _keep(self, actor: Actor, federation: FederationFile, source: str, found: FederationState, ends: int) -> None:
        now = self._clock()
        fresh = now + min(found.age, max(FILE_AGE, (ends - now) // 2))
        body = json.dumps(asdict(found), separators=(",", ":"))
        data = {"entities": found.entities, "changed": found.changed, "removed": found.removed}
        with self._db.write() as tx:
            documents.store(
                tx,
                owner_of(federation.id),
                KIND,
                url=source,
                body=body,
                now=now,
                fresh_until=fresh,
                next_try_at=0,
                valid_until=ends,
            )
            if found.changed or found.removed or actor != Actor.system():
                audit.record(tx, Event(name="federation.refreshed", actor=actor, target=federation.id, data=data), now)


@contextmanager
def _without_room() -> Iterator[None]:
    """A full disk, as a failed fetch: it is tried again after RETRY, and not every half minute."""
    try:
        yield
    except OSError as error:
        raise PartnerFailed("metadata_fetch", "metadata: there is no room for what changed") from error


def _audit_keys(tx: Connection, row: EntityRow, before: str | None, now: int) -> None:
    """HS-39: keys that come or go are recorded, as for a partner with a file."""
    if row.provider is not None:
        change_audit.record_certificates(tx, f"{row.federation}/{row.hash}", before, json.loads(row.provider), now)
