"""HP-11: no input to any endpoint answers 5xx, and what is refused stores nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol.stage import CALLBACK, CHALLENGE, ISSUER, SECRETS, Stage

EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
KEPT = ("attempts", "refusals", "audit", "audit_personal", "logins", "used")

text = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", "openid", "code", "none", "S256", "payroll", "spa", "{}", "[]", "null", "é", "\x00", "\r\n", "a" * 600, "1e9"]
    ),
    st.sampled_from(
        [CALLBACK["payroll"], CHALLENGE, SECRETS["payroll"], "authorization_code", "refresh_token", "client_credentials"]
    ),
)
names = st.one_of(
    st.sampled_from(
        "client_id redirect_uri response_type scope state nonce prompt max_age acr_values claims request request_uri registration"
        " response_mode code_challenge code_challenge_method login_hint domain_hint ui_locales display id_token_hint grant_type code"
        " code_verifier refresh_token client_secret client_assertion client_assertion_type token token_type_hint access_token"
        " post_logout_redirect_uri logout_hint parked accept csrf".split()
    ),
    st.text(max_size=12),
)
pairs = st.lists(st.tuples(names, text), max_size=12)
basic = {"Authorization": "Basic " + base64.b64encode(f"payroll:{SECRETS['payroll']}".encode()).decode()}
authorization = st.one_of(
    st.none(),
    st.just(basic["Authorization"]),
    st.builds(
        "{} {}".format,
        st.sampled_from(["Basic", "Bearer", "bearer", "Digest", ""]),
        st.text(st.characters(codec="latin-1"), max_size=60),
    ),
    st.builds(lambda raw: "Basic " + base64.b64encode(raw).decode(), st.binary(max_size=60)),
)
json_value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["id_token", "userinfo", "sub", "acr", "email", "value", "values", "essential"]), inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip


def check(stage: Stage, answer: Any) -> None:
    """Never our fault; never somebody else's address."""
    assert answer.status_code < 500, answer.text
    where = answer.headers.get("Location", "")
    assert (
        not where
        or where.startswith(("/", *CALLBACK.values(), "http://127.0.0.1", "http://[::1]", "com.example.app:/"))
        or ".contoso.example/bye" in where
    )


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/authorize", "/logout", "/logout/confirm", "/.well-known/openid-configuration", "/jwks"])
def test_pages(calm: Stage, path: str, method: str):
    """HP-11: any parameters, any order, any number."""

    @EXAMPLES
    @given(fields=pairs)
    def fuzz(fields: list[tuple[str, str]]) -> None:
        before = calm.counts(*KEPT)
        place = "query_string" if method == "get" else "data"
        from werkzeug.datastructures import MultiDict

        check(calm, getattr(calm.web, method)(path, base_url=ISSUER, **{place: MultiDict(fields)}))
        assert calm.counts(*KEPT) == before

    fuzz()


@pytest.mark.parametrize("path", ["/token", "/par", "/userinfo", "/introspect", "/revoke"])
def test_programs(calm: Stage, path: str):
    """HP-11: any form, any credentials; no token is made."""

    @EXAMPLES
    @given(fields=pairs, header=authorization)
    def fuzz(fields: list[tuple[str, str]], header: str | None) -> None:
        from werkzeug.datastructures import MultiDict

        calm.clock.advance(600)
        before = calm.counts(*KEPT)
        overrides = {} if header is None else {"environ_overrides": {"HTTP_AUTHORIZATION": header}}
        check(calm, calm.web.post(path, base_url=ISSUER, data=MultiDict(fields), **overrides))
        assert calm.counts(*KEPT) == before

    fuzz()


@pytest.mark.parametrize("path", ["/authorize", "/token", "/par", "/userinfo", "/introspect", "/revoke", "/logout"])
def test_bytes(calm: Stage, path: str):
    """HP-11, TK-17: any bytes under any content type, in query and body."""

    @EXAMPLES
    @given(
        body=st.binary(max_size=200),
        mimetype=st.sampled_from(
            ["application/x-www-form-urlencoded", "application/json", "", "multipart/form-data; boundary=a"]
        ),
    )
    def fuzz(body: bytes, mimetype: str) -> None:
        calm.clock.advance(600)
        check(calm, calm.web.post(path, base_url=ISSUER, data=body, content_type=mimetype, headers=basic))
        check(calm, calm.web.get(path, base_url=ISSUER, environ_overrides={"QUERY_STRING": body.decode("latin-1")}))

    fuzz()


def test_claims_parameter(calm: Stage):
    """HP-11, AZ-08: any JSON; a login only for what is right."""
    import json

    @EXAMPLES
    @given(value=json_value)
    def fuzz(value: Any) -> None:
        answer = calm.authorize(claims=json.dumps(value))
        assert answer.status_code == 303
        check(calm, answer)

    fuzz()
