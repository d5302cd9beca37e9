"""`/admin/partners` and one partner: the files with their health, without a visit to anybody."""

from __future__ import annotations

import json

from broker.domain.times import DAY
from broker.storage.partners import documents
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company


def test_a_partner_with_a_fault_comes_first(company: Company) -> None:
    """The heading is the news; a reason of a fault is text."""
    with company.broker.core.db.write() as tx:
        documents.claim(tx, "staff", "jwks", "https://x.example", now=company.clock(), pause=1)
        documents.fail(tx, "staff", "jwks", problem="<b>jwks", next_try_at=0)
    page = company.get(table.AUDITOR, "/admin/partners").text
    assert "1 partner needs attention" in page
    assert "&lt;b&gt;jwks" in page
    assert page.index('data-id="staff"') < page.index('data-id="fabrikam"')


def test_one_partner_with_certificate_guests_and_findings(company: Company) -> None:
    """Doctor's findings stand as a thread, and nothing is fetched: the partner's host answers nobody."""
    keys = [{"ends": company.clock() + 15 * DAY, "sha256": "ab" * 32, "spki": ""}]
    with company.broker.core.db.write() as tx:
        documents.claim(tx, "fabrikam", "metadata", "https://x.example", now=company.clock(), pause=1)
        documents.store(
            tx, "fabrikam", "metadata", url="https://x.example", body=json.dumps({"keys": keys}), now=company.clock(),
            fresh_until=company.clock() + DAY, next_try_at=0,
        )  # fmt: skip
    response = company.get(table.ADMINISTRATOR, "/admin/partners/fabrikam")
    assert response.status_code == 200, response.text
    assert "What doctor says" in response.text
    assert "abababababababab..." in response.text
    assert 'class="thread"' in response.text


def test_what_is_no_partner_is_not_found(company: Company) -> None:
    """AD-01, AD-07: strange names and queries are honest refusals."""
    for name in ("nobody", "..", "%00", "%ff", "a" * 400, "fabrikam%20", "%3Cscript%3E"):
        assert company.get(table.ADMINISTRATOR, f"/admin/partners/{name}").status_code in (400, 404), name
    assert company.get(table.OWNER, "/admin/partners/fabrikam").status_code == 403
