"""The pages of guests and members, walked as nobody, as a guest and as a member (HW-5, MF-06, AD-06, AD-12).

Who may open which route at all is said by ONE table for every role: tests/web/admin/rights_table.py.
"""

from __future__ import annotations

from broker.demo.browser import Browser
from broker.web import create_web
from tests.journeys.world import ADA, CLEO, World

# route -> what a GET answers to (nobody, a guest, a member): a status, or the page's name; "-": no GET
TABLE: dict[str, tuple[str, str, str]] = {
    "/": ("303", "303", "303"),
    "/apps": ("303", "apps", "apps"),
    "/account/methods": ("303", "account-methods", "account-methods"),
    "/account/methods/add": ("405", "405", "405"),
    "/account/methods/codes": ("303", "303", "303"),
    "/account/methods/saved": ("405", "405", "405"),
    "/account/methods/<uuid:factor>/remove": ("303", "303", "303"),
    "/account/methods/<uuid:factor>/rename": ("303", "303", "303"),
    "/apps/sign-out": ("405", "405", "405"),
    "/apps/ask/<application>": ("303", "404", "404"),
    "/apps/requests/<uuid:access_request>/take-back": ("405", "405", "405"),
    "/account": ("303", "account", "account"),
    "/account/consents": ("405", "405", "405"),
    "/account/export": ("303", "account-export", "account-export"),
    "/account/leave": ("303", "account-leave", "404"),
    "/account/sessions": ("405", "405", "405"),
    "/account/sessions/others": ("405", "405", "405"),
    "/account/more-time": ("405", "405", "405"),
    "/account/give-up/<application>": ("303", "404", "404"),
    "/language": ("405", "405", "405"),
    "/launch/<application>": ("404", "404", "404"),
    "/saml/metadata": ("200", "200", "200"),
    "/backchannel/<partner>": ("405", "405", "405"),
    "/saml/slo": ("400", "400", "400"),
    "/saml/signed-out": ("400", "400", "400"),
    "/oidc/<partner>/signed-out": ("400", "400", "400"),
    "/logout/home": ("405", "405", "405"),
    "/saml/acs": ("405", "405", "405"),
    "/saml/<partner>/acs": ("405", "405", "405"),
    "/saml/<partner>/metadata": ("404", "404", "404"),
    "/saml/<partner>/start": ("404", "404", "404"),
    "/saml/<partner>/claim": ("400", "400", "400"),
    "/saml/<federation>/<entity>/claim": ("400", "400", "400"),
    "/authorize": ("400", "400", "400"),
    "/token": ("405", "405", "405"),
    "/userinfo": ("401", "401", "401"),
    "/introspect": ("405", "405", "405"),
    "/par": ("405", "405", "405"),
    "/revoke": ("405", "405", "405"),
    "/jwks": ("200", "200", "200"),
    "/logout": ("signed-out", "sign-out", "sign-out"),
    "/logout/confirm": ("405", "405", "405"),
    "/.well-known/openid-configuration": ("200", "200", "200"),
    "/healthz": ("200", "200", "200"),
    "/readyz": ("200", "200", "200"),
    "/metrics": ("200", "200", "200"),
    "/static/<path:address>": ("200", "200", "200"),
    "/<tenant>/oauth2/v2.0/token": ("405", "405", "405"),
    "/<tenant>/v2.0/.well-known/openid-configuration": ("200", "200", "200"),
    "/setup": ("400", "400", "400"),
    "/setup/<ticket>": ("400", "400", "400"),
    "/setup/connection": ("400", "400", "400"),
    "/setup/domains": ("400", "400", "400"),
    "/setup/finish": ("400", "400", "400"),
    "/setup/trial": ("400", "400", "400"),
    "/device": ("device-code", "device-code", "device-code"),
    "/device/continue": ("405", "405", "405"),
    "/device/done": ("device-code", "device-code", "device-code"),
    "/device/refuse": ("405", "405", "405"),
    "/device/refused": ("device-code", "device-code", "device-code"),
    "/device_authorization": ("405", "405", "405"),
    "/sign-up/<application>": ("404", "404", "404"),
    "/sign-up/<application>/done": ("404", "404", "404"),
    "/invitation": ("400", "400", "400"),
    "/invitation/fresh": ("fresh-link", "fresh-link", "fresh-link"),
    "/invitation/<ticket>": ("400", "400", "400"),
    "/question": ("400", "400", "400"),
    "/question/<ticket>": ("400", "400", "400"),
    "/oidc/<partner>/callback": ("400", "400", "400"),
    "/oidc/<partner>/claim": ("400", "400", "400"),
    "/signin/<uuid:login>": ("400", "400", "400"),
    "/signin/<uuid:login>/account": ("405", "405", "405"),
    "/signin/<uuid:login>/address": ("400", "400", "400"),
    "/signin/<uuid:login>/again": ("400", "400", "400"),
    "/signin/<uuid:login>/cancel": ("405", "405", "405"),
    "/signin/<uuid:login>/choose": ("400", "400", "400"),
    "/signin/<uuid:login>/code": ("405", "405", "405"),
    "/signin/<uuid:login>/code/again": ("405", "405", "405"),
    "/signin/<uuid:login>/code/decline": ("405", "405", "405"),
    "/signin/<uuid:login>/consent": ("405", "405", "405"),
    "/signin/<uuid:login>/sign-up": ("405", "405", "405"),
    "/signin/<uuid:login>/enroll": ("405", "405", "405"),
    "/signin/<uuid:login>/enroll-passkey": ("405", "405", "405"),
    "/signin/<uuid:login>/factor": ("405", "405", "405"),
    "/signin/<uuid:login>/home": ("405", "405", "405"),
    "/signin/<uuid:login>/lost": ("400", "400", "400"),
    "/signin/<uuid:login>/passkey": ("405", "405", "405"),
    "/signin/<uuid:login>/passkey-sign-in": ("405", "405", "405"),
    "/signin/<uuid:login>/restart": ("405", "405", "405"),
    "/signin/<uuid:login>/saved": ("405", "405", "405"),
    "/signin/<uuid:login>/skip": ("405", "405", "405"),
    "/signin/<uuid:login>/terms": ("405", "405", "405"),
    "/signin/<uuid:login>/unable": ("405", "405", "405"),
    "/signin/<uuid:login>/vouch": ("405", "405", "405"),
    "/terms": ("404", "404", "404"),
}
NOBODY_ELSE = "00000000-0000-4000-8000-000000000000"


