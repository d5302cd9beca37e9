"""Finds one entity in a metadata file that is larger than one document may be, by reading it as a stream (HS-36)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from broker.saml.errors import MetadataRefused
from broker.saml.metadata import HARDENED
from broker.saml.parse import Element

_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_LIMITS = ("validUntil", "cacheDuration")


def select(path: Path, entity_id: str) -> bytes:
    """A small document: the entity inside its EntitiesDescriptors, with the attributes that limit their validity.

    Raises OSError, MetadataRefused(metadata_structure, metadata_entity).
    """
    try:
        with path.open("rb") as stream:
            found = list(_found(stream, entity_id))
    except etree.XMLSyntaxError as error:
        raise MetadataRefused("metadata_structure", "a file of more than 5 MiB must be well-formed XML in UTF-8") from error
    if len(found) > 1:
        raise MetadataRefused("metadata_structure", f"the metadata holds the entity {entity_id} more than once")
    if not found:
        raise MetadataRefused("metadata_entity", f"the metadata does not hold the entity {entity_id}")
    return found[0]


def _found(stream: BinaryIO, entity_id: str) -> Iterator[bytes]:
    tags = (_MD + "EntityDescriptor", _MD + "EntitiesDescriptor")
    nodes = etree.iterparse(stream, events=("start", "end"), tag=tags, **HARDENED)
    for event, node in nodes:
        if event == "start":
            if node.getparent() is None and node.getroottree().docinfo.doctype:
                raise MetadataRefused("metadata_structure", "the metadata holds a document type or entity declaration")
            continue
        if node.tag == _MD + "EntityDescriptor" and node.get("entityID") == entity_id:
            yield _wrapped(node)
        _forget(node)


def _wrapped(entity: Element) -> bytes:
    kept = etree.fromstring(etree.tostring(entity, with_tail=False))
    for above in entity.iterancestors():
        around = etree.Element(above.tag, {name: value for name in _LIMITS if (value := above.get(name)) is not None})
        around.append(kept)
        kept = around
    return bytes(etree.tostring(kept))


def _forget(node: Element) -> None:
    """Remove the node and everything before it, so that memory holds one entity at a time."""
    node.clear()
    parent = node.getparent()
    while parent is not None and node.getprevious() is not None:
        del parent[0]
