"""The metadata of SAML partners, from an address or a file (HS-36 to HS-39)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from broker.connectors.outbound.client import HttpClient
from broker.domain.errors import PartnerFailed
from broker.domain.times import YEAR
from broker.services.core import Core
from broker.services.partners.documents import METADATA, PartnerDocuments
from broker.services.partners.saml.metadata_files import MetadataFiles, good_copy, same_entity
from broker.services.partners.saml.view import saml_of
from broker.settings.federated_partner import FederatedPartner
from broker.settings.model import PartnerFile, SamlPartner

if TYPE_CHECKING:
    from broker.connectors.saml.metadata import EntityFilter, Idp

_AT_ONCE = 10 * YEAR  # seconds ahead: no copy is that fresh


class SamlMetadata:
    """The current metadata of each partner."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient], documents: PartnerDocuments) -> None:
        self._clock = core.clock
        self._settings = core.settings
        self._http = http
        self._documents = documents
        self._files = MetadataFiles(core)
        self._idps: dict[str, tuple[Mapping[str, Any], Idp]] = {}

    def idp(
        self,
        partner: PartnerFile,
        *,
        fetch: bool = True,
        refresh: bool = False,
        ahead: int = 0,
        held_back: Callable[[], None] = lambda: None,
    ) -> Idp:
        """The partner's identity provider. fetch: False where a message arrived, which never causes a fetch (HS-36).

        refresh, ahead, held_back: as of `PartnerDocuments.document`. Raises PartnerFailed: the reasons of `read_metadata`,
        metadata_fetch.
        """
        from broker.connectors.saml.metadata import Idp

        saml = saml_of(partner)
        if isinstance(partner, FederatedPartner):
            idp = Idp.from_json(partner.provider)  # not kept: a stranger can choose thousands of entities
        elif saml.calls:
            idp = self._of_address(partner, saml, fetch, refresh, ahead, held_back)
        else:
            idp = self._of_file(partner, saml)
        if idp.valid_until is not None and self._clock() >= idp.valid_until:  # HS-39
            raise PartnerFailed("metadata_expired", "validUntil of the metadata is over; the partner must publish it anew")
        return idp

    def refresh(self, partner: PartnerFile) -> tuple[Idp, Idp | None]:
        """Fetch the metadata now and keep it. Returns it and the copy before. Raises PartnerFailed."""
        from broker.connectors.saml.metadata import Idp

        saml = saml_of(partner)
        if isinstance(partner, FederatedPartner):
            return self.idp(partner), None
        if not saml.calls:
            return self._of_file(partner, saml), None
        kept = good_copy(self._documents.rows(partner.id), self._mark(saml))
        before = Idp.from_json(json.loads(kept.body or "{}")) if kept is not None else None
        found, _ = self._documents.fetch_now(partner, METADATA, self._mark(saml), self._fetch(saml, before))
        return Idp.from_json(found), before

    def visit(self, partner: PartnerFile, http: HttpClient) -> Idp:
        """The metadata as it is now, checked as always; nothing is kept. For doctor. Raises PartnerFailed as `idp`."""
        from broker.connectors.saml.metadata import Idp, read_file

        saml = saml_of(partner)
        if isinstance(partner, FederatedPartner):
            return self.idp(partner)
        if saml.calls:
            return Idp.from_json(self._fetch(saml, None)(http)[0])
        return read_file(self._settings().path(saml.metadata), self._wanted(saml), now=self._clock())[0]

    def _of_address(
        self,
        partner: PartnerFile,
        saml: SamlPartner,
        fetch: bool,
        refresh: bool,
        ahead: int,
        held_back: Callable[[], None],
    ) -> Idp:
        from broker.connectors.saml.metadata import Idp

        rows, url = self._documents.rows(partner.id), self._mark(saml)
        kept = good_copy(rows, url)
        if fetch:
            body = json.loads(kept.body or "{}") if kept is not None else None
            get = self._fetch(saml, Idp.from_json(body) if body is not None else None)
            if body is not None and "logout" not in body:  # stored by a version that read less of it
                ahead = _AT_ONCE
            found = self._documents.document(partner, rows, METADATA, url, get, refresh=refresh, ahead=ahead, held_back=held_back)
        elif kept is not None:
            found = self._documents.read(kept)
        else:
            raise PartnerFailed("metadata_fetch", f"metadata of {partner.id} could not be had yet")
        return self._parsed(partner.id, found)

    def _parsed(self, partner_id: str, found: Mapping[str, Any]) -> Idp:
        """The same object as long as the row does not change (HS-39: it is replaced, never changed)."""
        from broker.connectors.saml.metadata import Idp

        held = self._idps.get(partner_id)
        if held is None or held[0] is not found:
            held = self._idps[partner_id] = (found, Idp.from_json(found))
        return held[1]

    def _mark(self, saml: SamlPartner) -> str:
        """The row's address: a copy that was taken under another entity_id or certificate does not count."""
        pin = hashlib.sha256(f"{saml.entity_id or ''}\0{self._certificate(saml) or ''}".encode()).hexdigest()[:16]
        return f"{saml.metadata}#{pin}"

    def _certificate(self, saml: SamlPartner) -> str | None:
        path = saml.metadata_certificate
        return None if path is None else self._settings().path(str(path)).read_text("latin-1")

    def _wanted(self, saml: SamlPartner) -> EntityFilter:
        from broker.connectors.saml.metadata import EntityFilter

        def allows_plain(url: str) -> bool:
            """An address in a metadata file of ours is one that we configured, as the URL in the partner's file is."""
            return self._http(saml.calls or (url,)).allows_plain(url)

        return EntityFilter(entity_id=saml.entity_id, certificate=self._certificate(saml), allows_plain=allows_plain)

    def _fetch(self, saml: SamlPartner, before: Idp | None) -> Callable[[HttpClient], tuple[dict[str, Any], int]]:
        from broker.connectors.saml.fetch import fetch_metadata

        def get(http: HttpClient) -> tuple[dict[str, Any], int]:
            found, age = fetch_metadata(http, saml.metadata, self._wanted(saml), now=self._clock())
            same_entity(before, found)
            return found.to_json(), age

        return get

    def _of_file(self, partner: PartnerFile, saml: SamlPartner) -> Idp:
        from broker.connectors.saml.metadata import read_file

        path = self._settings().path(saml.metadata)
        return self._files.of(
            partner.id, path, self._mark(saml), lambda: read_file(path, self._wanted(saml), now=self._clock())[0]
        )
