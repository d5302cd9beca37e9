"""Federations and their entities for lists: what was indexed, from where, and why an entity is not used."""

from __future__ import annotations

import json
from dataclasses import dataclass

from broker.domain.errors import NotFound
from broker.domain.federation import name_in
from broker.services.core import Core
from broker.services.partners.federation_index import FederationIndex
from broker.services.partners.federations.partners import PartnerDirectory
from broker.settings.load import Settings
from broker.settings.model import FederationFile
from broker.storage.partners import federation_entities as rows
from broker.storage.partners.federation_entities import EntityRow

_STRETCH = 500  # entities of one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationSeen:
    """A federation. providers: entities where people can sign in. listed: those that people see. unusable: those without a good
    key or address. Times: seconds since 1970, UTC.
    """

    id: str
    metadata: str
    status: str
    problem: str | None
    fetched_at: int | None
    valid_until: int | None
    entities: int
    providers: int
    listed: int
    unusable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySeen:
    """An entity of a federation. id: of the partner. state: partner, left out by the file, a partner's file, or why it cannot be used."""

    id: str
    name: str
    entity_id: str
    scopes: tuple[str, ...]
    authority: str
    categories: tuple[str, ...]
    listed: bool
    state: str


class FederationCatalog:
    """Reads only. The caller must be allowed to read."""

    def __init__(self, core: Core, index: FederationIndex) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._index = index

    def federations(self) -> list[FederationSeen]:
        """Every federation, by id."""
        return [self.federation(name) for name in sorted(self._settings().federations)]

    def federation(self, name: str) -> FederationSeen:
        """One. Raises NotFound."""
        federation = self._file(name)
        held = self._index.record(name)
        problem, state = held.problem, held.state
        over = held.valid_until is not None and self._clock() >= held.valid_until
        missing = "has no effect yet" if federation.by_query else "unavailable" if problem else "not fetched yet"
        status = missing if state is None else "expired" if over else "stale" if problem else "ready"
        return FederationSeen(
            id=name,
            metadata=federation.metadata,
            status=status,
            problem=problem,
            fetched_at=held.fetched_at,
            valid_until=held.valid_until,
            entities=state.entities if state is not None else 0,
            providers=state.providers if state is not None else 0,
            listed=state.listed if state is not None else 0,
            unusable=state.unusable if state is not None else 0,
        )

    def entities(self, name: str) -> list[EntitySeen]:
        """Every identity provider that was indexed, by name. Raises NotFound."""
        federation, settings, after = self._file(name), self._settings(), ""
        found: list[EntitySeen] = []
        while True:
            with self._db.read() as tx:
                stretch = rows.some(tx, name, after=after, limit=_STRETCH)
            if not stretch:
                return sorted(found, key=lambda one: (one.name.casefold(), one.id))
            found += [_seen(settings, federation, row) for row in stretch]
            after = stretch[-1].hash

    def _file(self, name: str) -> FederationFile:
        settings = self._settings()
        if name not in settings.federations:
            known = ", ".join(sorted(settings.federations)[:20]) or "none"
            raise NotFound(f"there is no config/federations/{name}.yaml; federations: {known}", "federation_unknown")
        return settings.federations[name]


def _seen(settings: Settings, federation: FederationFile, row: EntityRow) -> EntitySeen:
    about, partners = json.loads(row.about), settings.partners
    if isinstance(partners, PartnerDirectory) and partners.is_named(row.entity_id):
        state = "a partner's file"
    elif not federation.lets_through(row.entity_id, about["authority"], about["categories"]):
        state = "left out"
    else:
        state = about["problem"] or "partner"
    return EntitySeen(
        id=f"{row.federation}/{row.hash}",
        name=name_in(about["names"], settings.broker.languages, row.entity_id),
        entity_id=row.entity_id,
        scopes=tuple(about["scopes"]),
        authority=about["authority"],
        categories=tuple(about["categories"]),
        listed=row.listed,
        state=state,
    )
