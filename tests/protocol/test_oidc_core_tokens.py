"""OpenID Connect Core 2, 5, 8: what a sign-in tells an application, by ID token and userinfo."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from broker.domain.claims import PROTOCOL
from broker.domain.guest import PersonKind
from broker.domain.ids import new_id
from broker.domain.login import application_sid
from broker.provider.tokens import id_token
from broker.storage.directory import assignments, consents, people, subjects
from broker.storage.tables import grants
from tests import factories
from tests.clock import START
from tests.protocol.stage import ALL_SCOPES, ISSUER, Signed, Stage, oauth_error

ACR = "https://refeds.org/profile/mfa"
PROFILE: dict[str, Any] = {
    "given_name": "Ada",
    "family_name": "Fabrik",
    "locale": "nl",
    "phone_number": "+31 20 1234567",
    "phone_number_verified": True,
    "address": {"locality": "Delft", "country": "NL", "geo": "secret"},
    "org_unit": "Finance",
    "groups": ["their-admins"],
    "roles": ["approver"],
    "email": "somebody@else.example",
    "email_verified": True,
    "sub": "their-subject",
    "acr": "phr",
    "iss": "https://evil.example",
    "state": "blocked",
    "id": "x",
}


def ada(stage: Stage, **values: Any) -> Signed:
    """A guest of whom the home organization said a lot."""
    return stage.person(**{"name": "Ada Fabrik", "profile": PROFILE, "language": "", **values})


def test_code_to_tokens_to_userinfo(both: Stage):
    """Core 3.1.3.3, 5.3.2: one sign-in, on both databases; always `scope`, never stored (HP-28)."""
    _, code = both.grant(both.person(name="Ada", profile={"given_name": "Ada"}))
    answer = both.exchange(code)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert body["token_type"] == "Bearer"
    said, info = both.claims(body["id_token"]), both.userinfo(body["access_token"]).get_json()
    assert info["sub"] == said["sub"]
    assert info["given_name"] == "Ada"


def test_protocol_claims(stage: Stage):
    """HP-40, HP-41, HP-49: from the grant as it was frozen; the home organization's `sub`, `acr` and `iss` are not heard."""
    who = ada(stage)
    who = stage.sign_in(who.person, acr=ACR, amr=("pwd", "otp", "mfa"), auth_time=START - 100)
    grant, code = stage.grant(who)
    stage.clock.advance(30)
    said = stage.claims(stage.exchange(code).get_json()["id_token"])
    assert {name: said[name] for name in PROTOCOL & said.keys() if name != "at_hash"} == {
        "iss": ISSUER,
        "sub": grant.sub,
        "aud": "payroll",
        "iat": START + 30,
        "exp": START + 630,
        "auth_time": START - 100,
        "acr": ACR,
        "amr": ["pwd", "otp", "mfa"],
        "sid": application_sid(who.session.sid, "payroll"),
        "idp": "fabrikam",
        "nonce": "n-1",
    }
    assert said["sub"] != "their-subject"


def test_without_nonce(calm: Stage):
    """HP-48: none asked, none said."""
    assert "nonce" not in calm.claims(calm.tokens(nonce=None)["id_token"])


WANTED = {
    "openid": set(),
    "profile": {"name", "given_name", "family_name", "locale", "updated_at"},
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
    "roles": {"roles"},
    "groups": set(),
    "offline_access": set(),
}


@pytest.mark.parametrize("scope", WANTED)
def test_claims_of_a_scope(calm: Stage, scope: str):
    """HP-49, HP-19: Core 5.4, in ID token and userinfo alike; and what the application's file adds."""
    who = ada(calm)
    with calm.broker.core.db.write() as tx:
        assignments.open_for(tx, new_id(), who.person.id, "payroll", "viewer", START)
    body = calm.tokens(who, scopes=tuple(dict.fromkeys(("openid", scope))))
    said = calm.claims(body["id_token"])
    info = calm.userinfo(body["access_token"]).get_json()
    assert set(said) - PROTOCOL == set(info) - {"sub"} == WANTED[scope] | {"department"}
    assert info["department"] == "Finance"


