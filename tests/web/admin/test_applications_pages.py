"""The pages of applications: list, one application, assigning, changing, removing, and the file of a new one (AD-01, AD-02, AD-07, AD-09)."""

from __future__ import annotations

import html
import re

import pytest
from werkzeug.test import TestResponse

from broker.domain.assignment import Principal
from broker.domain.ids import file_id
from broker.domain.times import DAY, iso
from broker.settings import yaml_tree
from broker.storage.directory import assignments
from broker.storage.login import refusals
from broker.storage.oauth import grants
from tests import factories
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

LIST = "/admin/applications"
PAYROLL, TRAVEL = f"{LIST}/payroll", f"{LIST}/travel"
ADA = person_id("ada")
FILE = {
    "client_id": "expenses", "name": "Expenses <b>", "redirect_uris": "https://expenses.contoso.example/callback\r\n", "credential": "secret",
    "opens": "assigned", "scopes": "openid, email roles", "roles": "viewer\nclerk", "request": "yes",
}  # fmt: skip


def ids(page: TestResponse) -> list[str]:
    """The ids of the rows."""
    assert page.status_code == 200, page.text
    return re.findall(r'<tr role="row" data-id="([^"]+)"', page.text)


def said(company: Company, role: str, answer: TestResponse) -> str:
    """The page behind a 303."""
    assert answer.status_code == 303, answer.text
    return company.get(role, answer.headers["Location"]).text


def held(company: Company, application: str = "payroll", holder: str = ADA) -> dict[str, int | None]:
    """Role -> end."""
    with company.broker.core.db.read() as tx:
        return {one.role: one.ends_at for one in assignments.of(tx, Principal.PERSON, holder, application)}


def test_the_list_and_its_filters(company: Company) -> None:
    """The address is the state; a chip takes a filter away; an owner's list has what they own, and no form for a new file."""
    page = company.get(table.ADMINISTRATOR, LIST)
    assert {"payroll", "travel"} <= set(ids(page))
    assert ('data-page="admin-applications"' in page.text, f'href="{LIST}/new"' in page.text) == (True, True)
    assert "config/applications/payroll.yaml" in page.text
    assert ids(company.get(table.ADMINISTRATOR, f"{LIST}?q=trav")) == ["travel"]
    filtered = company.get(table.ADMINISTRATOR, f"{LIST}?owner=bob@contoso.example&opens=everyone&q=nothing")
    assert "No application matches" in filtered.text
    assert "Owner: bob@contoso.example" in filtered.text
    mine = company.get(table.OWNER, LIST)
    assert (ids(mine), f'href="{LIST}/new"' in mine.text) == (["payroll"], False)
    for query in ("x=1", "opens=nobody", "after=x", "q=" + "x" * 300, "q=a&q=b"):
        assert company.get(table.ADMINISTRATOR, f"{LIST}?{query}").status_code == 400, query


def test_a_fault_is_the_news(company: Company) -> None:
    """The heading counts faults; the reason stands there in doctor's words, and leads to the refused request. It is text (AD-09)."""
    with company.broker.core.db.write() as tx:
        refusals.add(
            tx, request_id="7KQ4-M2XT-9RZB", at=company.clock() + 9, code="invalid_request", reason="redirect_uri", address="192.0.2.1",
            application="payroll", facts={"sent": "https://evil.example/<b>", "registered": []},
        )  # fmt: skip
    page = company.get(table.HELP_DESK, LIST)
    assert "application needs attention" in page.text or "applications need attention" in page.text
    assert ids(page)[0] == "payroll"
    one = company.get(table.OWNER, PAYROLL).text
    assert 'href="/admin/sign-ins/7KQ4-M2XT-9RZB"' in one
    assert "add it to redirect_uris in the file" in one
    assert "https://evil.example/&lt;b&gt;" in one
    assert company.get(table.OWNER, "/admin/sign-ins/7KQ4-M2XT-9RZB").status_code == 200


