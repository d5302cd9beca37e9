"""Reviews in the portal: begun by an owner, decided one by one and in bulk, exported."""

from __future__ import annotations

import csv
import re

from broker.domain.guest import PersonKind
from tests import factories
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

SPONSOR = "sponsor"


def a_sponsor(company: Company) -> None:
    """Sam is a member of staff without any role, and answers for Ada."""
    with company.broker.core.db.write() as tx:
        factories.saved_person(
            tx,
            id=person_id("sam"),
            kind=PersonKind.MEMBER,
            email="sam@contoso.example",
            name="Sam",
            partner="staff",
            sponsor=None,
        )
    company.broker.guests.sponsors.hand_over(ACTOR, "ada@fabrikam.example", "sam@contoso.example")
    company.sign_in(SPONSOR, person_id("sam"), "staff")


def rows(page: str) -> list[str]:
    """The ids of a table's rows."""
    return re.findall(r'<tr role="row" data-id="([0-9a-f-]{36})">', page)


def test_an_owner_holds_a_review(company: Company) -> None:
    """Started in the portal; nothing is chosen; a decision is recorded, shown and can change; a sponsor sees only their rows."""
    a_sponsor(company)
    made = company.post(table.OWNER, "/admin/reviews", application="payroll", due="2027-02-01", asks="sponsors")
    assert made.status_code == 303
    address = made.headers["Location"].partition("?")[0]
    page = company.get(table.OWNER, address).text
    assert 'data-page="admin-review"' in page
    assert "checked" not in page
    [item] = rows(page)
    own = company.get(SPONSOR, "/admin/reviews").text
    assert 'data-page="admin-reviews"' in own
    assert rows(own) == [address.rpartition("/")[2]]
    assert rows(company.get(SPONSOR, f"{address}?view=mine").text) == [item]
    done = company.post(SPONSOR, address, **{f"verdict-{item}": "keep"})
    assert "Decisions recorded: 1." in company.get(SPONSOR, done.headers["Location"]).text
    assert "sam@contoso.example" in company.get(table.OWNER, address).text
    company.post(table.OWNER, address, scope="all", every="end")  # nothing is open any more
    assert 'value="keep" checked' in company.get(table.OWNER, address).text
    assert company.post(SPONSOR, address, **{f"verdict-{item}": "delete"}).status_code == 400
    lines = list(csv.DictReader(company.get(table.OWNER, f"{address}/export").text.splitlines()))
    assert [(line["email"], line["verdict"], line["decided_by"]) for line in lines] == [
        ("ada@fabrikam.example", "keep", "sam@contoso.example")
    ]
    assert company.get(table.GUEST, "/admin/reviews").status_code == 403


def test_in_bulk(company: Company) -> None:
    """All open rows at once; a row of another review is not among the decided ones."""
    address = f"/admin/reviews/{company.review()}"
    done = company.post(table.OWNER, address, scope="all", every="end")
    assert "Decisions recorded: 1." in company.get(table.OWNER, done.headers["Location"]).text
    other = company.post(table.ADMINISTRATOR, "/admin/reviews", application="travel", due="2027-02-01", asks="owners")
    [foreign] = rows(company.get(table.ADMINISTRATOR, other.headers["Location"]).text)
    company.post(table.OWNER, address, **{f"verdict-{foreign}": "end"})
    assert "checked" not in company.get(table.ADMINISTRATOR, other.headers["Location"]).text


def test_wrong_forms(company: Company) -> None:
    """A due date in the past, a scope that nobody offers, a reminder too early: said, and nothing happens."""
    for due in ("2020-01-01", "soon", "2030-01-01"):
        page = company.post(table.OWNER, "/admin/reviews", application="payroll", due=due, asks="sponsors")
        assert (page.status_code, 'href="#due"' in page.text) == (400, True)
    assert company.post(table.OWNER, "/admin/reviews", application="payroll", due="2027-02-01", asks="guests").status_code == 400
    assert company.audit("review.started") == []
    address = f"/admin/reviews/{company.review()}"
    assert company.post(table.OWNER, f"{address}/remind").status_code == 409
    assert company.get(table.OWNER, f"{address}?view=nothing").status_code == 400


def test_after_the_due_date(company: Company) -> None:
    """The page shows what ended, and decides nothing any more."""
    address = f"/admin/reviews/{company.review()}"
    company.clock.advance(7 * 86_400)
    company.broker.operations.housekeeping.run()
    company.sign_in(table.OWNER, person_id("bob"), "staff")
    page = company.get(table.OWNER, address).text
    assert "Access that nobody kept has ended." in page
    assert 'type="radio"' not in page
    assert company.post(table.OWNER, address, scope="all", every="keep").status_code == 409
