"""`/admin`: what needs a person, for whom, and where it leads."""

from __future__ import annotations

import json
import re

from broker.domain.ids import new_id
from broker.domain.mail import Mail, MailKind
from broker.domain.receipt import Outcome
from broker.domain.times import DAY
from broker.storage.directory import people
from broker.storage.login import receipts
from broker.storage.operations import outbox
from broker.storage.partners import documents
from tests import factories
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id


def heading(company: Company, role: str) -> str:
    """The news."""
    response = company.get(role, "/admin")
    assert response.status_code == 200, response.text
    found = re.search(r"<h1>(.*?)</h1>", response.text, re.DOTALL)
    assert found
    return found[1]


def refuse(company: Company, count: int, *, application: str = "payroll", reason: str = "saml_signature") -> None:
    """Sign-ins that were refused a moment ago."""
    with company.broker.core.db.write() as tx:
        for _ in range(count):
            receipts.save(
                tx,
                factories.receipt(
                    at=company.clock() - 60, outcome=Outcome.FAILED, application=application, partner="fabrikam",
                    error="upstream_failed", reason=reason,
                ),
            )  # fmt: skip


def fault(company: Company, partner: str, *, body: dict[str, object] | None, problem: str | None) -> None:
    """A stored document of a partner."""
    with company.broker.core.db.write() as tx:
        documents.claim(tx, partner, "metadata", "https://x.example", now=company.clock(), pause=1)
        if body is not None:
            documents.store(
                tx, partner, "metadata", url="https://x.example", body=json.dumps(body), now=company.clock(),
                fresh_until=company.clock() + DAY, next_try_at=0,
            )  # fmt: skip
        if problem:
            documents.fail(tx, partner, "metadata", problem=problem, next_try_at=0)


def test_nothing_needs_anybody(company: Company) -> None:
    """The empty page says so, to every role that gets in."""
    for role in table.STAFF:
        assert heading(company, role) == "Nothing needs you."


def test_refused_sign_ins_stand_by_reason_for_whoever_sees_sign_ins(company: Company) -> None:
    """AD-01: an owner sees those of their own application, another owner and the guest inviter none."""
    refuse(company, 3)
    assert heading(company, table.ADMINISTRATOR) == "1 thing needs a person"
    page = company.get(table.OWNER, "/admin").text
    assert "3 sign-ins were refused in the last 24 hours: Fabrikam" in page
    assert "saml_signature: publish the key that signs" in page
    for role in (table.OTHER_OWNER, table.GROUP_OWNER, table.INVITER):
        assert heading(company, role) == "Nothing needs you."
    assert "Sign-ins by day" not in company.get(table.INVITER, "/admin").text


def test_refusals_of_the_day_before_are_history(company: Company) -> None:
    """The chart has them, the list of what needs a person has not."""
    refuse(company, 2)
    company.clock.advance(DAY + 120)
    company.sign_in(table.ADMINISTRATOR, person_id("alice"), "staff")
    page = company.get(table.ADMINISTRATOR, "/admin").text
    assert "Nothing needs you." in page
    assert "refused: 2" in page


def test_partners_with_a_fault_and_certificates_that_end(company: Company) -> None:
    """A partner where nobody can sign in comes first; a certificate with a successor needs nobody."""
    now = company.clock()
    soon, late = ({"ends": now + days * DAY, "sha256": f"{days:064x}", "spki": ""} for days in (15, 300))
    fault(company, "northwind", body={"keys": [soon]}, problem=None)
    fault(company, "staff", body={"keys": [soon, late]}, problem=None)
    fault(company, "fabrikam", body=None, problem="metadata_fetch")
    refuse(company, 1)
    assert heading(company, table.AUDITOR) == "3 things need a person"
    page = company.get(table.AUDITOR, "/admin").text
    assert page.index("Nobody can sign in at Fabrikam") < page.index("1 sign-in was refused") < page.index("ends in 2 weeks")
    assert "metadata_fetch" in page
    assert heading(company, table.HELP_DESK) == "1 thing needs a person"


def test_access_that_ends_and_guests_without_a_sponsor(company: Company) -> None:
    """Owners see the end of access to what they own, and nothing of other guests."""
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("ada"), {"expires_at": company.clock() + 3 * DAY})
        people.change(tx, person_id("bo"), {"orphaned_at": company.clock()})
    page = company.get(table.ADMINISTRATOR, "/admin").text
    assert "2 things need a person" in page
    assert "1 guest loses access this week" in page
    assert "1 guest has no sponsor any more" in page
    assert "1 guest loses access this week: Payroll" in company.get(table.OWNER, "/admin").text
    assert "1 guest loses access this week: Finance" in company.get(table.GROUP_OWNER, "/admin").text
    assert heading(company, table.OTHER_OWNER) == "Nothing needs you."


def test_a_mail_that_was_given_up_stands_until_a_later_one_arrives(company: Company) -> None:
    """The line names the address and the mail server's answer, as text and not as markup."""
    mail = Mail(kind=MailKind.INVITATION, recipient="ada@fabrikam.example", language="en", person=person_id("ada"))
    for at, sent in ((0, False), (60, True)):
        company.clock.advance(at)
        now, mail_id = company.clock(), new_id()
        with company.broker.core.db.write() as tx:
            outbox.add(tx, mail, mail_id=mail_id, message_id=f"{mail_id}@x", content="sealed", now=now)
            [held] = outbox.lease(tx, holder="h", now=now, until=now + 60, limit=1, ids=[mail_id])
            if sent:
                outbox.sent(tx, held.id, "h", now)
            else:
                outbox.given_up(tx, held.id, "h", now, "550 <b>no such user</b>")
        if not sent:
            page = company.get(table.ADMINISTRATOR, "/admin").text
            assert "No e-mail reached ada@fabrikam.example" in page
            assert "550 &lt;b&gt;no such user&lt;/b&gt;" in page
            assert heading(company, table.OWNER) == "Nothing needs you."
    assert heading(company, table.ADMINISTRATOR) == "Nothing needs you."


def test_strange_input_is_no_error(company: Company) -> None:
    """AD-07: whatever the query says, the page stands."""
    for query in ("?x=1", "?lang=zz", "?%00", "?after=x", "?lang=de&lang=fr"):
        assert company.get(table.ADMINISTRATOR, f"/admin{query}").status_code in (200, 400), query
