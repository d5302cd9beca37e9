"""HW-6: redirects go to verified addresses and our own paths, by 303 after a POST; no return address is read from a request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import Rule

from broker.web import create_web
from tests.journeys.world import ADA, World

EVIL = "https://evil.example/"
NAMES = (
    "next", "return", "return_to", "returnTo", "return_url", "url", "to", "continue", "goto", "rd", "redirect", "redirect_uri",
    "redirect_url", "post_logout_redirect_uri", "target_link_uri", "RelayState", "state", "iss", "entityID", "login_hint",
)  # fmt: skip
OPEN = [EVIL, "//evil.example/", "/\\evil.example/", "https:evil.example"]


def paths(rule: Rule) -> str:
    """The rule's path with harmless values for its variables."""
    return "".join(text if not is_variable else "fabrikam" for is_variable, text in rule._trace).removeprefix("|")


@pytest.mark.parametrize("value", OPEN)
def test_no_route_sends_a_browser_away(world: World, value: str):
    """HW-6: every route, by GET and POST, with an address under every name that such parameters have."""
    app = create_web(world.broker)
    client = app.test_client()
    host = urlsplit(world.url).netloc
    fields = dict.fromkeys(NAMES, value)
    seen: set[int] = set()
    sent: list[tuple[str, str, int, str]] = []
    for rule in app.url_map.iter_rules():
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            where: dict[str, Any] = {"query_string": fields} if method == "GET" else {"data": fields}
            answer = client.open(paths(rule), method=method, base_url=f"http://{host}", **where)
            assert answer.status_code < 500, (method, rule.rule)
            seen.add(answer.status_code)
            if answer.location is not None:
                sent.append((method, rule.rule, answer.status_code, answer.location))
    assert sent
    assert {200, 303, 400, 401, 404} <= seen  # the routes were reached, not only missed
    allowed = (f"http://{host}/", "/")
    assert [found for found in sent if not found[3].startswith(allowed) or found[3].startswith(("//", "/\\"))] == []
    assert [found for found in sent if found[0] == "POST" and found[2] != 303] == []


def test_redirects_of_a_whole_sign_in_are_ours_or_verified(world: World):
    """HW-6: from the link to the application a browser is sent to the broker, the partner and the application only."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    page = world.arrive(ada)
    hosts = {urlsplit(world.url).netloc, urlsplit(world.callback).netloc, urlsplit(world.partners["fabrikam"].issuer).netloc}
    assert urlsplit(page.location or "").netloc in hosts
