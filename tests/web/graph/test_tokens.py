"""AD-04: tokens of the API are for the API, and every other token is not; client credentials at the token endpoint (TK-14, HP-28)."""

from __future__ import annotations

import base64

import pytest

from broker.domain.ids import new_secret
from broker.services.oauth import api_access
from broker.services.oauth.token_desk import api_scopes
from broker.storage.directory import consents
from broker.storage.oauth import grants, sessions, tokens
from broker.storage.tables import api_tokens
from tests import factories
from tests.journeys.world import SECRET
from tests.web.graph.api import ALL, HOSTS, ISSUER, SCOPE, Api, error_of


def userinfo(api: Api, token: str) -> int:
    """The status of userinfo with a token."""
    return api.client.get("/userinfo", base_url=ISSUER, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_opens_the_api_until_it_ends_or_is_revoked(both: Api) -> None:
    """RFC 6749 4.4, RFC 7009: opaque, without a refresh token, ten minutes long; the audit knows who got it."""
    answer = both.token()
    assert answer.status_code == 200
    assert answer.get_json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.get_json()["token_type"], answer.get_json()["expires_in"]) == ("Bearer", 600)
    assert error_of(both.get("/me")) == (400, "BadRequest")  # let in
    assert both.audited("api_token.issued")[0]["actor_id"] == ALL
    both.clock.advance(600)
    assert error_of(both.get("/me")) == (401, "InvalidAuthenticationToken")
    both.tokens.clear()
    assert error_of(both.get("/me"))[0] == 400
    form = {"token": both.tokens[ALL]}
    for program, status in (("user-read-all", 400), (ALL, 401)):  # only its own application revokes a token
        pair = base64.b64encode(f"{program}:{SECRET}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
        assert both.client.post("/revoke", data=form, base_url=ISSUER, headers=headers).status_code == 200
        assert error_of(both.get("/me"))[0] == status
    both.clock.advance(3 * 3600)
    assert both.broker.operations.housekeeping.run()["api_tokens"] == 3
    with both.broker.core.db.read() as tx:
        assert tx.execute(api_tokens.select()).all() == []


def test_scopes(api: Api) -> None:
    """HP-28: two values, compared character for character."""
    wrong = ("openid", f"{SCOPE} openid", f"{ISSUER}/v1.0/.default", "https://graph.microsoft.com/.default", f"{SCOPE}/")
    for scope, error in {"": "invalid_request", **dict.fromkeys(wrong, "invalid_scope")}.items():
        answer = api.token(scope=scope)
        assert (answer.status_code, answer.get_json()["error"]) == (400, error), scope


def test_the_two_scopes() -> None:
    """The issuer's, and the same without its port."""
    assert api_scopes("https://login.contoso.example:8443/broker") == {
        "https://login.contoso.example:8443/broker/.default",
        "https://login.contoso.example/broker/.default",
    }
    assert api_scopes("http://[::1]:8080") == {"http://[::1]:8080/.default", "http://[::1]/.default"}
    assert api_scopes("https://login.contoso.example") == {"https://login.contoso.example/.default"}


def test_an_application_without_permissions_gets_no_token_and_loses_the_one_it_has(api: Api) -> None:
    """AD-04: `api_permissions` is read at each request, so that a withdrawn permission ends at once."""
    assert api.token("payroll").get_json()["error"] == "unauthorized_client"
    assert error_of(api.get("/me"))[0] == 400
    api.program(ALL)
    assert error_of(api.get("/me")) == (401, "InvalidAuthenticationToken")
    (api.home / "config" / "applications" / "user-read-all.yaml").unlink()
    api.bearer("user-read-all")
    assert api.broker.files.refresh() == []
    assert error_of(api.get("/me", by="user-read-all"))[0] == 401


def test_tokens_of_people_and_programs_are_not_confused(api: Api) -> None:
    """AD-04: an application's token of a guest does not open the API, a token of the API opens neither userinfo nor introspection."""
    secret, now = new_secret(), api.clock()
    guest = api.guest("ada")
    with api.broker.core.db.write() as tx:
        session = factories.session(
            guest, issuer=HOSTS["fabrikam"], auth_time=now, created_at=now, last_seen_at=now, expires_at=now + 3600
        )
        sessions.add(tx, session, "0" * 64)
        grant = factories.grant(guest, sid=session.sid, client_id="payroll", created_at=now, proof={"issuer": HOSTS["fabrikam"]})
        consents.record(tx, guest, "payroll", grant.scopes, now)
        grants.add(tx, grant)
        tokens.add_access(tx, secret, grant.id, ("openid",), now=now, expires_at=now + 600)
    assert userinfo(api, secret) == 200
    api.tokens["payroll"] = secret
    assert error_of(api.get("/me", by="payroll")) == (401, "InvalidAuthenticationToken")
    api.bearer()
    assert userinfo(api, api.tokens[ALL]) == 401
    pair = base64.b64encode(f"{ALL}:{SECRET}".encode()).decode()
    asked = api.client.post(
        "/introspect", data={"token": api.tokens[ALL]}, base_url=ISSUER, headers={"Authorization": f"Basic {pair}"}
    )
    assert asked.get_json() == {"active": False}


def test_what_is_no_token(api: Api) -> None:
    """RFC 6750 3: 401 with a challenge, and nothing of the API in it; never a token in a query (HP-37)."""
    for header in ("", "Basic YTpi", "Bearer", "Bearer  x", "Bearer a b", "bearer nothing", "Bearer " + "x" * 513):
        answer = api.client.get("/v1.0/me", base_url=ISSUER, headers={"Authorization": header} if header else {})
        assert error_of(answer) == (401, "InvalidAuthenticationToken"), header
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
    api.bearer()
    assert error_of(api.client.get(f"/v1.0/me?access_token={api.tokens[ALL]}", base_url=ISSUER))[0] == 401


def test_an_application_is_limited_and_told_when_to_come_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-02: by application, so that one does not stop another."""
    monkeypatch.setattr(api.broker.oauth.api_access, "_requests", 3)
    answers = [api.get("/me") for _ in range(4)]
    assert [one.status_code for one in answers] == [400, 400, 400, 429]
    assert error_of(answers[-1]) == (429, "TooManyRequests")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= api_access.WINDOW
    assert api.get("/me", by="user-read-all").status_code == 400
    api.clock.advance(api_access.WINDOW)
    assert api.get("/me").status_code == 400


def test_the_paths_of_azure_identity(api: Api) -> None:
    """Its credentials read the tenant's document and post to the endpoint that it names; the tenant's name decides nothing."""
    found = api.client.get("/contoso.example/v2.0/.well-known/openid-configuration", base_url=ISSUER).get_json()
    assert found["token_endpoint"] == f"{ISSUER}/contoso.example/oauth2/v2.0/token"
    assert found["issuer"] == ISSUER
    form = {
        "grant_type": "client_credentials", "client_id": ALL, "client_secret": SECRET, "scope": SCOPE, "client_info": "1",
    }  # fmt: skip
    answer = api.client.post("/contoso.example/oauth2/v2.0/token", data=form, base_url=ISSUER)
    assert answer.status_code == 200
    refused = api.client.post("/contoso.example/oauth2/v2.0/token", data={**form, "client_secret": "x"}, base_url=ISSUER)
    assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
    assert api.client.get("/a%20b/v2.0/.well-known/openid-configuration", base_url=ISSUER).status_code == 404
    assert api.client.get("/contoso.example/oauth2/v2.0/token", base_url=ISSUER).status_code == 405
