"""What the keys of an application's file must say together, before its values are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.settings import fapi
from broker.settings.application_file import CREDENTIALS
from broker.settings.errors import Problem


def shape(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """One credential, or none (HP-22); what needs a credential has one."""
    given = [name for name in CREDENTIALS if name in raw]
    for name in given[1:]:
        yield Problem(f"stands beside {given[0]}; keep one of the two", at=(name,))
    if not given and raw.get("api_permissions"):
        message = (
            "are for programs that prove themselves; write client_secret, jwks, jwks_uri or trusted_issuers too, or remove them"
        )
        yield Problem(message, at=("api_permissions",))
    if raw.get("dpop_bound_access_tokens") is True:
        for name in (name for name in ("api_permissions", "delegated_permissions") if raw.get(name)):
            message = f"stands beside {name}, but the management API takes bearer tokens; use two applications"
            yield Problem(message, at=("dpop_bound_access_tokens",))
    yield from _workload(raw)
    yield from _certificates(raw, given)
    yield from _devices(raw)
    yield from fapi.missing(raw)
    for what in ("userinfo", "id_token"):
        alg, enc = f"{what}_encrypted_response_alg", f"{what}_encrypted_response_enc"
        if raw.get(enc) is not None and raw.get(alg) is None:
            yield Problem(f"stands without {alg}; write both", at=(enc,))
        if raw.get(alg) is not None and raw.get("jwks") is None and raw.get("jwks_uri") is None:
            yield Problem("needs a public key of the application; write jwks or jwks_uri with a key of `use: enc`", at=(alg,))
    own, roles = raw.get("self_service"), raw.get("roles")
    role = own.get("role") if isinstance(own, dict) else None
    if role is not None and role not in (roles if isinstance(roles, list) else ()):
        yield Problem("{value} is none of the roles of this file; write one of `roles`", role, at=("self_service", "role"))


def _workload(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """The token of a workload gets a token of the management API, and nothing about a person."""
    if "trusted_issuers" not in raw:
        return
    if not raw.get("api_permissions"):
        yield Problem("needs api_permissions: it is for programs of the management API", at=("trusted_issuers",))
    if raw.get("redirect_uris"):
        yield Problem("stands beside redirect_uris, but people sign in elsewhere; use two applications", at=("trusted_issuers",))


def _certificates(raw: Mapping[str, Any], given: Sequence[str]) -> Iterator[Problem]:
    """RFC 8705 2.2, 4: a certificate that nobody issued is registered; a bound refresh token needs an authenticated application."""
    if raw.get("self_signed_tls_client_auth") is True and not {"jwks", "jwks_uri"} & set(given):
        yield Problem(
            "needs its certificates; write jwks or jwks_uri with a key that has x5c", at=("self_signed_tls_client_auth",)
        )
    bound = "tls_client_certificate_bound_access_tokens"
    if raw.get(bound) is True and not given:
        yield Problem(
            "is for applications that prove themselves; write client_secret, jwks, jwks_uri or tls_client_auth", at=(bound,)
        )


def _devices(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """A sign-in for a device is not pushed, and our page begins it: its code is bound to no key of the application (RFC 8628 3.1)."""
    if raw.get("device_grant") is not True:
        return
    for name in ("fapi", "require_pushed_authorization_requests"):
        if raw.get(name) is True:
            message = f"stands beside {name}, but a device's request is not pushed (RFC 9126 6); use two applications"
            yield Problem(message, at=("device_grant",))
