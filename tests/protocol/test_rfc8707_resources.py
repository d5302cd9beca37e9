"""RFC 8707: an application names the resources that its access tokens are for (TK-19)."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from broker.domain.request import AuthorizationRequest
from broker.provider.request import read_request
from tests.protocol.stage import ALL_SCOPES, CALLBACK, SECRETS, Stage, oauth_error, sent_to

ONE, TWO = "https://ledger.contoso.example/v1", "https://mail.contoso.example/"
FILE = (
    f"name: Travel\nclient_secret: '{SECRETS['travel']}'\nredirect_uris: ['{CALLBACK['travel']}']\n"
    f"scopes: [{ALL_SCOPES.replace(' ', ', ')}]\n"
)
BOTH = f"resources: ['{ONE}', '{TWO}']\n"


@pytest.fixture(scope="module")
def apis(calm: Stage) -> Stage:
    """The application travel may ask for two resources; payroll for none."""
    calm.write("applications/travel.yaml", FILE + BOTH)
    return calm


def audience(stage: Stage, answer: TestResponse) -> list[str]:
    """The audience of the access token of a token response."""
    assert answer.status_code == 200, answer.text
    found = stage.post("/introspect", {"token": answer.get_json()["access_token"]}, "travel").get_json()["aud"]
    return list(found)


def code(stage: Stage, *resources: str) -> str:
    """A code of a sign-in whose authorization request named these resources."""
    return stage.grant(stage.person(application="travel"), "travel", resources=resources)[1]


def read(stage: Stage, *resources: str) -> AuthorizationRequest:
    """The authorization request of travel with these resources, as the endpoint reads it."""
    pairs = [("client_id", "travel"), ("redirect_uri", CALLBACK["travel"]), ("response_type", "code"), ("scope", "openid")]
    pairs += [("resource", resource) for resource in resources]
    grants = stage.broker.oauth.grants
    return read_request(pairs, applications=stage.broker.access.applications.view, hint=grants.hint)


def test_authorization_request(apis: Stage):
    """RFC 8707 2.1: one resource, several (the parameter repeats), or none; each once."""
    assert read(apis).resources == ()
    assert read(apis, ONE).resources == (ONE,)
    assert read(apis, TWO, ONE, TWO).resources == (TWO, ONE)
    assert AuthorizationRequest.from_json(read(apis, ONE).to_json()).resources == (ONE,)


@pytest.mark.parametrize(
    "resource",
    ["https://evil.example/", ONE + "/", ONE.upper(), ONE + "#a", "/v1", "ledger", f"{ONE} https://evil.example/", f"{ONE}?a=b", "\u00e9"],
)  # fmt: skip
def test_other_resources_are_refused(apis: Stage, resource: str):
    """RFC 8707 2: unknown, malformed or relative ones are invalid_target, by redirect with state and iss."""
    where, query = sent_to(apis.authorize("travel", resource=resource))
    assert (where, query["error"], query["state"]) == (CALLBACK["travel"], "invalid_target", "s-1")
    assert oauth_error(apis.exchange(code(apis, ONE), "travel", resource=resource)) == (400, "invalid_target")


def test_an_application_without_resources(apis: Stage):
    """Closed by default: a file that lists none allows none."""
    assert sent_to(apis.authorize("payroll", resource=ONE))[1]["error"] == "invalid_target"


def test_code_exchange(apis: Stage):
    """RFC 8707 2.2: all that were granted, or those of them that the token request names; never another one."""
    assert audience(apis, apis.exchange(code(apis, ONE, TWO), "travel")) == [ONE, TWO]
    assert audience(apis, apis.exchange(code(apis, ONE, TWO), "travel", resource=TWO)) == [TWO]
    assert audience(apis, apis.exchange(code(apis), "travel", resource=ONE)) == [ONE]
    assert audience(apis, apis.exchange(code(apis), "travel")) == ["travel"]
    refused = code(apis, ONE)
    assert oauth_error(apis.exchange(refused, "travel", resource=TWO)) == (400, "invalid_target")
    assert oauth_error(apis.exchange(refused, "travel")) == (400, "invalid_grant")  # HP-32: the code is used up


def test_a_resource_that_no_file_lists_uses_no_code_up(apis: Stage):
    """A mistake of the request is found before the code is taken."""
    kept = code(apis, ONE)
    assert oauth_error(apis.exchange(kept, "travel", resource="https://evil.example/")) == (400, "invalid_target")
    assert audience(apis, apis.exchange(kept, "travel")) == [ONE]


def test_refresh(apis: Stage):
    """RFC 8707 2.2: each refresh chooses again; the refresh token stays good for all that was granted."""
    first = apis.exchange(code(apis, ONE, TWO), "travel", resource=ONE).get_json()["refresh_token"]
    answer = apis.refresh(first, "travel", resource=TWO)
    assert audience(apis, answer) == [TWO]
    second = answer.get_json()["refresh_token"]
    assert oauth_error(apis.refresh(second, "travel", resource="https://evil.example/")) == (400, "invalid_target")
    assert audience(apis, apis.refresh(second, "travel")) == [ONE, TWO]


def test_a_repeated_answer_is_for_the_same_resources(apis: Stage):
    """RFC 8707 2.2, HP-35: within the grace of a refresh, another resource gets no token that was made for the first one."""
    token = apis.exchange(code(apis, ONE, TWO), "travel").get_json()["refresh_token"]
    answer = apis.refresh(token, "travel", resource=ONE).get_json()
    assert "resources" not in answer
    assert apis.refresh(token, "travel", resource=ONE).get_json() == answer
    assert oauth_error(apis.refresh(token, "travel", resource=TWO)) == (400, "invalid_target")


def test_several_at_the_token_endpoint(apis: Stage):
    """RFC 8707 2: the parameter may repeat there, too; any other one may not (HP-9)."""
    form = {
        "grant_type": "authorization_code",
        "code": code(apis),
        "redirect_uri": CALLBACK["travel"],
        "code_verifier": "verifier-" * 6,
    }
    pairs = [*form.items(), ("resource", ONE), ("resource", TWO)]
    body = "&".join(f"{name}={value}" for name, value in pairs)
    answer = apis.web.post(
        "/token", data=body, content_type="application/x-www-form-urlencoded", base_url="https://login.contoso.example", headers=apis.basic("travel")
    )  # fmt: skip
    assert audience(apis, answer) == [ONE, TWO]


def test_a_resource_that_the_file_lists_no_more(stage: Stage):
    """HP-36: what the file takes back is over at the next use; a resource that stays is still served."""
    stage.write("applications/travel.yaml", FILE + BOTH)
    answer = stage.exchange(code(stage, ONE, TWO), "travel").get_json()
    stage.write("applications/travel.yaml", FILE + f"resources: ['{TWO}']\n")
    assert oauth_error(stage.refresh(answer["refresh_token"], "travel")) == (400, "invalid_target")
    assert audience(stage, stage.refresh(answer["refresh_token"], "travel", resource=TWO)) == [TWO]


def test_client_credentials(apis: Stage):
    """RFC 8707 2: a token of the application itself is for the management API; the scope names it, no resource does."""
    apis.write("applications/tight.yaml", f"name: Tight\nclient_secret: {SECRETS['tight']}\napi_permissions: [User.Read.All]\n")
    form = {"grant_type": "client_credentials", "scope": "https://login.contoso.example/.default", "resource": ONE}
    assert oauth_error(apis.post("/token", form, "tight")) == (400, "invalid_target")
