"""pyop's Provider on our state, our client authentication and our signer (HP-2, HP-4, HP-60)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyop.provider
from pyop.exceptions import OAuthError as PyopError
from pyop.userinfo import Userinfo

from broker.domain.claims import PROTOCOL, SCOPES
from broker.domain.errors import OAuthError
from broker.domain.login import Grant
from broker.provider.pyop_adapter.quiet import quiet
from broker.provider.pyop_adapter.state import GrantState

quiet("pyop", "oic", "jwkest")

_REFUSED = {"invalid_grant": "invalid_grant", "invalid_token": "invalid_token", "invalid_scope": "invalid_scope"}

Sign = Callable[[Grant, Mapping[str, Any], str | None, str], str]


class _GrantClaims(Mapping[str, Mapping[str, Any]]):
    """pyop's user database of one entry: the frozen claims of this request's grant."""

    def __init__(self, state: GrantState) -> None:
        self._state = state

    def __getitem__(self, _grant_id: str) -> Mapping[str, Any]:
        return {name: value for name, value in self._state.grant.claims.items() if name not in PROTOCOL}

    def __iter__(self) -> Iterator[str]:
        return iter([self._state.grant.id])

    def __len__(self) -> int:
        return 1


class Provider(pyop.provider.Provider):  # type: ignore[misc]  # pyop carries no types
    """One object for one request, one transaction and one client (HP-6)."""

    def __init__(
        self, *, client_id: str, state: GrantState, sign: Sign | None = None, form: Mapping[str, str] | None = None
    ) -> None:
        """client_id: of the authenticated application. form: the parameters of the token request.

        sign: (grant, claims, nonce, access token) -> ID token; None where this request gets none.
        """
        super().__init__(None, _configuration(), state, {client_id: {}}, Userinfo(_GrantClaims(state)), extra_scopes=_extra())
        self._sign = sign
        self._form = {**(form or {}), "client_id": client_id}

    def code(self, grant_id: str) -> str:
        """Inserts the grant that `state` is bound to; returns the code."""
        return str(self._call(lambda: self.authorize(self.authz_state.request(), grant_id))["code"])

    def tokens(self) -> dict[str, Any]:
        """Exchanges the code of the form for an access token, an ID token and, with offline_access, a refresh token. Raises OAuthError."""
        return dict(self._call(lambda: self.handle_token_request("")).to_dict())

    def claims_for(self, access_token: str) -> dict[str, Any]:
        """The userinfo of an access token. Raises OAuthError."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return dict(self._call(lambda: self.handle_userinfo_request("", headers)).to_dict())

    @staticmethod
    def _call(step: Callable[[], Any]) -> Any:
        """Turns an error of pyop into ours, without its text (HW-1)."""
        try:
            return step()
        except PyopError as error:
            raise OAuthError(_REFUSED.get(error.oauth_error, "invalid_request"), f"pyop_{type(error).__name__}") from None

    def _verify_client_authentication(self, _request_body: str, _http_headers: Any = None) -> dict[str, str]:
        """The form of the client that provider/client_authentication.py authenticated."""
        return dict(self._form)

    def _create_signed_id_token(
        self,
        _client_id: str,
        _sub: str,
        user_claims: Mapping[str, Any] | None = None,
        nonce: str | None = None,
        _authorization_code: str | None = None,
        access_token_value: str | None = None,
        _extra: Any = None,
    ) -> str:
        """Our signer, our at_hash, our protocol claims."""
        if self._sign is None:
            raise OAuthError("server_error", "nothing_is_signed_here")
        return self._sign(self.authz_state.grant, user_claims or {}, nonce, access_token_value or "")


def _extra() -> dict[str, list[str]]:
    return {"groups": list(SCOPES["groups"]), "roles": list(SCOPES["roles"])}


_NOWHERE = "https://broker.invalid"  # reserved name, RFC 6761 6.4


def _configuration() -> dict[str, Any]:
    """The values that pyop's constructor requires (https, even if a demo's issuer is http on loopback). None is published.

    The issuer of tokens comes from the signer, the discovery document from provider/discovery.py.
    """
    return {
        "issuer": _NOWHERE,
        "authorization_endpoint": _NOWHERE,
        "jwks_uri": _NOWHERE,
        "token_endpoint": _NOWHERE,
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
