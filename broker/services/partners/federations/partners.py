"""The partners of the files, and behind them the entities of federations, each looked up in the database when it is asked for."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from broker.domain.federation import help_address, name_in, split_id
from broker.domain.times import Clock
from broker.services.partners.federations.source import source_of
from broker.services.partners.saml.view import entity_id
from broker.settings.federated_partner import FederatedPartner, federated_partner
from broker.settings.load import Settings
from broker.settings.model import FederationFile, PartnerFile
from broker.storage.engine import Database
from broker.storage.partners import federation_entities as rows
from broker.storage.partners.federation_entities import EntityRow

HELD, SECONDS = 500, 5  # partners in memory, and for how long: another node's index is seen after that


class PartnerDirectory(Mapping[str, PartnerFile]):
    """Partners by id. Iteration and length are of the files alone; a look-up finds the entities of federations, too."""

    def __init__(
        self, files: Mapping[str, PartnerFile], find: Callable[[str], PartnerFile | None], forget: Callable[[], None]
    ) -> None:
        """find: an entity by its id. forget: drops what is held of entities in memory."""
        self._files = files
        self._find = find
        self._forget = forget
        self._named = frozenset(file.issuer for file in files.values())

    def is_named(self, entity_id: str) -> bool:
        """Whether a partner's file names this entity: the file counts, and the federation's entity is no partner."""
        return entity_id in self._named

    def forget(self) -> None:
        """What was just indexed counts at once in this process."""
        self._forget()

    def __getitem__(self, key: str) -> PartnerFile:
        found = self._files.get(key) or (self._find(key) if key and "/" in key else None)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True, slots=True)
class _Current:
    """The settings made from files."""

    files: Settings
    settings: Settings
    partners: PartnerDirectory


class FederatedPartners:
    """The settings of a process, with the entities of its federations as partners. A home without federations is left as it is."""

    def __init__(self, db: Database, clock: Clock, files: Callable[[], Settings]) -> None:
        self._db = db
        self._clock = clock
        self._files = files
        self._lock = threading.Lock()
        self._current: _Current | None = None
        self._held: OrderedDict[str, tuple[int, FederatedPartner | None]] = OrderedDict()

    def settings(self) -> Settings:
        """The files in force; `partners` finds entities, too."""
        files = self._files()
        if not files.federations:
            return files
        current = self._current
        if current is None or current.files is not files:
            partners = PartnerDirectory(files.partners, self._find, self._forget)
            current = self._current = _Current(files, replace(files, partners=partners), partners)
            self._forget()
        return current.settings

    def _forget(self) -> None:
        with self._lock:
            self._held.clear()

    def _find(self, partner_id: str) -> FederatedPartner | None:
        """The lock is held while the database is asked: of all threads one needs a second connection at a time."""
        now, settings = self._clock(), self.settings()
        with self._lock:
            held = self._held.get(partner_id)
            if held is not None and held[0] <= now < held[0] + SECONDS:
                return held[1]
            found = self._look_up(settings, partner_id)
            self._held[partner_id] = (now, found)
            self._held.move_to_end(partner_id)
            if len(self._held) > HELD:
                self._held.popitem(last=False)
            return found

    def _look_up(self, settings: Settings, partner_id: str) -> FederatedPartner | None:
        parts = split_id(partner_id)
        federation = settings.federations.get(parts[0]) if parts is not None else None
        if parts is None or federation is None:
            return None
        try:
            source = source_of(settings, federation)
        except OSError:  # the certificate is gone: nothing is trusted
            return None
        with self._db.read() as tx:
            found = rows.find(tx, *parts, source)
        if (
            found is None
            or found[0].provider is None
            or (self._current is not None and self._current.partners.is_named(found[0].entity_id))
        ):
            return None
        return _partner(settings, federation, partner_id, *found)


def _partner(
    settings: Settings, federation: FederationFile, partner_id: str, row: EntityRow, whole_until: int | None
) -> FederatedPartner | None:
    about = json.loads(row.about)
    if not federation.lets_through(row.entity_id, about["authority"], about["categories"]):
        return None
    ends = [end for end in (row.valid_until, whole_until) if end is not None]
    return federated_partner(
        federation,
        partner_id,
        entity_id=row.entity_id,
        name=name_in(about["names"], settings.broker.languages, row.entity_id),
        scopes=[scope for scope in about["scopes"] if settings.partner_of_domain(scope) is None],  # a domain has one authority
        provider={**json.loads(row.provider or "{}"), "valid_until": min(ends, default=None)},
        error_url=help_address(about["error_url"], entity_id(settings)) if about["error_url"] else None,
    )
