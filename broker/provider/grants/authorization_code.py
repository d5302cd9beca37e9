"""Grant type authorization_code: a code for tokens, once (RFC 6749 4.1.3, HP-30 to HP-33)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from broker.domain.errors import OAuthError
from broker.domain.login import Grant
from broker.domain.token import SpentCode
from broker.provider import pkce, resource_indicators
from broker.provider.grants.desk import CommittedRefusal, TokenDesk
from broker.provider.parameters import required

if TYPE_CHECKING:
    from broker.provider.pyop_adapter.state import Bound


def respond(desk: TokenDesk, form: Mapping[str, str]) -> dict[str, Any]:
    """The tokens of a code. After the code is used, each refusal is committed, so that it stays used (HP-32, HP-60)."""
    from broker.provider.pyop_adapter.op import Provider
    from broker.provider.pyop_adapter.state import Bound, GrantState, Store

    application = desk.application
    asked = resource_indicators.requested(form, application)
    request = {"grant_type": "authorization_code"} | {name: required(form, name) for name in ("code", "redirect_uri")}
    request |= {"code_verifier": form["code_verifier"]} if "code_verifier" in form else {}

    def take(code: str) -> Bound:
        spent = desk.take_code(code)
        _check_binding(spent, request, application.client_id)
        if spent.jkt not in (None, desk.jkt):
            raise OAuthError("invalid_grant", "code_key")  # RFC 9449 10: the code of another key
        return Bound(desk.new_grant(spent.grant_id), spent.redirect_uri, spent.challenge)

    def make_access(grant: Grant) -> tuple[str, int]:
        resources = resource_indicators.audience(asked, grant.resources, application)
        return desk.make_access(grant, application.permitted(grant.scopes), resources)

    def make_refresh(grant: Grant) -> str | None:
        if "offline_access" not in application.permitted(grant.scopes):  # HP-33
            return None
        return desk.make_refresh(desk.make_family(grant))

    store = Store(
        take_code=take,
        make_access=make_access,
        make_refresh=make_refresh,
    )
    state = GrantState(store, desk.names)
    try:
        answer = Provider(client_id=application.client_id, state=state, sign=desk.sign, form=request).tokens()
    except OAuthError as error:
        refusal = CommittedRefusal(error.error, error.reason)
        refusal.mistake = error.mistake
        raise refusal from error
    return {**answer, "token_type": desk.token_type, "scope": " ".join(application.permitted(state.grant.scopes))}


def _check_binding(spent: SpentCode, request: Mapping[str, str], client_id: str) -> None:
    """The one comparison of redirect_uri (RFC 6749 4.1.3) and PKCE (RFC 7636 4.6) with what the code is bound to."""
    given = request["redirect_uri"]
    if spent.redirect_uri != given:
        raise OAuthError("invalid_grant", "code_proof").of_application(client_id, given, (spent.redirect_uri,))
    verifier = request.get("code_verifier")
    if not pkce.proves(spent.challenge, verifier):
        raise OAuthError("invalid_grant", "code_proof").of_application(client_id, *_proofs(spent.challenge, verifier))


def _proofs(challenge: str | None, verifier: str | None) -> tuple[str, tuple[str, ...]]:
    """For the application's team: the PKCE proof of the token request, and the expected one."""
    if challenge is None:
        return "a code_verifier", ("none: the authorization request had no code_challenge",)
    wanted = ("the code_verifier of which the code_challenge is the SHA-256",)
    return ("no code_verifier" if verifier is None else "another code_verifier"), wanted