def test_one_application_in_words(company: Company) -> None:
    """What the file says, who is assigned, and where to go on; the auditor and the help desk read it without a button."""
    company.broker.access.assignments.assign(ACTOR, "payroll", "Finance", role="viewer")
    page = html.unescape(company.get(table.OWNER, PAYROLL).text)
    for text in (
        'data-page="admin-application"', "authorization_code", "a client secret", "access token 10 minutes", "bob@contoso.example",
        "Some members need a second step", "Ada Fabrik", "Finance", "/admin/guests/new?application=payroll",
        "/admin/guests?application=payroll", "/admin/sign-ins?application=payroll", f"/admin/guests/{ADA}", "What doctor says",
        f"{PAYROLL}/assign", "/change", "/remove",
    ):  # fmt: skip
        assert text in page, text
    for role in (table.AUDITOR, table.HELP_DESK):
        page = company.get(role, PAYROLL).text
        assert ("Ada Fabrik" in page, f"{PAYROLL}/assign" in page, "/remove" in page) == (True, False, False)
    found = company.get(table.OWNER, f"{PAYROLL}?q=ada@fabrikam.example")
    assert ids(found) == [company.assignment()]
    assert "Nobody with this address is assigned" in company.get(table.OWNER, f"{PAYROLL}?q=bo@fabrikam.example").text


def test_what_they_do_not_own_does_not_exist(company: Company) -> None:
    """AD-01: another owner's application and assignment: the same 404 as for what is not there. Strange names are honest refusals (AD-07)."""
    bo = company.assignment("travel")
    uuid = file_id(company.broker.core.settings().issuer, "application", "payroll")
    for path in (TRAVEL, f"{LIST}/nothing", f"{TRAVEL}/assignments/{bo}/change", f"{PAYROLL}/assignments/{bo}/remove"):
        assert company.get(table.OWNER, path).status_code == 404, path
    for path in (f"{TRAVEL}/assign", f"{PAYROLL}/assignments/{bo}/remove", f"{PAYROLL}/assignments/{bo}/change"):
        assert company.post(table.OWNER, path, confirmed="yes", role="viewer").status_code in (400, 404), path
    assert held(company, "travel", person_id("bo")) == {"viewer": None}
    assert company.get(table.OWNER, f"{LIST}/{uuid}").status_code == 200
    assert company.get(table.OTHER_OWNER, f"{LIST}/{uuid}").status_code == 404
    for name in ("..", "%00", "%ff", "a" * 400, "payroll%20", "%3Cscript%3E", "PAYROLL"):
        assert company.get(table.ADMINISTRATOR, f"{LIST}/{name}").status_code in (400, 404), name


def test_an_owner_assigns(company: Company) -> None:
    """A guest or a group that is here, with role, end and reason; what is wrong comes back at its field, as it was typed."""
    until = iso(company.clock() + 9 * DAY)[:10]
    form = {"holder": "bo@fabrikam.example", "role": "approver", "until": until, "reason": "They check <hours>."}
    page = said(company, table.OWNER, company.post(table.OWNER, f"{PAYROLL}/assign", **form))
    assert "Assigned. They can open it from now on." in page
    ends = held(company, holder=person_id("bo"))["approver"]
    assert ends is not None
    assert iso(ends - 1)[:10] == until
    event = company.audit("assignment.given")[0]
    assert (event["actor_id"], event["target"]) == (person_id("bob"), "payroll")
    assert company.post(table.OWNER, f"{PAYROLL}/assign", holder="Finance").status_code == 303
    for wrong, field in (
        ({"holder": "nobody@fabrikam.example"}, "holder"),
        ({"holder": "No group"}, "holder"),
        ({"holder": ""}, "holder"),
        ({"role": "boss"}, "role"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"reason": "x" * 1001}, "reason"),
    ):
        answer = company.post(table.OWNER, f"{PAYROLL}/assign", **{**form, **wrong})
        assert (answer.status_code, f'href="#{field}"' in answer.text) == (400, True), wrong
    assert company.post(table.OWNER, f"{PAYROLL}/assign", **form, application="travel").status_code == 400  # AD-02
    assert company.post(table.OWNER, f"{PAYROLL}/assign", **form, starts_at="0").status_code == 400


