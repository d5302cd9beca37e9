"""Authenticates the caller of the token, introspection or revocation endpoint, and limits wrong attempts (HP-4, HP-26, TK-13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.domain.audit import Actor, Event
from broker.domain.errors import OAuthError
from broker.domain.ids import digest
from broker.domain.network import counted
from broker.jose.certificates import ClientCertificate
from broker.provider.application import PRIVATE_KEY_JWT, PUBLIC, SECRET, SELF_SIGNED_TLS, TLS, TRUSTED_ISSUER, ApplicationView
from broker.provider.client_authentication import Keys, Once, authenticate, method_of, read_credentials
from broker.provider.client_certificate import Registered
from broker.provider.workload_assertion import WorkloadKeys, WorkloadProof
from broker.services.core import Core
from broker.services.history import audit
from broker.services.rate_limits import RateLimits
from broker.storage.factors import single_use

FAILURES = 20  # of one client and address in WINDOW seconds
WINDOW = 600
_METHODS = {
    PUBLIC: "no credential",
    SECRET: "client_secret",
    PRIVATE_KEY_JWT: "private_key_jwt",
    TRUSTED_ISSUER: "trusted_issuers",
    TLS: TLS,
    SELF_SIGNED_TLS: SELF_SIGNED_TLS,
}


class Clients:
    """Client authentication."""

    def __init__(
        self,
        core: Core,
        applications: Callable[[str], ApplicationView | None],
        rate_limits: RateLimits,
        keys: Keys,
        registered: Registered,
        workload_keys: WorkloadKeys,
    ) -> None:
        """keys, registered: the public keys and the certificates of an application (services/oauth/client_jwks.py). workload_keys:
        of a trusted issuer (services/oauth/issuer_keys.py).
        """
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._applications = applications
        self._rate_limits = rate_limits
        self._keys = keys
        self._workload_keys = workload_keys
        self._registered = registered

    def authenticate(
        self, authorization: str | None, form: Mapping[str, str], address: str, certificate: ClientCertificate | None = None
    ) -> ApplicationView:
        """The application that sent this request, authenticated by its method; a public one is only named.

        certificate: of the connection to the proxy.
        Raises OAuthError, and TooManyAttempts after FAILURES wrong attempts for this client from this address. Other addresses
        are not affected.
        """
        given = read_credentials(authorization, form)
        application = self._applications(given.client_id)
        key = self._key(given.client_id if application else "", address)
        method = method_of(given, application)
        if method != PUBLIC:
            self._rate_limits.check(key, limit=FAILURES, window=WINDOW)
        try:
            once = authenticate(
                given,
                application,
                issuer=self._settings().issuer,
                keys=self._keys,
                workload_keys=self._workload_keys,
                registered=self._registered,
                certificate=certificate,
                now=self._clock(),
            )
            self._take(given.client_id, once)
        except OAuthError as error:
            self._rate_limits.hit(key, limit=FAILURES, window=WINDOW)
            if application is None:
                raise error.of_application("", given.client_id) from error
            raise error.of_application(application.client_id, *_methods(method, application)) from error
        if application is None:
            raise OAuthError("invalid_client", "client_unknown")
        return application

    @staticmethod
    def _key(client_id: str, address: str) -> str:
        """The key of a counter. All unknown clients of one address share a key, so that strangers cannot fill the table."""
        return f"client:{digest(f'{client_id}/{counted(address)}')}"

    def _take(self, client_id: str, once: Once | WorkloadProof | None) -> None:
        """Stores the mark of an assertion in its own transaction: it stays used even if the request fails (HP-58)."""
        if once is None:
            return
        with self._db.write() as tx:
            if not single_use.once(tx, "client_assertion", once.value, once.expires_at, made_at=once.made_at):
                raise OAuthError("invalid_client", "client_jti_replay")
            if isinstance(once, WorkloadProof):
                data: dict[str, object] = {"issuer": once.workload.issuer, "subject": once.workload.subject}
                event = Event(name="client.workload_proven", actor=Actor.application(client_id), data=data)
                audit.record(tx, event, self._clock())


def _methods(method: str, application: ApplicationView) -> tuple[str, tuple[str, ...]]:
    """The method of the request and the one of the file; empty if they are the same. A secret is never shown."""
    if method == application.client_type or (method, application.client_type) == (PRIVATE_KEY_JWT, TRUSTED_ISSUER):
        return "", ()
    return _METHODS[method], (_METHODS[application.client_type],)
