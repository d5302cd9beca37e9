"""One entity of a federation's aggregate as a record that can be stored: its provider, names and what filters compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from broker.connectors.saml.errors import refuses_metadata
from broker.connectors.saml.metadata import EntityFilter, read_entity
from broker.domain.errors import PartnerFailed
from broker.saml import metadata as engine
from broker.saml.discovery_info import discovery_info
from broker.saml.errors import MetadataRefused
from broker.saml.parse import Element
from broker.saml.signed_aggregate import AggregateHead, read_aggregate

_IDP = "{urn:oasis:names:tc:SAML:2.0:metadata}IDPSSODescriptor"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord:
    """idp: `Idp.to_json`, None where the entity cannot be used; problem: why. valid_until: the entity's own, or None."""

    entity_id: str
    names: Mapping[str, str]
    scopes: tuple[str, ...]
    authority: str
    categories: tuple[str, ...]
    error_url: str | None
    idp: Mapping[str, Any] | None
    valid_until: int | None
    problem: str | None

    def to_json(self) -> dict[str, Any]:
        """For the row."""
        return asdict(self)


__all__ = ["AggregateHead", "EntityRecord", "Visit", "read_federation"]

Visit = Callable[[str, str, Callable[[], EntityRecord]], None]


def read_federation(
    stream: BinaryIO, certificate: str, visit: Visit, *, allows_plain: Callable[[str], bool], now: int
) -> AggregateHead:
    """Call `visit(digest, entity id, record)` for each identity provider; `record` reads the entity. What was visited counts only
    if this function returns: the signature covers the whole, and is verified last.

    Raises PartnerFailed: metadata_structure, metadata_signature, metadata_expired, metadata_key, metadata_entity.
    """

    def look(digest: str, entity: Element) -> None:
        if entity.find(_IDP) is not None:
            visit(digest, entity.get("entityID") or "", lambda: _record(entity, allows_plain=allows_plain, now=now))

    with refuses_metadata():
        return read_aggregate(stream, certificate, look, now=now)


def _record(entity: Element, *, allows_plain: Callable[[str], bool], now: int) -> EntityRecord:
    """Never raises for what an entity says: one that cannot be used does not keep the others from being indexed."""
    info = discovery_info(entity)
    idp, problem, valid_until = None, None, None
    scopes: tuple[str, ...] = ()
    try:
        valid_until = engine.valid_until(entity, now, own=True)
        found = read_entity(entity, EntityFilter(allows_plain=allows_plain), valid_until)
        idp, scopes = found.to_json(), found.scopes
    except (PartnerFailed, MetadataRefused) as error:
        problem = error.reason
    return EntityRecord(
        entity_id=str(entity.get("entityID"))[: engine.MAX_ENTITY_ID],
        names=info.names,
        scopes=scopes,
        authority=info.authority,
        categories=info.categories,
        error_url=info.error_url,
        idp=idp,
        valid_until=valid_until,
        problem=problem,
    )