def test_an_owner_changes_an_assignment(company: Company) -> None:
    """Role and end in one form; an end within a day stays as it is; a field too much is refused (AD-02)."""
    path = f"{PAYROLL}/assignments/{company.assignment()}/change"
    page = company.get(table.OWNER, path)
    assert ('data-page="admin-assignment"' in page.text, "Ada" not in page.text, "ada@fabrikam.example" in page.text) == (
        True,
    ) * 3
    until = iso(company.clock() + 3 * DAY)[:10]
    done = company.post(table.OWNER, path, role="approver", until=until, reason="More to do.")
    assert "Changed." in said(company, table.OWNER, done)
    assert list(held(company)) == ["approver"]
    odd = company.clock() + 5 * DAY + 7
    company.broker.access.assignments.assign(ACTOR, "payroll", ADA, role="approver", ends_at=odd)
    path = f"{PAYROLL}/assignments/{company.assignment()}/change"
    company.post(table.OWNER, path, role="viewer", until=iso(odd)[:10])
    assert held(company) == {"viewer": odd}
    path = f"{PAYROLL}/assignments/{company.assignment()}/change"
    for wrong, field in (({"role": "boss"}, "role"), ({"role": "viewer", "until": "2020-01-01"}, "until")):
        answer = company.post(table.OWNER, path, **wrong)
        assert (answer.status_code, f'href="#{field}"' in answer.text) == (400, True), wrong
    assert company.post(table.OWNER, path, role="viewer", holder="bo@fabrikam.example").status_code == 400


def test_an_owner_removes_an_assignment(company: Company) -> None:
    """A page of its own says what ends; without its word nothing happens; then the sign-ins end at once, and the reason stands in the audit."""
    place = company.home / "config" / "applications" / "payroll.yaml"
    place.write_text(re.sub(r"assignment_required: .*\n", "", place.read_text("utf-8")) + "assignment_required: true\n", "utf-8")
    assert company.broker.files.refresh() == []
    with company.broker.core.db.write() as tx:
        grant = factories.grant(ADA, client_id="payroll")
        grants.add(tx, grant)
    path = f"{PAYROLL}/assignments/{company.assignment()}/remove"
    page = company.get(table.OWNER, path).text
    assert ("data-confirm" in page, "Their sign-ins and tokens at this application" in page, "The role" in page) == (True,) * 3
    assert "data-confirm" in company.post(table.OWNER, path).text
    wrong = company.post(table.OWNER, path, confirmed="yes", reason="x" * 1001)
    assert (wrong.status_code, held(company)) == (400, {"viewer": None})
    done = company.post(table.OWNER, path, confirmed="yes", reason="The project is over.")
    assert "Removed." in said(company, table.OWNER, done)
    assert held(company) == {}
    event = company.audit("assignment.taken_back")[0]
    assert (event["actor_id"], event["subject"], event["data"]["role"]) == (person_id("bob"), ADA, "viewer")
    assert event["data"]["sign_ins_ended"] == 1
    assert company.get(table.OWNER, path).status_code == 404


def test_an_open_application_stays_open(company: Company) -> None:
    """Where every guest gets in, the page says so: the removal takes the role only."""
    place = company.home / "config" / "applications" / "payroll.yaml"
    place.write_text(re.sub(r"assignment_required: .*\n", "", place.read_text("utf-8")), "utf-8")
    assert company.broker.files.refresh() == []
    page = company.get(table.OWNER, f"{PAYROLL}/assignments/{company.assignment()}/remove").text
    assert ("They can still open it" in page, "Their sign-ins and tokens" in page) == (True, False)


