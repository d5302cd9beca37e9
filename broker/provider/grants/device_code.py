"""Grant type device_code: the tokens of a sign-in that a person made on our page (RFC 8628 3.4, 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.errors import OAuthError
from broker.provider import resource_indicators
from broker.provider.grants.desk import TokenDesk
from broker.provider.parameters import required


def respond(desk: TokenDesk, form: Mapping[str, str]) -> dict[str, Any]:
    """The tokens, once; the grant is judged like that of a code."""
    application = desk.application
    asked = resource_indicators.requested(form, application)
    grant = desk.grant(desk.take_device(required(form, "device_code")))
    scopes = application.permitted(grant.scopes)
    if "openid" not in scopes:
        raise OAuthError("invalid_grant", "scope_taken_back")
    access, seconds = desk.make_access(grant, scopes, resource_indicators.audience(asked, grant.resources, application))
    answer: dict[str, Any] = {"access_token": access, "token_type": desk.token_type, "expires_in": seconds}
    answer["scope"] = " ".join(scopes)
    if "offline_access" in scopes:  # HP-33
        answer["refresh_token"] = desk.make_refresh(desk.make_family(grant))
    claims = {name: grant.claims[name] for name in desk.names(grant, "id_token", scopes) if name in grant.claims}
    return answer | {"id_token": desk.sign(grant, claims, None, access)}