def test_values(calm: Stage):
    """HP-19, Core 5.1: name, address and mail are the directory's; an address has known members; groups are ours, roles assigned."""
    who = ada(calm, email="ada@fabrikam.example", email_verified=False)
    with calm.broker.core.db.write() as tx:
        assignments.open_for(tx, new_id(), who.person.id, "payroll", "viewer", START)
    info = calm.userinfo(calm.tokens(who)["access_token"]).get_json()
    assert info["email"] == "ada@fabrikam.example"
    assert info["email_verified"] is False
    assert info["address"] == {"locality": "Delft", "country": "NL"}
    assert info["roles"] == ["viewer"]
    assert info["locale"] == "nl"
    assert info["updated_at"] == who.person.created_at
    assert "groups" not in info
    assert not {"id", "state", "org_unit", "partner"} & info.keys()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"given_name": ["a", "b"]}, {}),
        ({"given_name": ""}, {}),
        ({"given_name": 7}, {}),
        ({"address": "Markt 1, Delft"}, {"address": {"formatted": "Markt 1, Delft"}}),
        ({"address": {"locality": 7}}, {}),
        ({"address": ["x"]}, {}),
        ({"address": ""}, {}),
        ({"phone_number_verified": "true"}, {}),
        ({"phone_number": "+31"}, {"phone_number": "+31"}),
    ],
)
def test_types(calm: Stage, profile: dict[str, Any], expected: dict[str, Any]):
    """HP-11, Core 5.1: what has not the type of its claim is left out without error."""
    who = calm.person(name="", language="", profile=profile, created_at=START)
    info = calm.userinfo(calm.tokens(who)["access_token"]).get_json()
    own = {"sub", "email", "email_verified", "updated_at"}
    assert {name: value for name, value in info.items() if name not in own} == expected


def test_requested_claims(calm: Stage):
    """HP-49: asked for by name in one place, released in that place; an essential one that we lack is left out."""
    who = ada(calm)
    body = calm.tokens(who, scopes=("openid",), claims={"id_token": {"email": None}, "userinfo": {"name": None, "picture": None}})
    said, info = calm.claims(body["id_token"]), calm.userinfo(body["access_token"]).get_json()
    assert set(said) - PROTOCOL == {"department", "email"}
    assert set(info) == {"sub", "department", "name"}


def test_requested_claims_need_consent_and_permission(calm: Stage):
    """HP-19, HP-61: a claim of a scope that the guest did not agree to, or the file does not allow, is not had by name."""
    little = calm.person(scopes="openid", profile=PROFILE)
    asked = {"userinfo": {"email": None, "phone_number": None}}
    assert "email" not in calm.userinfo(calm.tokens(little, scopes=("openid",), claims=asked)["access_token"]).get_json()
    at_spa = calm.person(scopes="openid profile email phone", application="spa", profile=PROFILE)
    info = calm.userinfo(calm.tokens(at_spa, "spa", scopes=("openid",), claims=asked)["access_token"]).get_json()
    assert set(info) == {"sub", "email"}


def test_scope_beyond_the_consent_is_not_granted(calm: Stage):
    """HP-18, AZ-07: asked and allowed, but not agreed to."""
    body = calm.tokens(calm.person(scopes="openid email"))
    assert body["scope"] == "openid email"
    assert "refresh_token" not in body


def test_members_are_not_asked(calm: Stage):
    """HP-61: their consent counts as given, for what the file allows."""
    member = calm.person(kind=PersonKind.MEMBER, email=f"{new_id()[:8]}@contoso.example")
    assert calm.tokens(member)["scope"] == ALL_SCOPES


def test_frozen_at_authorization(calm: Stage):
    """HP-41, HP-19: what changes afterwards reaches the next sign-in, not this one."""
    who = ada(calm)
    _, code = calm.grant(who)
    with calm.broker.core.db.write() as tx:
        people.change(tx, who.person.id, {"name": "Mallory", "profile": {"given_name": "Mallory"}})
    body = calm.exchange(code).get_json()
    assert calm.claims(body["id_token"])["name"] == "Ada Fabrik"
    assert calm.userinfo(body["access_token"]).get_json()["given_name"] == "Ada"


