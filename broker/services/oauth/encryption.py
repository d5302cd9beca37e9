"""Responses that are encrypted for their application (OpenID Connect Core 3.1.3.7, 5.3.2, 16.14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from broker.jose.encoding import dump_json
from broker.jose.encrypt import EncryptionKey, encrypt
from broker.provider.application import ApplicationView


class ResponseEncryption:
    """Encrypts where the application's file says so; the application publishes the key."""

    def __init__(self, key: Callable[[ApplicationView, str], EncryptionKey]) -> None:
        """key: (application, alg) -> its key. Raises OAuthError."""
        self._key = key

    def of_id_tokens(self, application: ApplicationView) -> Callable[[str], str]:
        """What an ID token becomes: itself, or a JWE with the signed token inside (Core 2; RFC 7519 5.2, 11.2).

        The key is taken now, before any transaction: it may have to be fetched. Raises OAuthError.
        """
        if application.id_token_encryption is None:
            return _unchanged
        alg, enc = application.id_token_encryption
        return partial(_nested, key=self._key(application, alg), enc=enc)

    def userinfo(self, application: ApplicationView, claims: Mapping[str, Any]) -> str | None:
        """The claims of userinfo as a JWE (Core 5.3.2); None for a response in JSON. Raises OAuthError."""
        if application.userinfo_encryption is None:
            return None
        alg, enc = application.userinfo_encryption
        return encrypt(dump_json(dict(claims)), self._key(application, alg), enc)


def _unchanged(token: str) -> str:
    return token


def _nested(token: str, *, key: EncryptionKey, enc: str) -> str:
    return encrypt(token.encode("ascii"), key, enc, cty="JWT")
