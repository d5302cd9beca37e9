"""The documents of an OIDC partner during one step: discovery, and the keys that it points to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from broker.connectors.oidc.discovery import discovery_url, fetch_discovery, fetch_jwks
from broker.settings.model import PartnerFile
from broker.storage.partners.documents import StoredDocument

if TYPE_CHECKING:
    from broker.services.partners.documents import Fetch, Partners

Fetched = tuple[str, Mapping[str, Any], Mapping[str, Any]]  # address, document, the copy before ({} if there was none)


class Shelf:
    """The documents of one partner during one step of one login: the rows are read once."""

    def __init__(self, partners: Partners, partner: PartnerFile, *, ahead: int = 0) -> None:
        """ahead: seconds for which a document should still be fresh, for whoever renews in time."""
        self._partners = partners
        self._partner = partner
        self._ahead = ahead
        self._rows: Mapping[str, StoredDocument] | None = None
        self._held_back = False  # a refresh of the keys was wanted within the interval of the last one

    def _kept(self) -> Mapping[str, StoredDocument]:
        if self._rows is None:
            self._rows = self._partners.rows(self._partner.id)
        return self._rows

    def discovery(self) -> Mapping[str, Any]:
        """The discovery document, checked when it was fetched and again when it is used."""
        url, fetch = self._of_discovery()
        return self._partners.document(self._partner, self._kept(), "discovery", url, fetch, refresh=False, ahead=self._ahead)

    def discovery_now(self) -> Fetched:
        """By hand: fetched at this moment and kept. Raises PartnerFailed."""
        url, fetch = self._of_discovery()
        found, before = self._partners.fetch_now(self._partner, "discovery", url, fetch)
        self._rows = None
        return url, found, before

    def keys_now(self) -> Fetched:
        """The same for the key set to which the newest discovery points."""
        url = str(self.discovery()["jwks_uri"])
        return url, *self._partners.fetch_now(self._partner, "jwks", url, lambda http: fetch_jwks(http, url))

    def _of_discovery(self) -> tuple[str, Fetch]:
        issuer, oidc = self._partner.issuer, self._partner.oidc
        url = oidc.discovery if oidc is not None and oidc.discovery is not None else discovery_url(issuer)
        return url, lambda http: fetch_discovery(http, issuer, url)

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
