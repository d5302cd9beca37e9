"""RFC 9470: a resource sees how somebody signed in, and its application asks for more."""

from __future__ import annotations

import json

from broker.jose.keys import public_keys
from broker.jose.verify import verify
from broker.provider.request import read_request
from tests.protocol.stage import CALLBACK, SECRETS, Stage

MFA, SFA = "https://refeds.org/profile/mfa", "https://refeds.org/profile/sfa"


def test_a_resource_sees_acr_and_auth_time(calm: Stage):
    """RFC 9470 6.2: introspection has both; they are those of the sign-in, not of the moment of the question."""
    who = calm.person()
    token = calm.tokens(who)["access_token"]
    calm.clock.advance(60)
    said = calm.post("/introspect", {"token": token}, "travel").get_json()
    assert (said["acr"], said["auth_time"]) == (SFA, who.session.auth_time)
    assert said["auth_time"] == calm.clock() - 60


def test_a_jwt_has_them_too(stage: Stage):
    """RFC 9470 6.1, RFC 9068 2.2.1."""
    stage.write(
        "applications/travel.yaml",
        f"name: Travel\nclient_secret: '{SECRETS['travel']}'\nredirect_uris: ['{CALLBACK['travel']}']\naccess_tokens: jwt\n",
    )
    who = stage.person(application="travel")
    token = stage.tokens(who, "travel")["access_token"]
    said = verify(token, public_keys(stage.get("/jwks").get_json()), ["RS256"], typ=("at+jwt",)).claims
    assert (said["acr"], said["auth_time"]) == (SFA, who.session.auth_time)


def test_the_application_passes_the_challenge_on(calm: Stage):
    """RFC 9470 4: acr_values and max_age of the challenge go into the authorization request, where the gates judge them."""
    pairs = [("client_id", "payroll"), ("redirect_uri", CALLBACK["payroll"]), ("response_type", "code"), ("scope", "openid")]
    pairs += [("acr_values", MFA), ("max_age", "5")]
    grants = calm.broker.oauth.grants
    read = read_request(pairs, applications=calm.broker.access.applications.view, hint=grants.hint)
    assert (read.acr_values, read.max_age) == ((MFA,), 5)


def test_more_than_a_session_can_show_needs_the_person(calm: Stage):
    """RFC 9470 5: what the session does not meet is not answered with a token of the old level."""
    who = calm.person()
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})
    assert calm.silent(who, claims=claims)[1]["error"] == "interaction_required"
    calm.clock.advance(60)
    assert calm.silent(who, max_age="5")[1]["error"] == "login_required"
