"""The documents of one OIDC partner during one step of a login: the discovery document, and the key set that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.connectors.oidc.discovery import discovery_url, fetch_discovery, fetch_jwks
from broker.services.partners.documents import Fetch, PartnerDocuments
from broker.services.partners.oidc.view import oidc_of
from broker.settings.model import PartnerFile
from broker.storage.partners.documents import StoredDocument

Fetched = tuple[str, Mapping[str, Any], Mapping[str, Any]]  # address, document, the copy before ({} if there was none)


class OidcDocuments:
    """Reads the rows once, so that one step of a login sees one state of the documents."""

    def __init__(self, documents: PartnerDocuments, partner: PartnerFile, *, ahead: int = 0) -> None:
        """ahead: seconds for which a document must still be fresh; else it is fetched again."""
        self._documents = documents
        self._partner = partner
        self._ahead = ahead
        self._rows: Mapping[str, StoredDocument] | None = None
        self._held_back = False  # a refresh of the keys was wanted within the interval of the last one

    def _kept(self) -> Mapping[str, StoredDocument]:
        if self._rows is None:
            self._rows = self._documents.rows(self._partner.id)
        return self._rows

    def discovery(self) -> Mapping[str, Any]:
        """The discovery document; it is checked when it is fetched, and again when it is used."""
        url, fetch = self._of_discovery()
        return self._documents.document(self._partner, self._kept(), "discovery", url, fetch, refresh=False, ahead=self._ahead)

    def discovery_now(self) -> Fetched:
        """Fetch it now and keep it. Raises PartnerFailed."""
        url, fetch = self._of_discovery()
        found, before = self._documents.fetch_now(self._partner, "discovery", url, fetch)
        self._rows = None
        return url, found, before

    def keys_now(self) -> Fetched:
        """The same for the key set to which the newest discovery points."""
        url = str(self.discovery()["jwks_uri"])
        return url, *self._documents.fetch_now(self._partner, "jwks", url, lambda http: fetch_jwks(http, url))

    def _of_discovery(self) -> tuple[str, Fetch]:
        oidc = oidc_of(self._partner)
        issuer, url = oidc.issuer, oidc.discovery or discovery_url(oidc.issuer)
        return url, lambda http: fetch_discovery(http, issuer, url)

    def keys(self, unknown: bool) -> Mapping[str, Any]:
        """The key set; `unknown`: a token names a key that is not in it (HO-6)."""
        url = str(self.discovery()["jwks_uri"])
        return self._documents.document(
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
        """Whether the partner may have published a key that we did not fetch, because we fetched another new key just before."""
        return self._held_back and self._documents.changed_keys(self._partner.id)
