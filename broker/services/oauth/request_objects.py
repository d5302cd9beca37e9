"""Verifies request objects (RFC 9101) with the keys of the application that signed them."""

from __future__ import annotations

from broker.provider.application import ApplicationView
from broker.provider.request_object import Keys, Pairs, read_request_object
from broker.services.core import Core


class RequestObjects:
    """The parameters of request objects."""

    def __init__(self, core: Core, keys: Keys) -> None:
        """keys: the public keys of an application (services/oauth/client_jwks.py)."""
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys

    def parameters(self, token: str, application: ApplicationView) -> Pairs:
        """The parameters of a signed object of this application. Raises OAuthError."""
        return read_request_object(token, application, issuer=self._settings().issuer, keys=self._keys, now=self._clock())
