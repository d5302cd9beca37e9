"""Grant type refresh_token: the next tokens of a family (RFC 6749 6, HP-34, HP-35)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from broker.domain.errors import OAuthError
from broker.provider import resource_indicators
from broker.provider.grants.desk import TokenDesk
from broker.provider.parameters import required

_RESOURCES = "resources"  # of a stored response, not of the one that is sent


def respond(desk: TokenDesk, form: Mapping[str, str]) -> dict[str, Any]:
    """The next tokens. The ID token has no nonce (Core 12.2). A token that was just replaced gets the response of that moment again."""
    token, asked = required(form, "refresh_token"), resource_indicators.requested(form, desk.application)
    taken = desk.take_refresh(token)
    if taken.family.jkt not in (None, desk.jkt):
        raise OAuthError("invalid_grant", "refresh_key")  # RFC 9449 5: the token of another key; it is not used up
    grant = desk.grant(taken.family.grant_id)
    held = desk.application.permitted(grant.scopes)
    if "offline_access" not in held:
        raise OAuthError("invalid_grant", "offline_access_taken_back")
    scopes = _narrowed(form, held)
    resources = resource_indicators.audience(asked, grant.resources, desk.application)
    if taken.answer is not None:
        return _repeated(taken.answer, scopes, resources)
    access, seconds = desk.make_access(grant, scopes, resources)
    answer: dict[str, Any] = {"access_token": access, "token_type": desk.token_type, "expires_in": seconds}
    answer |= {"refresh_token": token if taken.stays else desk.make_refresh(taken.family), "scope": " ".join(scopes)}
    if "openid" in scopes:
        names = desk.names(grant, "id_token", scopes)
        claims = {name: grant.claims[name] for name in names if name in grant.claims}
        answer["id_token"] = desk.sign(grant, claims, None, access)
    if taken.stays:
        return answer
    desk.keep_answer(token, taken.family, {**answer, _RESOURCES: list(resources)})
    return answer


def _repeated(answer: Mapping[str, Any], scopes: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    """The same response, for a request of the same scopes and resources; another request is refused and ends nothing."""
    if answer["scope"] != " ".join(scopes):
        raise OAuthError("invalid_scope", "scope_of_a_replaced_token")
    if answer.get(_RESOURCES, []) != list(resources):
        raise OAuthError("invalid_target", "resource_of_a_replaced_token")
    return {name: value for name, value in answer.items() if name != _RESOURCES}


def _narrowed(form: Mapping[str, str], granted: Iterable[str]) -> tuple[str, ...]:
    """The requested scopes, never more than were granted; all of them without a request."""
    held = tuple(granted)
    asked = [scope for scope in form.get("scope", "").split(" ") if scope]
    if not set(asked) <= set(held):
        raise OAuthError("invalid_scope", "scope_larger")
    return tuple(scope for scope in held if scope in asked) if asked else held
