"""The row of an entity: its record from the aggregate, what the federation's file decides about it, and the words that find it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from broker.domain.federation import HIDDEN, folded, name_in, words_of
from broker.settings.load import Settings
from broker.settings.model import FederationFile
from broker.storage.partners.federation_entities import EntityRow

BATCH = 100  # entities of one transaction, so that no writer waits long


def entity_row(settings: Settings, federation: FederationFile, record: Mapping[str, Any]) -> EntityRow:
    """The row of an `EntityRecord` with its hash and digest."""
    about = {name: record[name] for name in ("names", "scopes", "authority", "categories", "error_url", "problem")}
    provider = json.dumps(record["idp"], separators=(",", ":")) if record["idp"] is not None else None
    name = name_in(record["names"], settings.broker.languages, record["entity_id"])
    return EntityRow(
        federation=federation.id,
        hash=record["hash"],
        entity_id=record["entity_id"],
        digest=record["digest"],
        name_key=folded(name)[:80],
        listed=is_listed(federation, record["entity_id"], about, provider),
        about=json.dumps(about, separators=(",", ":"), ensure_ascii=False),
        provider=provider,
        valid_until=record["valid_until"],
    )


def is_listed(federation: FederationFile, entity_id: str, about: Mapping[str, Any], provider: str | None) -> bool:
    """Whether people see an entity where they choose their organization. about: of the row. provider: None where it cannot be used."""
    if provider is None or HIDDEN in about["categories"]:
        return False
    return federation.lets_through(entity_id, about["authority"], about["categories"])


def words(entities: Iterable[EntityRow]) -> dict[str, frozenset[str]]:
    """Hash -> words by which an entity is found; none for one that is not listed."""
    found = {}
    for row in entities:
        about = json.loads(row.about)
        found[row.hash] = words_of(about["names"].values() or [row.name_key], about["scopes"]) if row.listed else frozenset()
    return found


def batches(records: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """So many records as one transaction stores."""
    batch: list[Mapping[str, Any]] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
