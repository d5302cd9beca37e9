"""Access to the management API: which application a token belongs to, and how many requests it may make (AD-04)."""

from __future__ import annotations

from broker.domain.errors import OAuthError
from broker.services.core import Core
from broker.services.rate_limits import RateLimits
from broker.storage.oauth import api_tokens

REQUESTS = 6000  # of one application in WINDOW seconds
WINDOW = 60


class ApiAccess:
    """Each request asks again, so a token that is revoked, or an application whose file is gone, ends at once."""

    def __init__(self, core: Core, rate_limits: RateLimits, requests: int = REQUESTS) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._rate_limits = rate_limits
        self._requests = requests

    def admit(self, token: str) -> str:
        """The client id of a token's application. Only tokens of the client credentials grant are known here: never a person's.

        Raises OAuthError(invalid_token), TooManyAttempts.
        """
        with self._db.read() as tx:
            client_id = api_tokens.holder(tx, token, self._clock())
        file = self._settings().applications.get(client_id or "")
        if client_id is None or file is None or not file.api_permissions:
            raise OAuthError("invalid_token", "api_token_unknown")
        self._rate_limits.hit(f"api:{client_id}", limit=self._requests, window=WINDOW)
        return client_id
