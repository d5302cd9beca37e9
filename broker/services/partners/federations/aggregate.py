"""An aggregate as it is at its source now: fetched into a file without a name, and read once, entity by entity (HS-36, HS-37)."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.errors import PartnerFailed
from broker.domain.federation import entity_hash
from broker.domain.private_addresses import PrivateAddresses
from broker.services.partners.federations.source import VERSION
from broker.settings.load import Settings
from broker.settings.model import FederationFile

if TYPE_CHECKING:
    from broker.connectors.saml.federation_entity import AggregateHead, EntityRecord

LARGEST, SECONDS = 512 * 1024 * 1024, 300  # bytes of an aggregate, and the time to fetch it
_ACCEPT = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8"


@contextmanager
def fetched(
    settings: Settings, federation: FederationFile, http: Callable[[Sequence[str]], HttpClient]
) -> Iterator[tuple[BinaryIO, str]]:
    """The document in a temporary file, and its SHA-256. Raises PartnerFailed(metadata_fetch, url_not_allowed)."""
    with tempfile.TemporaryFile() as into:
        try:
            if federation.calls:
                status = http(federation.calls).download(
                    federation.metadata, into, accept=_ACCEPT, max_bytes=LARGEST, seconds=SECONDS
                )
                if status != 200:
                    raise PartnerFailed("metadata_fetch", f"metadata: the address answers {status}")
            else:
                with settings.path(federation.metadata).open("rb") as file:
                    shutil.copyfileobj(file, into)
        except HttpFailure as error:
            reason = "url_not_allowed" if error.reason == "url_not_allowed" else "metadata_fetch"
            raise PartnerFailed(reason, f"metadata: {error.detail}") from error
        except OSError as error:
            raise PartnerFailed("metadata_fetch", "metadata: the file cannot be read, or there is no room for a copy") from error
        into.seek(0)
        digest = hashlib.file_digest(into, "sha256").hexdigest()
        into.seek(0)
        yield into, digest


@dataclass(frozen=True, slots=True)
class Changes:
    """A verified aggregate against what was known.

    head: of the aggregate. present: hashes of all its identity providers. new: their records, digest and hash with them, of
    those that are new or changed; read it once.
    """

    head: AggregateHead
    present: frozenset[str]
    new: Iterator[Mapping[str, Any]]
    changed: int


@contextmanager
def compared(
    stream: BinaryIO,
    known: Mapping[str, str],
    *,
    certificate: str,
    listed_addresses: Sequence[str],
    now: int,
    breathe: Callable[[float], None],
) -> Iterator[Changes]:
    """What the document changes. The signature is verified when this is entered; until then nothing leaves the temporary file.

    known: hash -> digest. listed_addresses: hosts that may be http:. breathe: called with 0 after each entity, so that
    other threads go on. Raises PartnerFailed: metadata_structure, metadata_signature, metadata_expired, metadata_entity.
    """
    from broker.connectors.saml.federation_entity import read_federation

    private = PrivateAddresses.of(listed_addresses)
    present: dict[str, None] = {}
    changed = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:

        def visit(digest: str, entity_id: str, record: Callable[[], EntityRecord]) -> None:
            nonlocal changed
            breathe(0)
            mark = entity_hash(entity_id)
            present[mark] = None
            stored = f"{VERSION}-{digest[:60]}"
            if known.get(mark) != stored:
                changed += 1
                spool.write(json.dumps({"hash": mark, "digest": stored, **record().to_json()}, separators=(",", ":")) + "\n")

        head = read_federation(stream, certificate, visit, allows_plain=private.holds_url, now=now)
        spool.seek(0)
        yield Changes(head, frozenset(present), (json.loads(line) for line in spool), changed)
