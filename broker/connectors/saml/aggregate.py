"""One entity out of a file that is larger than one entity may be: read as a stream, never as a whole (HS-36)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from broker.connectors.saml.metadata import HARDENED, MAX_DOCUMENT, EntityFilter, Idp, read_metadata
from broker.domain.errors import PartnerFailed

_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_LIFE = ("validUntil", "cacheDuration")


def read_file(path: Path, wanted: EntityFilter, *, now: int) -> tuple[Idp, int]:
    """As `read_metadata`, for a file of the home. Raises PartnerFailed: its reasons, and metadata_fetch."""
    try:
        if path.stat().st_size <= MAX_DOCUMENT:
            return read_metadata(path.read_bytes(), wanted, now=now)
        if wanted.certificate is not None or wanted.entity_id is None:
            message = "the file is larger than 5 MiB; write entity_id, and a file of that one entity where metadata_certificate is given"
            raise PartnerFailed("metadata_structure", message)
        return read_metadata(_selected(path, wanted.entity_id), wanted, now=now)
    except OSError as error:
        raise PartnerFailed("metadata_fetch", f"{path.name}: the file cannot be read") from error


def _selected(path: Path, entity_id: str) -> bytes:
    """The entity alone, in the EntitiesDescriptors around it with what they say of its life, as a small document."""
    try:
        with path.open("rb") as stream:
            found = list(_found(stream, entity_id))
    except etree.XMLSyntaxError as error:
        raise PartnerFailed("metadata_structure", "a file of more than 5 MiB must be well-formed XML in UTF-8") from error
    if len(found) > 1:
        raise PartnerFailed("metadata_structure", f"the metadata holds the entity {entity_id} more than once")
    if not found:
        raise PartnerFailed("metadata_entity", f"the metadata does not hold the entity {entity_id}")
    return found[0]


def _found(stream: BinaryIO, entity_id: str) -> Iterator[bytes]:
    tags = (_MD + "EntityDescriptor", _MD + "EntitiesDescriptor")
    nodes = etree.iterparse(stream, events=("start", "end"), tag=tags, **HARDENED)
    for event, node in nodes:
        if event == "start":
            if node.getparent() is None and node.getroottree().docinfo.doctype:
                raise PartnerFailed("metadata_structure", "the metadata holds a document type or entity declaration")
            continue
        if node.tag == _MD + "EntityDescriptor" and node.get("entityID") == entity_id:
            yield _wrapped(node)
        _forget(node)


def _wrapped(entity: etree._Element) -> bytes:
    kept = etree.fromstring(etree.tostring(entity, with_tail=False))
    for above in entity.iterancestors():
        around = etree.Element(above.tag, {name: value for name in _LIFE if (value := above.get(name)) is not None})
        around.append(kept)
        kept = around
    return bytes(etree.tostring(kept))


def _forget(node: etree._Element) -> None:
    """What was read goes at once, with everything before it: memory stays that of one entity."""
    node.clear()
    parent = node.getparent()
    while parent is not None and node.getprevious() is not None:
        del parent[0]
