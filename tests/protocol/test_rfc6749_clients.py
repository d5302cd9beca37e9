"""RFC 6749 2.3, RFC 7617: who a client is, by its own method and no other."""

from __future__ import annotations

import base64

import pytest

from broker.services.oauth.client_authentication import FAILURES, WINDOW
from tests.protocol.stage import CALLBACK, ISSUER, SECRETS, VERIFIER, Stage, oauth_error

FORM = {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK["payroll"]}
KNOWN = (400, "invalid_grant")  # authenticated; only the code is wrong
UNKNOWN = (401, "invalid_client")


@pytest.fixture(autouse=True)
def _fresh_limit(calm: Stage) -> None:
    """Each test has its own window of attempts."""
    calm.clock.advance(WINDOW)


def header(text: str | bytes, scheme: str = "Basic") -> dict[str, str]:
    """An Authorization header of these credentials."""
    raw = text if isinstance(text, bytes) else text.encode()
    return {"Authorization": f"{scheme} {base64.b64encode(raw).decode()}"}


def ask(stage: Stage, headers: dict[str, str] | None = None, /, **form: str) -> tuple[int, str]:
    """What the token endpoint says."""
    return oauth_error(stage.post("/token", {**FORM, **form}, None, headers=headers or {}))


def test_each_its_own_way(calm: Stage):
    """HP-50: client_secret_basic, client_secret_post, private_key_jwt, none."""
    assert ask(calm, calm.basic("payroll")) == KNOWN
    assert ask(calm, calm.basic("travel")) == KNOWN
    assert ask(calm, client_id="payroll", client_secret=SECRETS["payroll"]) == KNOWN
    assert ask(calm, **calm.assertion()) == KNOWN
    assert ask(calm, client_id="spa") == KNOWN


def test_parts_of_basic_are_form_decoded(calm: Stage):
    """HP-24: RFC 6749 2.3.1; `travel` has a colon, a space and a percent sign in its secret."""
    assert ask(calm, header("travel:travel%3Asecret+%25-0123456789")) == KNOWN
    assert ask(calm, header("tr%61vel:travel%3asecret%20%25-0123456789")) == KNOWN
    assert ask(calm, header(f"travel:{SECRETS['travel']}")) == UNKNOWN


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_scheme_in_any_case(calm: Stage, scheme: str):
    """TK-09, HP-24: RFC 7235 2.1."""
    assert ask(calm, header(f"payroll:{SECRETS['payroll']}", scheme)) == KNOWN


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic cGF5cm9sbA",
        "Basic " + base64.b64encode(b"payroll").decode(),
        "Basic " + base64.b64encode(b"payroll:a:b").decode(),
        "Basic " + base64.b64encode(b":" + SECRETS["payroll"].encode()).decode(),
        "Basic " + base64.b64encode(b"payroll:").decode(),
        "Basic " + base64.b64encode(b"payroll:\xff").decode(),
        "Basic " + base64.b64encode(b"payroll:%ff").decode(),
        "Basic " + base64.b64encode(b"payroll:%00").decode(),
        "Basic  " + base64.b64encode(f"payroll:{SECRETS['payroll']}".encode()).decode(),
        "Basic " + base64.b64encode(f"payroll:{SECRETS['payroll']}".encode()).decode() + " x",
        "Bearer abc",
        "Digest username=payroll",
        "x",
        "é",
    ],
)
def test_malformed_header(calm: Stage, value: str):
    """TK-09, HP-24: 401 invalid_client with WWW-Authenticate."""
    answer = calm.post("/token", FORM, None, headers={"Authorization": value})
    assert oauth_error(answer) == UNKNOWN
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="token"'


def test_one_method_a_request(calm: Stage):
    """TK-10, HP-25: header and body, secret and assertion: invalid_request; so are two names."""
    secret = SECRETS["payroll"]
    assert ask(calm, calm.basic(), client_secret=secret) == (400, "invalid_request")
    assert ask(calm, calm.basic(), client_id="payroll", client_secret=secret) == (400, "invalid_request")
    assert ask(calm, calm.basic(), **calm.assertion()) == (400, "invalid_request")
    assert ask(calm, client_id="bank", client_secret="x", **calm.assertion()) == (400, "invalid_request")
    assert ask(calm, calm.basic(), client_id="travel") == (400, "invalid_request")
    assert ask(calm, calm.basic(), client_id="payroll") == KNOWN


