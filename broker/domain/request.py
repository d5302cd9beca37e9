"""An authorization request after every check of provider/request.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """OpenID Connect Core 3.1.2.1, as one application sent it.

    redirect_uri: verified against the application's file. scopes: known to us and allowed to the application.
    prompt: of none, login, consent, select_account. claims: the `claims` parameter reduced to known names,
    {"id_token": {name: {...}|None}, "userinfo": {...}}. hint_subject: of a verified id_token_hint. resources: of the
    application's file (RFC 8707). dpop_jkt: the thumbprint of the key to which the code is bound (RFC 9449 10).
    """

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    response_mode: str = "query"
    code_challenge: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    login_hint: str | None = None
    domain_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    hint_subject: str | None = None
    requested_subject: tuple[str, ...] = ()
    dpop_jkt: str | None = None
    resources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object for the login's row."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> AuthorizationRequest:
        """The inverse of `to_json`; it ignores members that another version of the broker wrote."""
        tuples = ("scopes", "prompt", "acr_values", "ui_locales", "requested_subject", "resources")
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        return cls(**{**known, **{name: tuple(value.get(name, ())) for name in tuples}})
