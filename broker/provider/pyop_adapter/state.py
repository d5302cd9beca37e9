"""Our grants as pyop's state: each method that pyop calls runs one or two statements of the caller's transaction (HP-2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyop.access_token import AccessToken
from pyop.message import AuthorizationRequest

from broker.domain.errors import OAuthError
from broker.domain.login import Grant


@dataclass(frozen=True, slots=True)
class Bound:
    """A grant with what its code is bound to (HP-29)."""

    grant: Grant
    redirect_uri: str
    challenge: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The grant and the scopes of an access token."""

    grant: Grant
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The acts of one request in its transaction; each raises OAuthError for a refusal.

    make_code: inserts grant and code. take_code: uses the code up (HP-30) and checks what it is bound to.
    make_access: -> (value, seconds). make_refresh: None without offline_access (HP-33). find_access: a live token.
    """

    make_code: Callable[[Bound], str] | None = None
    take_code: Callable[[str], Bound] | None = None
    make_access: Callable[[Grant], tuple[str, int]] | None = None
    make_refresh: Callable[[Grant], str | None] | None = None
    find_access: Callable[[str], Granted] | None = None


class GrantState:
    """The part of pyop's AuthorizationState that its Provider calls, for one grant of one request (HP-6)."""

    stateless = False

    def __init__(
        self, store: Store, names: Callable[[Grant, str, Iterable[str]], Iterable[str]], bound: Bound | None = None
    ) -> None:
        """names: (grant, "id_token" or "userinfo", scopes) -> the claims that go there. bound: known before a code is made."""
        self._store = store
        self._names = names
        self._bound = bound
        self._scopes: tuple[str, ...] = ()
        self.subject_identifiers: dict[str, Any] = {}

    @property
    def grant(self) -> Grant:
        """The grant of this request."""
        return self._found().grant

    def _found(self) -> Bound:
        if self._bound is None:
            raise OAuthError("server_error", "no_grant")
        return self._bound

    def _message(self, part: str, scopes: Iterable[str]) -> AuthorizationRequest:
        """The authorization request as pyop's message, built from stored values only (HP-3)."""
        bound, scopes = self._found(), tuple(scopes)
        message = AuthorizationRequest(
            client_id=bound.grant.client_id,
            redirect_uri=bound.redirect_uri,
            response_type="code",
            scope=list(scopes),
            claims={part: dict.fromkeys(self._names(bound.grant, part, scopes))},
        )
        if bound.grant.nonce is not None:
            message["nonce"] = bound.grant.nonce
        if bound.challenge is not None:
            message["code_challenge"] = bound.challenge
            message["code_challenge_method"] = "S256"
        return message

    # --- authorize

    def request(self) -> AuthorizationRequest:
        """The message for `Provider.authorize`."""
        return self._message("id_token", self.grant.scopes)

    def get_subject_identifier(self, _subject_type: str, _user_id: str, _sector: str | None = None) -> str:
        """The grant's sub: made by storage/directory/subjects.py; pyop's sectors are not used (HT-7)."""
        return self.grant.sub

    def create_authorization_code(self, _request: Any, _sub: str, **_ignored: Any) -> str:
        """Inserts grant and code; returns the code."""
        return str(_given(self._store.make_code)(self._found()))

    # --- token

    def get_authorization_request_for_code(self, code: str) -> AuthorizationRequest:
        """Uses the code up: it stays used even if a later check fails (HP-60)."""
        self._bound = _given(self._store.take_code)(code)
        return self._message("id_token", self.grant.scopes)

    def get_subject_identifier_for_code(self, _code: str) -> str:
        """The sub of the grant whose code was taken."""
        return self.grant.sub

    def get_user_id_for_subject_identifier(self, _sub: str) -> str:
        """Our grant's id is pyop's local identifier."""
        return self.grant.id

    def exchange_code_for_token(self, _code: str) -> AccessToken:
        """Inserts an access token."""
        value, seconds = _given(self._store.make_access)(self.grant)
        return AccessToken(value, seconds)

    def create_refresh_token(self, _access_token: str) -> str | None:
        """Inserts family and refresh token, with offline_access."""
        token: str | None = _given(self._store.make_refresh)(self.grant)
        return token

    # --- userinfo

    def introspect_access_token(self, value: str) -> Mapping[str, Any]:
        """Finds a valid access token."""
        granted = _given(self._store.find_access)(value)
        self._bound, self._scopes = Bound(granted.grant, ""), granted.scopes
        return {"active": True, "scope": " ".join(granted.scopes), "sub": granted.grant.sub}

    def get_authorization_request_for_access_token(self, _value: str) -> AuthorizationRequest:
        """The authorization request, with the claims for userinfo."""
        return self._message("userinfo", self._scopes)


def _given(function: Callable[..., Any] | None) -> Callable[..., Any]:
    if function is None:
        raise OAuthError("server_error", "not_in_this_request")
    return function
