"""The calls of federations' entities and of readers of our metadata for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from broker.storage.partners import federation_entities, metadata_readers
from broker.storage.partners.federation_entities import EntityRow
from tests.clock import START

FETCH = metadata_readers.MetadataFetch(partner="fabrikam", network="192.0.2.0/24", at=START, signing="kid", encryption="")
ENTITY = EntityRow(
    federation="edu", hash="0" * 32, entity_id="https://idp.example", digest="d", name_key="north", listed=True, about="{}",
    provider="{}", valid_until=None,
)  # fmt: skip
PARTNER_CALLS: dict[str, Callable[[Connection], Any]] = {
    "partners.metadata_readers.note": lambda tx: metadata_readers.note(tx, FETCH, since=START),
    "partners.metadata_readers.of": lambda tx: metadata_readers.of(tx, "fabrikam"),
    "partners.metadata_readers.partners_with": lambda tx: metadata_readers.partners_with(tx, "kid"),
    "partners.metadata_readers.purge": lambda tx: metadata_readers.purge(tx, START),
    "partners.federation_entities.find": lambda tx: federation_entities.find(tx, "edu", ENTITY.hash, "https://md.example#pin"),
    "partners.federation_entities.digests": lambda tx: federation_entities.digests(tx, "edu"),
    "partners.federation_entities.providers": lambda tx: federation_entities.providers(tx, "edu", [ENTITY.hash]),
    "partners.federation_entities.counts": lambda tx: federation_entities.counts(tx, "edu"),
    "partners.federation_entities.put": lambda tx: federation_entities.put(tx, [ENTITY], {ENTITY.hash: ["north"]}),
    "partners.federation_entities.relist": lambda tx: federation_entities.relist(tx, [ENTITY], {}),
    "partners.federation_entities.some": lambda tx: federation_entities.some(tx, "edu", after="", limit=50),
    "partners.federation_entities.remove": lambda tx: federation_entities.remove(tx, "edu", [ENTITY.hash]),
    "partners.federation_entities.listed": lambda tx: (
        federation_entities.listed(tx, ["edu"], [], limit=50),
        federation_entities.listed(tx, ["edu"], ["univ", "north"], limit=50),
    ),
}
