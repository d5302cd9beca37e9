"""Applications: turns a file into the provider's view of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from broker.domain.origin import origin_of, origin_text
from broker.jose.algorithms import FAPI_ALGORITHMS, OUR_ALGORITHMS
from broker.provider.application import ApplicationView, Workload
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings


def application_view(file: ApplicationFile, issuer: str) -> ApplicationView:
    """The provider's view; of the secret only its SHA-256 (HP-23)."""
    secret = file.client_secret
    return ApplicationView(
        client_id=file.client_id,
        name=file.name,
        client_type=file.client_type,
        redirect_uris=tuple(file.redirect_uris),
        secret_digest=None if secret is None else hashlib.sha256(secret.get_secret_value().encode()).digest(),
        jwks=file.jwks,
        jwks_uri=None if file.jwks_uri is None else str(file.jwks_uri),
        workloads=tuple(Workload(one.issuer, one.subject, one.audience) for one in file.trusted_issuers),
        post_logout_redirect_uris=tuple(file.post_logout_redirect_uris),
        subject_type=file.subject_type,
        alg=file.id_token_signed_response_alg,
        scopes=frozenset((*file.scopes, *(f"{issuer.rstrip('/')}/{name}" for name in file.delegated_permissions))),
        claims=dict(file.claims),
        audiences=frozenset(file.audiences),
        assignment_required=file.assignment_required,
        api_permissions=tuple(file.api_permissions),
        roles=frozenset(file.roles),
        require_pkce=file.require_pkce or file.fapi,  # FAPI 2.0 5.3.2.1, 5.3.2.2, 5.4.1
        bound_access_tokens=file.dpop_bound_access_tokens or (file.fapi and not file.tls_client_certificate_bound_access_tokens),
        certificate_bound=file.tls_client_certificate_bound_access_tokens,
        certificate_authorities="" if file.tls_client_auth is None else file.tls_client_auth.authorities,
        certificate_name=("", "") if file.tls_client_auth is None else file.tls_client_auth.name,
        require_pushed_requests=file.require_pushed_authorization_requests or file.fapi,
        rotating_refresh=not file.fapi,
        signing_algorithms=FAPI_ALGORITHMS if file.fapi else OUR_ALGORITHMS,
        id_token_claims=frozenset(file.id_token_claims),
        assertion_audience=frozenset(file.client_assertion_audience),
        jwt_access_tokens=file.access_tokens == "jwt",
        resources=tuple(file.resources),
        device_grant=file.device_grant,
        id_token_encryption=_encryption(file.id_token_encrypted_response_alg, file.id_token_encrypted_response_enc),
        userinfo_encryption=_encryption(file.userinfo_encrypted_response_alg, file.userinfo_encrypted_response_enc),
    )


def _encryption(alg: str | None, enc: str | None) -> tuple[str, str] | None:
    """Alg and enc; the default of enc is that of OpenID Connect Dynamic Client Registration 2."""
    return None if alg is None else (alg, enc or "A128CBC-HS256")


class Applications:
    """The applications of the files in force."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._held: tuple[Settings, dict[str, ApplicationView]] | None = None

    def view(self, client_id: str) -> ApplicationView | None:
        """One application, None if no file names it. Cached for one version of the files."""
        settings, held = self._settings(), self._held
        if held is None or held[0] is not settings:
            held = self._held = (settings, {})
        view = held[1].get(client_id)
        if view is None and (file := settings.applications.get(client_id)) is not None:
            view = held[1][client_id] = application_view(file, settings.issuer)
        return view

    def of_origin(self, origin: str) -> bool:
        """Whether any application's redirect_uris have this origin, written as a browser does (HW-12)."""
        return any(origin in origins(file.redirect_uris) for file in self._settings().applications.values())


def origins(uris: Iterable[str]) -> frozenset[str]:
    """The origins of web addresses as browsers write them: lower case, the scheme's own port left out (RFC 6454 6.2)."""
    return frozenset(origin_text(found) for uri in uris if (found := origin_of(uri)) is not None)
