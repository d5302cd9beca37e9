"""The portal's sign-ins: who sees which, filters, pages, the file, and one sign-in in full (AD-01, AD-07, AD-09)."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest

from broker.domain.receipt import Outcome
from broker.domain.times import DAY, iso
from broker.storage.login import receipts, refusals
from tests import factories
from tests.journeys.counting import statements
from tests.web.admin.company import REFERENCE, Company, person_id
from tests.web.admin.rights_table import ADMINISTRATOR, AUDITOR, OTHER_OWNER, OWNER

LIST = "/admin/sign-ins"


def save(company: Company, **values: object) -> str:
    """A receipt of today; its reference."""
    receipt = factories.receipt(**{"at": company.clock(), **values})
    with company.broker.core.db.write() as tx:
        receipts.save(tx, receipt)
    return receipt.request_id


def shown(company: Company, address: str = LIST, role: str = ADMINISTRATOR) -> list[str]:
    """The references of a list's page."""
    page = company.get(role, address)
    assert page.status_code == 200, page.text
    return re.findall(r'data-id="([^"]+)"', page.text)


def test_filters_are_in_the_address(company: Company) -> None:
    """By person (a claimed address of somebody refused, too), partner, application, outcome, reason and days."""
    now = company.clock()
    blocked = save(company, outcome=Outcome.BLOCKED, error="policy_blocked", reason="policy_blocked", partner="fabrikam")
    claimed = save(
        company,
        outcome=Outcome.FAILED,
        error="not_invited",
        reason="not_invited",
        claimed="eve@evil.example",
        application="travel",
    )
    old = save(company, at=now - 3 * DAY)
    assert set(shown(company)) == {REFERENCE, blocked, claimed, old}
    assert shown(company, f"{LIST}?outcome=blocked") == [blocked]
    assert shown(company, f"{LIST}?q=eve%40evil.example") == [claimed]
    assert shown(company, f"{LIST}?q=ada%40fabrikam.example") == [REFERENCE]
    assert shown(company, f"{LIST}?partner=fabrikam") == [blocked]
    assert shown(company, f"{LIST}?application=travel") == [claimed]
    assert shown(company, f"{LIST}?reason=not_invited") == [claimed]
    day = iso(now - 3 * DAY)[:10]
    assert shown(company, f"{LIST}?since={day}&until={day}") == [old]
    assert shown(company, f"{LIST}?q=nobody") == []
    assert shown(company, f"{LIST}?q=a%40b%40c") == []


def test_a_reference_leads_to_its_sign_in(company: Company) -> None:
    """The one box takes the reference of an error page, in any case."""
    found = company.get(ADMINISTRATOR, f"{LIST}?q={REFERENCE.lower()}")
    assert (found.status_code, found.headers["Location"]) == (303, f"{LIST}/{REFERENCE}")


def test_pages_by_cursor(company: Company) -> None:
    """AD-07: every row once, also among those of one second; a strange cursor, or one of another filter, is a plain 400."""
    every = {REFERENCE} | {save(company, at=company.clock() - (n // 40)) for n in range(120)}
    with company.broker.core.db.write() as tx:
        for n in range(20):
            refusals.add(
                tx, request_id=f"RRRR-RRRR-R{n:03}", at=company.clock() - n // 10, code="bad_request", reason="state", address="192.0.2.1",
                application="payroll",
            )  # fmt: skip
    seen, address = [], f"{LIST}?application=payroll"
    while address:
        page = company.get(ADMINISTRATOR, address)
        rows = re.findall(r'data-id="([^"]+)"', page.text)
        assert 0 < len(rows) <= 50
        seen += rows
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        last, address = address, unescape(following[1]) if following else ""
    assert len(seen) == len(set(seen)) == 141
    assert every <= set(seen)
    cursor = last.rpartition("after=")[2]
    for wrong in ("x", "s1.a.b.c", cursor[:-4], "x" * 3000):
        assert company.get(ADMINISTRATOR, f"{LIST}?application=payroll&after={wrong}").status_code == 400
    assert company.get(ADMINISTRATOR, f"{LIST}?application=travel&after={cursor}").status_code == 400


@pytest.mark.parametrize("query", ["outcome=perhaps", "since=2026-13-01", "until=x", "nothing=1", "q=a&q=b", "q=%00"])
def test_a_strange_filter_is_a_plain_error(company: Company, query: str) -> None:
    """AD-07: never an error of ours."""
    assert company.get(ADMINISTRATOR, f"{LIST}?{query}").status_code == 400


def test_an_owner_sees_their_own_applications(company: Company) -> None:
    """AD-01: in the list, the file, by reference and in the box; what is not theirs does not exist."""
    other = save(company, application="travel")
    assert shown(company, role=OWNER) == [REFERENCE]
    assert shown(company, role=OTHER_OWNER) == [other]
    assert shown(company, f"{LIST}?application=travel", OWNER) == []
    assert shown(company, f"{LIST}?q={other}", OWNER) == []
    assert company.get(OWNER, f"{LIST}/{other}").status_code == 404
    assert company.get(AUDITOR, f"{LIST}/{other}").status_code == 200
    assert other not in company.get(OWNER, f"{LIST}/export").text


def test_the_file_keeps_the_filter_and_has_no_formula(company: Company) -> None:
    """AD-09: a value that a spreadsheet would calculate is text."""
    save(company, outcome=Outcome.FAILED, error="not_invited", reason="not_invited", claimed="=cmd@evil.example")
    save(company, outcome=Outcome.BLOCKED, error="policy_blocked", reason="policy_blocked")
    answer = company.get(ADMINISTRATOR, f"{LIST}/export?outcome=failed")
    assert answer.mimetype == "text/csv"
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert [dict(zip(head, one, strict=True))["user"] for one in rows] == ["'=cmd@evil.example"]


def test_one_sign_in_in_full(company: Company) -> None:
    """The step that stopped with what was expected and who can change it; the partner's share names no person and no address."""
    steps = [
        {"at": company.clock(), "step": "started", "result": "authorize", "reason": ""},
        {"at": company.clock(), "step": "upstream", "result": "refused", "reason": "saml_signature", "partner": "fabrikam", "detail": "HS-5: the key of <Signature> is not in the metadata"},
    ]  # fmt: skip
    reference = save(
        company, outcome=Outcome.FAILED, error="partner_untrusted", reason="saml_signature", partner="fabrikam", steps=tuple(steps),
        person_id=person_id("ada"), address="192.0.2.77",
    )  # fmt: skip
    page = company.get(ADMINISTRATOR, f"{LIST}/{reference}").text
    assert 'data-page="admin-sign-in"' in page
    assert "did not get into Payroll" in page
    assert "HS-5: the key of &lt;Signature&gt; is not in the metadata" in page
    share = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert share
    assert reference in share[1]
    assert "ada@" not in share[1]
    assert "192.0.2.77" not in share[1]


def test_a_list_page_asks_the_database_a_fixed_number_of_times(company: Company) -> None:
    """Ten rows or fifty: as many statements."""
    with statements(company.broker.core.db) as few:
        company.get(ADMINISTRATOR, LIST)
    for _ in range(60):
        save(company)
    with statements(company.broker.core.db) as many:
        company.get(ADMINISTRATOR, LIST)
    assert len(many) == len(few)
