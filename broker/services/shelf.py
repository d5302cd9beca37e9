"""The documents of an OIDC partner during one step: discovery, and the keys that it points to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from broker.connectors.oidc.discovery import discovery_url, fetch_discovery, fetch_jwks
from broker.settings.model import PartnerFile
from broker.storage.documents import Document

if TYPE_CHECKING:
    from broker.services.partners import Partners


class Shelf:
    """The documents of one partner during one step of one login: the rows are read once."""

    def __init__(self, partners: Partners, partner: PartnerFile, *, ahead: int = 0) -> None:
        """ahead: seconds for which a document should still be fresh, for whoever renews in time."""
        self._partners = partners
        self._partner = partner
        self._ahead = ahead
        self._rows: Mapping[str, Document] | None = None
        self._held_back = False  # a refresh of the keys was wanted within the interval of the last one

    def _kept(self) -> Mapping[str, Document]:
        if self._rows is None:
            self._rows = self._partners.rows(self._partner.id)
        return self._rows

    def discovery(self) -> Mapping[str, Any]:
        """The discovery document, checked when it was fetched and again when it is used."""
        issuer, oidc = self._partner.issuer, self._partner.oidc
        url = oidc.discovery if oidc is not None and oidc.discovery is not None else discovery_url(issuer)
        return self._partners.document(
            self._partner,
            self._kept(),
            "discovery",
            url,
            lambda http: fetch_discovery(http, issuer, url),
            refresh=False,
            ahead=self._ahead,
        )

    def keys(self, unknown: bool) -> Mapping[str, Any]:
        """The key set; `unknown`: a token names a key that is not in it (HO-6)."""
        url = str(self.discovery()["jwks_uri"])
        return self._partners.document(
            self._partner,
            self._kept(),
            "jwks",
            url,
            lambda http: fetch_jwks(http, url),
            refresh=unknown,
            ahead=self._ahead,
            held_back=self._hold_back,
        )

    def _hold_back(self) -> None:
        self._held_back = True

    def held_back(self) -> bool:
        """Whether a new key may be out that we did not look for, because we took up another one within the interval."""
        return self._held_back and self._partners.changed_keys(self._partner.id)