def test_a_page_of_people_has_a_next_one(company: Company) -> None:
    """Fifty people a page; the cursor is sealed for this application."""
    with company.broker.core.db.write() as tx:
        for _ in range(55):
            guest = factories.saved_person(tx)
            assignments.put(
                tx, factories.assignment(Principal.PERSON, holder=guest.id, application="payroll", starts_at=company.clock())
            )
    first = company.get(table.OWNER, PAYROLL)
    url = html.unescape(re.findall(r'href="([^"]+)" rel="next"', first.text)[0])
    second = company.get(table.OWNER, url)
    assert (len(ids(first)), len(ids(second)), len({*ids(first), *ids(second)})) == (50, 6, 56)
    assert company.get(table.OTHER_OWNER, url.replace("payroll", "travel")).status_code == 400


def test_the_file_of_a_new_application(company: Company) -> None:
    """Checked as the file would be; then the text to copy, and the same as a download. Nothing is written."""
    page = company.get(table.ADMINISTRATOR, f"{LIST}/new").text
    assert 'data-page="admin-application-new"' in page
    made = company.post(table.ADMINISTRATOR, f"{LIST}/new", **FILE)
    assert (made.status_code, "The file is ready" in made.text, "openssl rand -hex 32" in made.text) == (200, True, True)
    text = html.unescape(re.findall(r'id="file-text" tabindex="0">(.*?)</pre>', made.text, re.DOTALL)[0])
    got = company.post(table.ADMINISTRATOR, f"{LIST}/new", **FILE, download="yes")
    assert got.headers["Content-Disposition"] == 'attachment; filename="expenses.yaml"'
    assert got.text.strip() == text.strip()
    assert got.headers["Cache-Control"].startswith("no-store")
    data = yaml_tree.read(got.data, "x").data
    assert (data["name"], data["scopes"], data["roles"]) == ("Expenses <b>", ["openid", "email", "roles"], ["viewer", "clerk"])
    assert not (company.home / "config" / "applications" / "expenses.yaml").exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"client_id": "payroll"}, "client_id"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": '../x"\r\nX: y'}, "client_id"),
        ({"name": ""}, "name"),
        ({"redirect_uris": "http://expenses.contoso.example/"}, "redirect_uris"),
        ({"credential": "jwks_uri"}, "jwks_uri"),
        ({"owners": "bob"}, "owners"),
        ({"scopes": "opendi"}, "scopes"),
    ],
)
def test_a_draft_that_is_wrong(company: Company, values: dict[str, str], field: str) -> None:
    """Each error stands at its field, in the words of `broker check`; a download has no file then."""
    wrong = company.post(table.ADMINISTRATOR, f"{LIST}/new", **{**FILE, **values}, download="yes")
    assert (wrong.status_code, f'href="#{field}"' in wrong.text, f'id="{field}"' in wrong.text) == (400, True, True)
    assert "The file is ready" not in wrong.text
    assert company.post(table.ADMINISTRATOR, f"{LIST}/new", **FILE, jwks="x").status_code == 400  # AD-02


def test_other_places_lead_here(company: Company) -> None:
    """The navigation, a guest's page and a group's page; nobody gets a link to what they may not see."""
    company.broker.access.assignments.assign(ACTOR, "payroll", "Finance")
    group = company.broker.access.groups.show(ACTOR, "Finance").group.id
    for role, path, leads in (
        (table.OWNER, "/admin", True),
        (table.GROUP_OWNER, "/admin", False),
        (table.AUDITOR, f"/admin/guests/{ADA}", True),
        (table.OWNER, f"/admin/guests/{ADA}", True),
        (table.INVITER, f"/admin/guests/{ADA}", False),
        (table.AUDITOR, f"/admin/groups/{group}", True),
        (table.GROUP_OWNER, f"/admin/groups/{group}", False),
    ):
        wanted = LIST if path == "/admin" else PAYROLL
        assert (f'href="{wanted}"' in company.get(role, path).text) is leads, (role, path)