@pytest.mark.parametrize(
    "form",
    [
        {"client_id": "payroll"},
        {"client_id": "payroll", "client_secret": ""},
        {"client_id": "payroll", "client_secret": "wrong"},
        {"client_id": "payroll", "client_secret": SECRETS["travel"]},
        {"client_id": "bank"},
        {"client_id": "bank", "client_secret": "x"},
        {"client_id": "spa", "client_secret": "x"},
        {"client_id": "nobody"},
        {"client_id": "nobody", "client_secret": "x"},
        {"client_secret": SECRETS["payroll"]},
        {},
    ],
)
def test_no_other_method_and_no_missing_credential(calm: Stage, form: dict[str, str]):
    """TK-11, TK-12, HP-22, HP-26: one answer for every cause, byte for byte."""
    answer = calm.post("/token", {**FORM, **form}, None)
    assert oauth_error(answer) == UNKNOWN
    assert answer.data == calm.post("/token", {**FORM, "client_id": "nobody", "client_secret": "y"}, None).data


def test_the_same_work_for_every_cause(calm: Stage):
    """TK-12, HP-26: unknown client, wrong secret, wrong method: the same statements."""
    seen = []
    for form in (
        {"client_id": "nobody", "client_secret": "x"},
        {"client_id": "payroll", "client_secret": "x"},
        {"client_id": "bank", "client_secret": "x"},
    ):
        with calm.statements() as statements:
            assert ask(calm, None, **form) == UNKNOWN
        seen.append([" ".join(statement.split()) for statement in statements])
    assert seen[0] == seen[1] == seen[2]


def test_guessing_is_limited_a_client_and_address(stage: Stage):
    """TK-13, HW-10: 429 after so many failures, even for the right secret; others are not locked out; the window ends."""
    for _ in range(FAILURES):
        assert ask(stage, client_id="payroll", client_secret="guess") == UNKNOWN
    assert ask(stage, client_id="payroll", client_secret=SECRETS["payroll"])[0] == 429
    elsewhere = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    right = {**FORM, "client_id": "payroll", "client_secret": SECRETS["payroll"]}
    assert oauth_error(stage.post("/token", right, None, **elsewhere)) == KNOWN
    assert ask(stage, stage.basic("travel")) == KNOWN
    stage.clock.advance(WINDOW)
    assert ask(stage, client_id="payroll", client_secret=SECRETS["payroll"]) == KNOWN


def test_strangers_fill_no_table(stage: Stage):
    """HT-13, RX-05: all unknown clients of one address share two rows: of guesses, and of refusals on record (FC-02)."""
    for number in range(FAILURES):
        assert ask(stage, client_id=f"nobody-{number}", client_secret="x") == UNKNOWN
    assert ask(stage, client_id="nobody", client_secret="x")[0] == 429
    assert stage.counts()["attempts"] == 2


def test_public_client_at_introspection(calm: Stage):
    """UI-05, HP-38: a client that only says its name is not authenticated."""
    assert oauth_error(calm.post("/introspect", {"token": "x", "client_id": "spa"}, None)) == UNKNOWN


def test_secret_of_a_form_is_not_taken_from_the_cookie_or_query(calm: Stage):
    """HP-25: only header or body."""
    answer = calm.web.post(f"/token?client_id=payroll&client_secret={SECRETS['payroll']}", data=FORM, base_url=ISSUER)
    assert oauth_error(answer) == (400, "invalid_request")


def test_public_application_exchanges(calm: Stage):
    """HP-22: PKCE is its only proof."""
    _, code = calm.grant(client_id="spa", scopes=("openid", "offline_access"), who=calm.person("openid offline_access", "spa"))
    answer = calm.exchange(code, "spa", code_verifier=VERIFIER)
    assert answer.status_code == 200
    assert "refresh_token" in answer.get_json()
