"""Metadata in a file of the installation: read when the file changes; the last good copy is kept as a row (HS-37, HS-39)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broker.domain.errors import PartnerFailed
from broker.domain.times import YEAR
from broker.services.core import Core
from broker.services.keys import change_audit
from broker.services.partners.documents import METADATA
from broker.storage.partners import documents
from broker.storage.partners.documents import StoredDocument

if TYPE_CHECKING:
    from broker.connectors.saml.metadata import Idp

FILE_AGE = 10 * YEAR  # seconds: a file is read when it changes, never fetched


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as this process read it last: its mark (address, time, size), and its content or the problem."""

    mark: tuple[str, int, int]
    idp: Idp | None
    problem: PartnerFailed | None


class MetadataFiles:
    """Each process reads a file once a change; a broken file changes only the problem in the row."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._seen: dict[str, _Seen] = {}

    def of(self, partner: str, path: Path, url: str, read: Callable[[], Idp]) -> Idp:
        """The file if it is good, else its last good copy: of this process, or of the row.

        url: the row's address. read: reads and checks the file. Raises PartnerFailed if there never was a good copy.
        """
        try:
            stat = path.stat()
            mark = (url, stat.st_mtime_ns, stat.st_size)
        except OSError:
            mark = (url, 0, 0)
        seen = self._seen.get(partner)
        if seen is None or seen.mark != mark:
            seen = self._seen[partner] = self._look(partner, mark, read)
        if seen.idp is None:
            raise seen.problem or PartnerFailed("metadata_fetch", "the metadata file cannot be read")
        return seen.idp

    def _look(self, partner: str, mark: tuple[str, int, int], read: Callable[[], Idp]) -> _Seen:
        from broker.connectors.saml.metadata import Idp

        url, now = mark[0], self._clock()
        with self._db.read() as tx:
            rows = documents.of_partner(tx, partner)
        kept = good_copy(rows, url)
        before = Idp.from_json(json.loads(kept.body or "{}")) if kept is not None else None
        try:
            found = read()
            same_entity(before, found)
        except PartnerFailed as error:
            with self._db.write() as tx:
                documents.claim(tx, partner, METADATA, url, now=now, pause=0)
                change_audit.refused_document(tx, partner, METADATA, error.reason, now + FILE_AGE, now)
            return _Seen(mark, before, error)
        body = json.dumps(found.to_json(), separators=(",", ":"))
        if kept is None or kept.body != body or kept.problem is not None:
            last = rows[METADATA].body if METADATA in rows else None
            with self._db.write() as tx:
                documents.keep(
                    tx, partner, METADATA, url=url, body=body, now=now, fresh_until=now + FILE_AGE, valid_until=found.valid_until
                )
                change_audit.record_certificates(tx, partner, last, found.to_json(), now)
        return _Seen(mark, found, None)


def good_copy(rows: Mapping[str, StoredDocument], url: str) -> StoredDocument | None:
    """The stored metadata, if it was taken from this address."""
    row = rows.get(METADATA)
    return row if row is not None and row.body is not None and row.url == url else None


def same_entity(before: Idp | None, found: Idp) -> None:
    """HS-3: the answer of an address never turns a partner into another provider. Raises PartnerFailed."""
    if before is not None and before.entity_id != found.entity_id:
        message = f"the metadata names another entity than {before.entity_id}; write entity_id if that is right"
        raise PartnerFailed("metadata_entity", message)
