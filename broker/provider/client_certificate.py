"""Client authentication by certificate (RFC 8705 2), and the certificate that a token is bound to (RFC 8705 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from broker.domain.errors import OAuthError
from broker.jose.certificates import ClientCertificate
from broker.provider.application import SELF_SIGNED_TLS, TLS, ApplicationView

METHODS = (TLS, SELF_SIGNED_TLS)

Registered = Callable[[ApplicationView, bool], Collection[bytes]]  # (application, fetch again) -> the certificates of its key set


def check_client(
    certificate: ClientCertificate | None, application: ApplicationView, *, registered: Registered, now: int
) -> None:
    """The application of its file has this certificate. Raises OAuthError(invalid_client)."""
    if certificate is None:
        raise OAuthError("invalid_client", "certificate_missing")
    if not certificate.is_current(now):
        raise OAuthError("invalid_client", "certificate_time")
    if application.client_type == TLS:
        if not certificate.is_issued_by(application.certificate_authorities, now):
            raise OAuthError("invalid_client", "certificate_authority")
        if not certificate.has_name(*application.certificate_name):
            raise OAuthError("invalid_client", "certificate_name")
    elif certificate.der not in registered(application, False) and certificate.der not in registered(application, True):
        raise OAuthError("invalid_client", "certificate_unknown")


def to_bind(application: ApplicationView, certificate: ClientCertificate | None, now: int) -> str | None:
    """The thumbprint that new access tokens are bound to; None for an application whose file does not ask for it.

    Raises OAuthError(invalid_request).
    """
    if not application.certificate_bound:
        return None
    if certificate is None:
        raise OAuthError("invalid_request", "certificate_missing")
    if not certificate.is_current(now):
        raise OAuthError("invalid_request", "certificate_time")
    return certificate.thumbprint


def check_holder(x5t: str | None, certificate: ClientCertificate | None, now: int) -> None:
    """A bound token comes over a connection with its certificate (RFC 8705 3). Raises OAuthError(invalid_token)."""
    if x5t is None:
        return
    if certificate is None or certificate.thumbprint != x5t or not certificate.is_current(now):
        raise OAuthError("invalid_token", "token_certificate")