def filled(route: str) -> str:
    """The route with values that belong to nobody."""
    return (
        route.replace("<uuid:login>", NOBODY_ELSE)
        .replace("<uuid:factor>", NOBODY_ELSE)
        .replace("<uuid:access_request>", NOBODY_ELSE)
        .replace("<partner>", "fabrikam")
        .replace("<application>", "nothing")
        .replace("<tenant>", "another")
        .replace("<ticket>", "x")
        .replace("<path:address>", "style.0.css")
    )


def seen(browser: Browser, url: str) -> str:
    """The page's name if there is one, else the status."""
    page = browser.get(url, stop_at="http")
    return page.name if page.name and page.name != "error" else str(page.status)


def test_every_route_against_the_table(world: World) -> None:
    """A route that is not in the table is a failure, and so is one that answers somebody else than it says."""
    routes = {rule.rule for rule in create_web(world.broker).url_map.iter_rules()}
    assert {route for route in routes if not route.startswith(("/admin", "/v1.0"))} == set(TABLE)  # each has a table of its own
    guest, member = world.visitor(ADA), world.visitor(CLEO)
    world.redeem(guest)
    world.sign_in(member)
    people = (Browser(clock=world.clock), guest.browser, member.browser)
    found = {route: tuple(seen(browser, world.url + filled(route)) for browser in people) for route in TABLE}
    assert found == TABLE


def test_nothing_stands_elsewhere(world: World) -> None:
    """AD-06, AD-12: no page to install the broker, no second spelling of a route."""
    for path in (
        "/install",
        "/admin/setup",
        "/login",
        "/v2.0/users",
        "/.git/config",
        "/APPS",
        "/apps/",
        "/apps%2f",
        "/apps;x",
    ):
        page = Browser(clock=world.clock).get(world.url + path, stop_at="http")
        assert (page.status, page.error) == (404, "bad_request"), path


def test_other_verbs(world: World) -> None:
    """AD-06: another verb, or a header that pretends one, opens nothing."""
    client = create_web(world.broker).test_client()
    for route in TABLE:
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
            answer = client.open(filled(route), method=method, base_url=world.url, headers={"X-HTTP-Method-Override": "GET"})
            assert answer.status_code in ((200, 204, 404, 405) if method == "OPTIONS" else (404, 405)), (route, method)
            assert method != "OPTIONS" or answer.status_code in (404, 405) or answer.get_data() == b""


def test_posts_without_a_token_change_nothing(world: World) -> None:
    """HW-5, SC-04: every form route refuses a POST that did not come from its page."""
    client = create_web(world.broker).test_client()
    before = world.counts("refusals", "attempts")
    for route in TABLE:
        answer = client.post(filled(route), base_url=world.url, data={"email": ADA.email, "accept": "yes", "partner": "fabrikam"})
        assert answer.status_code in (303, 400, 401, 403, 404, 405), route
    assert world.counts("refusals", "attempts") == before