def test_the_session_says_more_than_the_profile(calm: Stage):
    """HP-19: what the partner said at this sign-in counts before what it said last."""
    who = calm.sign_in(ada(calm).person, claims={"given_name": "Adriana", "org_unit": "Legal"})
    info = calm.userinfo(calm.tokens(who)["access_token"]).get_json()
    assert (info["given_name"], info["department"]) == ("Adriana", "Legal")


def test_protocol_names_are_written_last():
    """HP-40: whatever stands among the claims."""
    from broker.jose.keys import generate
    from broker.jose.verify import parse

    grant = factories.grant("p", claims=dict.fromkeys(PROTOCOL, "evil"))
    token = id_token(
        grant, issuer=ISSUER, key=generate("ES256"), claims=grant.claims, access_token="a", nonce=None, now=START, lifetime=600
    )
    assert "evil" not in parse(token).claims.values()


# --- sub


def test_pairwise_and_public(both: Stage):
    """HT-6, HT-7: pairwise by application, one public for all that use it, stable, random, nothing of the partner in it."""
    who = both.person()
    with both.broker.core.db.write() as tx:
        for application in ("travel", "spa", "tight"):
            consents.record(tx, who.person.id, application, ["openid"], both.clock())
        assignments.open_for(tx, new_id(), who.person.id, "tight", "viewer", START)
    seen = {
        name: both.claims(both.tokens(who, name, scopes=("openid",))["id_token"])["sub"]
        for name in ("payroll", "travel", "spa", "tight")
    }
    assert seen["payroll"] != seen["travel"]
    assert seen["spa"] == seen["tight"]
    assert len(set(seen.values())) == 3
    assert both.claims(both.tokens(who, scopes=("openid",))["id_token"])["sub"] == seen["payroll"]
    assert not any(who.person.id in sub for sub in seen.values())
    with both.broker.core.db.read() as tx:
        assert subjects.find(tx, "payroll", who.person.id) == seen["payroll"]
        assert subjects.find(tx, "", who.person.id) == seen["spa"]
        assert subjects.find(tx, "nowhere", who.person.id) is None


def test_two_people_two_subs(calm: Stage):
    """HT-6: never shared."""
    assert calm.claims(calm.tokens()["id_token"])["sub"] != calm.claims(calm.tokens()["id_token"])["sub"]


def test_removed_application_opens_nothing(stage: Stage):
    """HP-36: its file went between the request and the answer."""
    from broker.domain.errors import OAuthError

    who = stage.person()
    stage.remove("applications/payroll.yaml")
    with pytest.raises(OAuthError, match="application_removed"):
        stage.grant(who)
    assert stage.counts()["grants"] == 0


def test_grant_keeps_what_a_later_step_needs(calm: Stage):
    """HT-13: only released values stand on the grant."""
    grant, _ = calm.grant(ada(calm), scopes=("openid", "email"))
    with calm.broker.core.db.read() as tx:
        row = tx.execute(select(grants).where(grants.c.id == grant.id)).mappings().one()
    assert set(row["claims"]) == {"email", "email_verified", "department"}


def test_nothing_is_signed_where_nothing_is_due(calm: Stage):
    """HP-6: userinfo has no signer, authorization none."""
    from broker.domain.errors import OAuthError
    from broker.provider.pyop_adapter.op import Provider
    from broker.provider.pyop_adapter.state import Bound, GrantState, Store

    state = GrantState(Store(), lambda *_: [])
    with pytest.raises(OAuthError, match="no_grant"):
        _ = state.grant
    with pytest.raises(OAuthError, match="not_in_this_request"):
        Provider(client_id="payroll", state=state).claims_for("x")
    bound = GrantState(Store(), lambda *_: [], Bound(factories.grant("p"), "https://x.example"))
    with pytest.raises(OAuthError, match="nothing_is_signed_here"):
        Provider(client_id="payroll", state=bound)._create_signed_id_token("payroll", "x")
    assert oauth_error(calm.userinfo("x")) == (401, "invalid_token")
