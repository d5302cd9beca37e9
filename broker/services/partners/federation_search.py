"""Finds organizations of federations by the beginnings of the words of their names, in any language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.domain.federation import LONGEST_WORD, entity_hash, name_in, query_words
from broker.services.core import Core
from broker.services.partners.federations.partners import PartnerDirectory
from broker.services.partners.federations.source import source_of
from broker.settings.load import Settings
from broker.settings.model import FederationFile, PartnerFile
from broker.storage.engine import Connection
from broker.storage.partners import documents
from broker.storage.partners import federation_entities as rows
from broker.storage.partners.federation_entities import KIND, ListedEntity, owner_of

_MORE = 20  # rows beyond the limit: some are partners with a file, or in two federations


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrganization:
    """An organization that people can choose. id: of the partner. name: in the person's language where it has one."""

    id: str
    name: str


class FederationSearch:
    """Reads two small indexes; costs nothing without federations."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._settings = core.settings

    def find(self, query: str, languages: Sequence[str], *, limit: int) -> list[FoundOrganization]:
        """Listed entities that have every word of the query, in the order of their names; without a query the first ones."""
        settings = self._settings()
        partners, words = settings.partners, query_words(query)
        if limit <= 0 or not isinstance(partners, PartnerDirectory) or (query.strip() and not words):
            return []
        found = self._listed(settings, words, limit + _MORE)
        shown: dict[str, FoundOrganization] = {}
        for one in sorted(found, key=lambda one: one.federation):
            if one.hash not in shown and not partners.is_named(one.entity_id):  # in two federations: the first by its name
                name = name_in(_names(one.about), [*languages, *settings.broker.languages], one.entity_id)
                shown[one.hash] = FoundOrganization(id=f"{one.federation}/{one.hash}", name=name)
        return sorted(shown.values(), key=lambda one: (one.name.casefold(), one.id))[:limit]

    def hinted(self, hint: str) -> str | None:
        """The id of the partner that a hint means: an entity id, or a scope that only one listed entity has; None if there is none."""
        settings = self._settings()
        if not isinstance(settings.partners, PartnerDirectory) or len(hint) > LONGEST_WORD * 10:
            return None
        for name in sorted(settings.federations):
            partner = settings.partners.get(f"{name}/{entity_hash(hint)}")
            if partner is not None and partner.issuer == hint:
                return partner.id
        return self._of_scope(settings, hint.lower())

    def of_domain(self, domain: str) -> PartnerFile | None:
        """The partner that vouches for the addresses of a mail domain: its scope, of one listed entity alone, whose federation is
        trusted with addresses; None if a partner's file claims the domain.
        """
        settings = self._settings()
        found = settings.partners.get(self._of_scope(settings, domain) or "")
        return found if found is not None and found.trust.email and domain in found.domains else None

    def _of_scope(self, settings: Settings, scope: str) -> str | None:
        if not isinstance(settings.partners, PartnerDirectory) or "." not in scope:
            return None
        held = self._listed(settings, query_words(scope), _MORE)
        ids = {one.hash: f"{one.federation}/{one.hash}" for one in reversed(held) if scope in json.loads(one.about)["scopes"]}
        return next(iter(ids.values())) if len(ids) == 1 else None

    def _listed(self, settings: Settings, words: Sequence[str], limit: int) -> list[ListedEntity]:
        with self._db.read() as tx:
            open_ = [one for _, one in sorted(settings.federations.items()) if not one.hidden]
            names = [one.id for one in open_ if _is_indexed(tx, settings, one)]
            return rows.listed(tx, names, words, limit=limit) if names else []


def _is_indexed(tx: Connection, settings: Settings, federation: FederationFile) -> bool:
    """Whether its entities came from the source that the file names now."""
    row = documents.of_partner(tx, owner_of(federation.id)).get(KIND)
    try:
        return row is not None and row.body is not None and row.url == source_of(settings, federation)
    except OSError:
        return False


def _names(about: str) -> Mapping[str, str]:
    names: Mapping[str, str] = json.loads(about)["names"]
    return names
