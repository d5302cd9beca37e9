"""Requests in the portal, and on /apps for the person who asks."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from broker.web import csrf
from broker.web.panel.frame import SCOPE as APPS_FORMS
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

PAYROLL = "assignment_required: true\nself_service: {request: true, role: approver, lifetime: 90d}\n"


def opened(company: Company) -> None:
    """People may ask for Payroll, as approver; Ada and Bo do not have that role."""
    path = company.home / "config" / "applications" / "payroll.yaml"
    path.write_text(path.read_text("utf-8") + PAYROLL, "utf-8")
    assert company.broker.files.refresh() == []


def ask(company: Company, role: str, path: str, **data: str) -> TestResponse:
    """A form of /apps, with its own token."""
    return company.ask(role, "POST", path, {csrf.FIELD: csrf.token(company.cookie(role), APPS_FORMS), **data})


def test_asked_on_apps_and_approved_in_the_portal(company: Company) -> None:
    """From "You may ask for" to the role, with the words of both; each page escapes them (AD-09)."""
    opened(company)
    apps = company.get(table.GUEST, "/apps").text
    assert "/apps/ask/payroll" in apps
    page = company.get(table.GUEST, "/apps/ask/payroll").text
    assert 'data-page="apps-ask"' in page
    assert 'max="2027-04-15"' in page
    sent = ask(company, table.GUEST, "/apps/ask/payroll", reason="<b>Hours</b>", until="2027-02-28")
    assert (sent.status_code, "/apps?said=" in sent.headers["Location"]) == (303, True)
    apps = company.get(table.GUEST, "/apps").text
    assert "/take-back" in apps
    listed = company.get(table.OWNER, "/admin/requests").text
    assert 'data-page="admin-requests"' in listed
    assert "1 request waits for an answer" in listed
    [request_id] = re.findall(r'<tr role="row" data-id="([0-9a-f-]{36})">', listed)
    one = company.get(table.OWNER, f"/admin/requests/{request_id}").text
    assert 'data-page="admin-request"' in one
    assert "&lt;b&gt;Hours&lt;/b&gt;" in one
    assert 'value="2027-02-28"' in one
    done = company.post(table.OWNER, f"/admin/requests/{request_id}", answer="approve", until="2027-01-31", words="Welcome.")
    assert done.status_code == 303
    said = company.get(table.OWNER, done.headers["Location"]).text
    assert "Approved. The person has an e-mail with the link." in said
    assert "1 request" not in said
    approved = company.get(table.AUDITOR, "/admin/requests?state=approved").text
    assert request_id in approved
    roles = {one.role for one in company.broker.guests.directory.show("ada@fabrikam.example").assignments}
    assert roles == {"viewer", "approver"}
    [row] = company.audit("access_request.approved")
    assert (row["actor_id"], row["subject"]) == (person_id("bob"), person_id("ada"))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"answer": "refuse", "until": "", "words": " "}, "words"),
        ({"answer": "approve", "until": "2020-01-01", "words": ""}, "until"),
        ({"answer": "approve", "until": "soon", "words": ""}, "until"),
        ({"answer": "approve", "until": "2028-01-01", "words": ""}, "until"),
    ],
)
def test_a_wrong_answer_comes_back(company: Company, form: dict[str, str], field: str) -> None:
    """The page says what is wrong at the field and in a summary, keeps what was typed, and nothing happens."""
    opened(company)
    request_id = company.request()
    page = company.post(table.OWNER, f"/admin/requests/{request_id}", **form)
    assert page.status_code == 400
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert company.audit("access_request.approved") == company.audit("access_request.refused") == []


def test_answered_meanwhile(company: Company) -> None:
    """Two owners at two desks: the second one reads that it is closed."""
    request_id = company.request()
    assert company.post(table.OWNER, f"/admin/requests/{request_id}", answer="refuse", words="No.").status_code == 303
    again = company.post(table.ADMINISTRATOR, f"/admin/requests/{request_id}", answer="approve", until="", words="")
    assert again.status_code == 409
    assert "Refused" in company.get(table.ADMINISTRATOR, f"/admin/requests/{request_id}").text
    assert company.post(table.OWNER, f"/admin/requests/{request_id}", answer="delete").status_code == 400


def test_what_cannot_be_asked_for(company: Company) -> None:
    """AD-01: an application that nobody may ask for is 404 like one that does not exist; wrong fields come back."""
    opened(company)
    for path in ("/apps/ask/travel", "/apps/ask/nothing"):
        assert company.get(table.GUEST, path).status_code == 404
        assert ask(company, table.GUEST, path, reason="Please.").status_code == 404
    for form, field in (({"reason": " "}, "reason"), ({"reason": "Please.", "until": "2020-01-01"}, "until")):
        page = ask(company, table.GUEST, "/apps/ask/payroll", **form)
        assert (page.status_code, f'href="#{field}"' in page.text) == (400, True)
    assert company.post(table.GUEST, "/apps/ask/payroll", reason="Please.").status_code == 403  # SC-04: the portal's token


def test_taken_back(company: Company) -> None:
    """A person takes back their own request, and nobody else's."""
    opened(company)
    request_id = company.request()
    assert f"/apps/requests/{request_id}/take-back" in company.get(table.GUEST, "/apps").text
    assert ask(company, table.OTHER_GUEST, f"/apps/requests/{request_id}/take-back").status_code == 404
    assert ask(company, table.GUEST, f"/apps/requests/{request_id}/take-back").status_code == 303
    assert "/apps/ask/payroll" in company.get(table.GUEST, "/apps").text
    assert [row["actor_id"] for row in company.audit("access_request.withdrawn")] == [person_id("ada")]


def test_the_next_page(company: Company) -> None:
    """The address is the state: a sealed cursor leads on, a forged one and an unknown filter are 400 (AD-07)."""
    assert company.get(table.OWNER, "/admin/requests?after=forged").status_code == 400
    assert company.get(table.OWNER, "/admin/requests?state=nothing").status_code == 400
    assert company.get(table.OWNER, "/admin/requests?other=1").status_code == 400
    assert "Nobody waits for you." in company.get(table.OWNER, "/admin/requests").text
