"""What a grant type may do: one request of one authenticated application, in one transaction at one moment (HP-6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.errors import OAuthError
from broker.domain.login import Grant
from broker.domain.token import RefreshFamily, SpentCode, TakenRefresh
from broker.provider.application import ApplicationView


class CommittedRefusal(OAuthError):
    """A refusal after which the transaction is committed: a used code stays used, a replay ends its grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDesk:
    """The application and the acts of one request. services/oauth/token_desk.py makes it.

    take_code, take_refresh: use up a code or a refresh token, once; raise OAuthError for an unknown or used one.
    take_device: spends a device code that a person allowed, and returns their grant's id; raises OAuthError until then.
    keep_answer: (refresh token that was used up, its family, response), so that take_refresh can repeat it for `tokens.refresh_grace`.
    grant, new_grant: the grant of an id, if it still holds; new_grant directly after its sign-in was judged.
    names: (grant, "id_token" or "userinfo", scopes) -> the claims that go there. make_access: (grant, scopes, resources) -> (token,
    seconds).
    make_refresh: the next token of a family. sign: (grant, claims, nonce, access token) -> ID token.
    jkt: the thumbprint of the key that this request proved (RFC 9449), None without; access tokens are bound to it.
    make_api_token: -> (token, seconds), for the application itself. api_scopes: those that stand for the management API.
    """

    application: ApplicationView
    jkt: str | None
    take_code: Callable[[str], SpentCode]
    take_device: Callable[[str], str]
    take_refresh: Callable[[str], TakenRefresh]
    grant: Callable[[str], Grant]
    new_grant: Callable[[str], Grant]
    names: Callable[[Grant, str, Iterable[str]], list[str]]
    make_access: Callable[[Grant, Iterable[str], Sequence[str]], tuple[str, int]]
    make_family: Callable[[Grant], RefreshFamily]
    make_refresh: Callable[[RefreshFamily], str]
    keep_answer: Callable[[str, RefreshFamily, Mapping[str, Any]], None]
    make_api_token: Callable[[], tuple[str, int]]
    api_scopes: frozenset[str]
    sign: Callable[[Grant, Mapping[str, Any], str | None, str], str]

    @property
    def token_type(self) -> str:
        """Of the access tokens of this request (RFC 6749 7.1, RFC 9449 5)."""
        return "Bearer" if self.jkt is None else "DPoP"
