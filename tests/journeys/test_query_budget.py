"""The hot paths of a sign-in ask the database this often and not once more."""

from __future__ import annotations

from tests.journeys.counting import statements
from tests.journeys.world import ADA, World


def test_statements_of_a_sign_in(both: World) -> None:
    """Authorize 3, callback 4, dispatcher to code 14 (design: query budget)."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.sign_in(ada)  # consent is given, documents are fetched, the sub is made
    browser = ada.browser
    used: dict[str, int] = {}

    def go(name: str, url: str) -> str:
        with statements(both.broker.db) as seen:
            page = browser.get(url, stop_at="http")  # one hop at a time
        used[name] = len(seen)
        return page.location or ""

    url, _ = both.request(prompt="login", login_hint=ADA.email)
    dispatcher = go("authorize", url)
    partner = go("to the partner", dispatcher)
    both.clock.advance(3)
    page = browser.get(partner, stop_at=both.url)
    page = browser.submit(page, press=ADA.subject, stop_at=both.url)
    dispatcher = go("callback", page.location or "")
    assert go("dispatcher to code", dispatcher).startswith(both.callback)
    url, _ = both.request()
    dispatcher = go("authorize again", url)
    assert go("single sign-on to code", dispatcher).startswith(both.callback)
    assert used["authorize"] <= 3
    assert used["callback"] <= 4
    assert used["dispatcher to code"] <= 14
    assert used["authorize again"] <= 3
    assert used["single sign-on to code"] <= 13
    assert used["to the partner"] <= 8
