"""Every route and method as every role, against the one table (AD-01, AD-02, AD-06, SC-04, SC-06, MF-06)."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.test import TestResponse

from broker.web import create_web, csrf
from broker.web.admin.door import SCOPE
from broker.web.graph import PREFIX
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import REFERENCE, Company, person_id

FILL = {  # what stands in a path: Ada, where it is a guest, else nothing that exists
    "<uuid:guest>": person_id("ada"),
    "<uuid:login>": "00000000-0000-4000-8000-00000000dead",
    "<uuid:factor>": "00000000-0000-4000-8000-00000000dead",
    "<uuid:access_request>": "00000000-0000-4000-8000-00000000dead",
    "<partner>": "fabrikam",
    "<federation>/<entity>": "edu/nobody",
    "<policy>": "half",
    "<application>": "nothing",
    "<client_id>": "payroll",
    "<reference>": REFERENCE,
    "<tenant>": "contoso",
    "<ticket>": "x",
    "<path:address>": "style.0.css",
}
ASKED = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(app: Flask) -> set[tuple[str, str]]:
    """(method, route) of all that browsers are answered; HEAD and OPTIONS come by themselves. tests/web/graph walks the API's."""
    rules = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(PREFIX)]
    return {(method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def filled(company: Company, route: str) -> str:
    """The route with the values of FILL, and with ids of the company's own groups."""
    for name, value in FILL.items():
        route = route.replace(name, value)
    if "<uuid:group>" in route:
        route = route.replace("<uuid:group>", company.broker.access.groups.show(ACTOR, "Finance").group.id)
    if "<uuid:asked>" in route:
        route = route.replace("<uuid:asked>", company.request())
    if "<uuid:review>" in route:
        route = route.replace("<uuid:review>", company.review())
    if "<uuid:setup_link>" in route:
        route = route.replace("<uuid:setup_link>", company.setup_link())
    if "<uuid:assignment>" in route:
        route = route.replace("<uuid:assignment>", company.assignment())
    if "<job>" in route:
        route = route.replace("<job>", company.job(route))
    assert "<" not in route, f"{route}: add the placeholder to FILL"
    return route


def answer(response: TestResponse) -> str:
    """`sign-in`, a refusal's status, or `in`: the handler was reached, whatever it made of the request."""
    if response.status_code == 303 and re.search(r"/signin/[0-9a-f-]{36}$", response.headers["Location"]):
        return "sign-in"
    return str(response.status_code) if response.status_code in (401, 403, 404, 405) else "in"


def expected(row: table.Row, role: str) -> str:
    """What the table says."""
    if role == table.ANONYMOUS:
        return "sign-in" if row.method == "GET" else "403"  # no cookie, no token
    if role == table.HALF:
        return "sign-in"
    if role in row.gets_in:
        return "in"
    return "404" if role in row.hidden else "403"


def test_every_route_is_in_the_table(company: Company) -> None:
    """A route that is in no row, and a row of no route, are failures."""
    written = {(row.method, row.route) for row in table.PORTAL}
    written |= {("GET", route) for route in table.OWN} | {("POST", route) for route in table.FORMS}
    written |= table.EVERYBODY | table.SIGN_OUT
    assert routes(create_web(company.broker)) == written


def test_the_portal_lets_in_whom_the_table_says(company: Company) -> None:
    """AD-01, AD-02, SC-06, MF-06: each page and button of the portal, as each role."""
    wrong = [
        f"{row.method} {row.route} as {role}: {got}, not {expected(row, role)}"
        for row in sorted(table.PORTAL, key=lambda row: row.method)  # what changes something comes last
        for role in table.ROLES
        if (got := answer(company.ask(role, row.method, filled(company, row.route), dict(row.form)))) != expected(row, role)
    ]
    assert wrong == []


def test_a_form_of_the_portal_needs_its_token(company: Company) -> None:
    """SC-04: no token, another person's token, another scope's: 403, whoever asks, and nothing happens."""
    for row in table.PORTAL:
        if row.method != "POST":
            continue
        path, mine = filled(company, row.route), company.cookie(table.ADMINISTRATOR)
        for token in ("", "x", csrf.token(company.cookie(table.OWNER), SCOPE), csrf.token(mine, "account")):
            got = company.ask(table.ADMINISTRATOR, "POST", path, {**row.form, csrf.FIELD: token})
            assert got.status_code == 403, (row.route, token)
        foreign = {"Origin": "https://evil.example"}
        assert company.ask(table.ADMINISTRATOR, "POST", path, dict(row.form), headers=foreign).status_code == 403


def test_own_pages_are_for_whoever_is_signed_in(company: Company) -> None:
    """MF-06: half a sign-in opens nothing of one's own either."""
    for route in table.OWN:
        for role in table.ROLES:
            got = answer(company.get(role, filled(company, route)))
            if role in (table.ANONYMOUS, table.HALF):
                assert got == "sign-in", (route, role)
            else:
                assert got in ("in", "sign-in", "404"), (route, role)  # sign-in: a fresh proof comes first; 404: not for members


def test_forms_elsewhere_do_nothing_without_their_token(company: Company) -> None:
    """SC-04: the portal's token opens no other form."""
    for route in table.FORMS:
        for role in table.ROLES:
            assert company.ask(role, "POST", filled(company, route)).status_code in (303, 400, 403), (route, role)


def test_what_is_everybodys_answers_everybody_alike(company: Company) -> None:
    """No protocol endpoint and no page behind a ticket looks at who is signed in."""
    for method, route in sorted(table.EVERYBODY):
        path = filled(company, route)
        got = {role: company.ask(role, method, path, {csrf.FIELD: "x"}).status_code for role in table.ROLES}
        assert len(set(got.values())) == 1, (method, route, got)
        assert max(got.values()) < 500, (method, route)


DOCUMENT = f"{PREFIX}/openapi.json"  # open to all


def test_no_session_opens_the_api(company: Company) -> None:
    """AD-04: a cookie is no token, not even an administrator's; and the token of its forms changes nothing there."""
    app = create_web(company.broker)
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIX) and rule.rule != DOCUMENT]
    assert len(rules) > 30
    for rule in rules:
        path = re.sub("<[^>]*>", person_id("ada"), rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert company.ask(table.ADMINISTRATOR, method, path).status_code == 401, (method, path)


def test_another_verb_opens_nothing(company: Company) -> None:
    """AD-06: a verb that no row has is 405, for an administrator too; a header that pretends one changes nothing."""
    known = routes(create_web(company.broker))
    for route in {route for _, route in known}:
        path = filled(company, route)
        for method in set(ASKED) - {method for method, one in known if one == route}:
            got = company.ask(table.ADMINISTRATOR, method, path, headers={"X-HTTP-Method-Override": "GET"})
            ticket = method == "GET" and route.startswith("/setup/")  # the name is then read as a ticket, and opens nothing
            assert got.status_code in (400 if ticket else 403, 403, 404, 405), (method, route)


def test_another_spelling_opens_nothing(company: Company) -> None:
    """AD-06: a slash more, another case, an encoded slash: 404, for an administrator too."""
    for path in ("/admin/", "/admin//", "/ADMIN", "/admin%2f", "/admin;x", "/admin/./", "/admin/%2e"):
        assert company.get(table.ADMINISTRATOR, path).status_code == 404, path
