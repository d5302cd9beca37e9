"""Keys of the issuers whose tokens prove programs: by discovery, one copy for all applications and nodes (RFC 7523 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from broker.connectors.oidc.discovery import discovery_url, fetch_issuer, fetch_jwks
from broker.connectors.outbound.client import HttpClient
from broker.domain.errors import OAuthError
from broker.domain.ids import digest
from broker.jose.keys import PublicKey, public_keys
from broker.services.core import Core
from broker.services.oauth.fetched_documents import DocumentSource, FetchedDocuments


class IssuerKeys:
    """An issuer is always one that a file names: nothing in a token selects or adds a source (HO-2)."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._documents = FetchedDocuments(core, http)

    def of(self, issuer: str, refresh: bool) -> Sequence[PublicKey]:
        """The keys. refresh: a token names an unknown key. Raises OAuthError(invalid_client), JoseError."""
        owner, url = f"issuer {digest(issuer)}", discovery_url(issuer)
        about = DocumentSource(
            owner=owner, kind="issuer_discovery", url=url, own=issuer, fetch=lambda http: fetch_issuer(http, issuer)
        )
        document = self._documents.get(about, refresh=False)
        if document is None:
            raise OAuthError("invalid_client", "client_issuer_unavailable")
        uri = str(document["jwks_uri"])
        keys = DocumentSource(
            owner=owner,
            kind="issuer_jwks",
            url=uri,
            own=issuer,
            fetch=lambda http: fetch_jwks(http, uri),
            event="trusted_issuer.keys_changed",
        )
        found = self._documents.get(keys, refresh=refresh)
        if found is None:
            raise OAuthError("invalid_client", "client_issuer_unavailable")
        return public_keys(found)
