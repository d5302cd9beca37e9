"""Access to the management API: whose token it is, and how many requests its application may make (AD-04)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.domain.errors import OAuthError
from broker.domain.policy import Rulebook
from broker.jose.certificates import ClientCertificate
from broker.provider.application import ApplicationView
from broker.provider.client_certificate import check_holder
from broker.services.core import Core
from broker.services.oauth.token_desk import holding
from broker.services.rate_limits import RateLimits
from broker.storage.engine import Connection
from broker.storage.oauth import api_tokens, tokens

REQUESTS = 6000  # of one application in WINDOW seconds
WINDOW = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who may ask. person_id: for whom the application asks, None: for itself. permissions: those that it may use for the person.

    proven_at: of the grant (`Grant.proven_at`).
    """

    client_id: str
    person_id: str | None = None
    permissions: frozenset[str] = frozenset()
    proven_at: int | None = None


class ApiAccess:
    """Each request asks again, so a token that is revoked, or an application whose file is gone, ends at once."""

    def __init__(
        self,
        core: Core,
        rate_limits: RateLimits,
        applications: Callable[[str], ApplicationView | None],
        policies: Callable[[], Rulebook],
        requests: int = REQUESTS,
    ) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._rate_limits = rate_limits
        self._application = applications
        self._policies = policies
        self._requests = requests

    def admit(self, token: str, certificate: ClientCertificate | None = None) -> Admission:
        """Who a token speaks for. A person's token opens this API if it has a scope of it, and no resource of another API.
        certificate: of the connection; a token that is bound to one works with it alone (RFC 8705 3).

        Raises OAuthError(invalid_token), TooManyAttempts.
        """
        with self._db.read() as tx:
            own = api_tokens.holder(tx, token, self._clock())
            found = self._delegated(tx, token, certificate) if own is None else self._program(*own, certificate)
        self._rate_limits.hit(f"api:{found.client_id}", limit=self._requests, window=WINDOW)
        return found

    def _program(self, client_id: str, x5t: str | None, certificate: ClientCertificate | None) -> Admission:
        check_holder(x5t, certificate, self._clock())
        file = self._settings().applications.get(client_id)
        if file is None or not file.api_permissions:
            raise OAuthError("invalid_token", "api_token_unknown")
        return Admission(client_id=client_id)

    def _delegated(self, tx: Connection, value: str, certificate: ClientCertificate | None) -> Admission:
        """The grant holds by the files, consents and policies of this moment (HP-36)."""
        now, settings = self._clock(), self._settings()
        token = tokens.access(tx, value, now)
        application = None if token is None else self._application(token.standing.grant.client_id)
        if token is None or application is None or set(token.audience) - {settings.issuer}:  # a JWT without a resource is for us
            raise OAuthError("invalid_token", "api_token_unknown")
        if token.jkt is not None:
            raise OAuthError("invalid_token", "token_key")  # RFC 9449 7.2: never as a bearer token, and this API reads no proof
        check_holder(token.x5t, certificate, now)
        grant = holding(token.standing, application, self._policies(), settings, now, "invalid_token")
        ours = f"{settings.issuer.rstrip('/')}/"
        permissions = frozenset(one.removeprefix(ours) for one in application.permitted(token.scopes) if one.startswith(ours))
        if not permissions:
            raise OAuthError("invalid_token", "api_scope_missing")
        return Admission(
            client_id=application.client_id, person_id=grant.person_id, permissions=permissions, proven_at=grant.proven_at
        )
