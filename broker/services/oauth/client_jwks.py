"""Key sets of applications with a jwks_uri."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from broker.connectors.oidc.discovery import fetch_jwks
from broker.connectors.outbound.client import HttpClient
from broker.domain.errors import OAuthError
from broker.jose.certificates import registered
from broker.jose.encrypt import EncryptionKey, encryption_key
from broker.jose.keys import PublicKey, public_keys
from broker.provider.application import ApplicationView
from broker.services.core import Core
from broker.services.oauth.fetched_documents import DocumentSource, FetchedDocuments


class ClientKeys:
    """The public keys of applications that authenticate with private_key_jwt: theirs, and those that responses are encrypted with."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._documents = FetchedDocuments(core, http)

    def of(self, application: ApplicationView, refresh: bool) -> Sequence[PublicKey]:
        """The keys. refresh: an assertion names an unknown key. Raises OAuthError(invalid_client), JoseError."""
        return public_keys(self._key_set(application, refresh=refresh))

    def certificates(self, application: ApplicationView, refresh: bool) -> frozenset[bytes]:
        """Its registered certificates (RFC 8705 2.2.2). refresh: a request has an unknown one. Raises OAuthError(invalid_client)."""
        return registered(self._key_set(application, refresh=refresh))

    def encryption_key(self, application: ApplicationView, alg: str) -> EncryptionKey:
        """Its published key for responses that are encrypted for it; an unknown one is fetched once more.

        Raises OAuthError(temporarily_unavailable): without a key nothing is sent, rather than in clear.
        """
        try:
            found = encryption_key(self._key_set(application, refresh=False), alg)
            if found is None and application.jwks_uri is not None:
                found = encryption_key(self._key_set(application, refresh=True), alg)
        except OAuthError as error:
            raise OAuthError("temporarily_unavailable", error.reason) from error
        if found is None:
            raise OAuthError("temporarily_unavailable", "client_encryption_key")
        return found

    def renew(self, client_id: str, url: str, ahead: int) -> bool:
        """Fetches the key set if it will be stale in `ahead` seconds; True if the newest copy is valid."""
        source = _source(client_id, url)
        self._documents.get(source, refresh=False, ahead=ahead)
        return self._documents.is_good(source)

    def _key_set(self, application: ApplicationView, *, refresh: bool) -> Mapping[str, Any]:
        if application.jwks is not None:
            return application.jwks
        found = self._documents.get(_source(application.client_id, application.jwks_uri or ""), refresh=refresh)
        if found is None:
            raise OAuthError("invalid_client", "client_jwks_unavailable")
        return found


def _source(client_id: str, url: str) -> DocumentSource:
    return DocumentSource(
        owner=client_id,
        kind="client_jwks",
        url=url,
        own=url,
        fetch=lambda http: fetch_jwks(http, url),
        event="application.keys_changed",
    )
