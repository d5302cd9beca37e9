"""Every path of the API with values that nobody should send: an answer of the API's own, and never a fault of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.graph.api import Api, error_of

NAMES = (
    "displayName mailEnabled securityEnabled groupTypes membershipRule members@odata.bind owners@odata.bind @odata.id principalId resourceId "
    "appRoleId invitedUserEmailAddress inviteRedirectUrl invitedUserDisplayName sendInvitationMessage invitedUserMessageInfo resetRedemption "
    "invitedUser invitedUserSponsors accountEnabled givenName preferredLanguage businessPhones requests id method url body headers dependsOn"
).split()
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "GET", "/users", "ada@fabrikam.example", "https://payroll.contoso.example/", "http://localhost/v1.0/users/x", "\x00", "%00", "true"]),
    st.builds(lambda: str(uuid4())),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=8,
)
BODIES = st.one_of(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5), VALUES)
OPTIONS = st.dictionaries(
    st.sampled_from(["$filter", "$select", "$top", "$orderby", "$expand", "$count", "$search", "$skiptoken", "$skip", "x"]),
    st.one_of(TEXTS, st.sampled_from(["displayName eq 'x'", "id in ('x')", "id,displayName", "5", "displayName desc"])),
    max_size=3,
)
ASKED = st.tuples(
    st.integers(min_value=0), st.lists(TEXTS, min_size=3, max_size=3), OPTIONS, st.one_of(st.none(), BODIES), st.booleans()
)


def test_no_request_is_a_fault_of_ours(api: Api):
    """LP-03, AD-02, AD-07: each path and method, with any values in path, query and body, is answered below 500, or 501."""
    routes = sorted(
        (method, rule.rule.removeprefix("/v1.0"))
        for rule in api.client.application.url_map.iter_rules()
        if rule.rule.startswith("/v1.0/")
        for method in set(rule.methods or ()) - {"HEAD", "OPTIONS"}
    )
    assert len(routes) > 50
    ids = [api.guest("ann"), api.post("/groups", {"displayName": "Auditors", "mailEnabled": False}).get_json()["id"]]
    visited: set[tuple[str, str]] = set()

    def send(route: tuple[str, str], texts: list[str], options: dict[str, str], body: Any, *, known: bool) -> None:
        method, path = route
        values = iter([*(ids if known else []), *texts, *texts])
        while "<" in path:
            begin, _, rest = path.partition("<")
            kind, _, end = rest.partition(">")
            value = next(values)
            if kind.startswith("uuid:") and not known:
                value = str(uuid4())
            path = begin + quote(value, safe="") + end
        answer = api.ask(method, path, body, query_string=options, headers={"ConsistencyLevel": "eventual"})
        visited.add(route)
        assert answer.status_code < 500 or answer.status_code == 501, (method, path, options, body, answer.text)
        if answer.status_code >= 400:
            error_of(answer)

    @settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
    @given(ASKED)
    def ask(asked: tuple[int, list[str], dict[str, str], Any, bool]) -> None:
        number, texts, options, body, known = asked
        send(routes[number % len(routes)], texts, options, body, known=known)

    for route in routes:
        send(route, ["x", "y", "z"], {}, {"id": 7} if route[0] != "GET" else None, known=True)
    ask()
    assert visited == set(routes)
