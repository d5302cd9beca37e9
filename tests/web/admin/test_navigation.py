"""The side navigation: what is open among what the visitor may see, in one statement a page."""

from __future__ import annotations

import re

from broker.domain.access_request import AccessRequest
from broker.domain.ids import new_id
from broker.domain.review import Asked
from broker.services.attention.needs import QUEUED
from broker.storage.directory import access_requests
from tests import factories
from tests.journeys.counting import statements
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company

QUEUE_ROLES = (table.ADMINISTRATOR, table.AUDITOR, table.OWNER, table.OTHER_OWNER, table.GROUP_OWNER)


def shown(company: Company, role: str, place: str) -> str:
    """The count beside a place, with a * if it is filled; "" for none, "-" for no such place."""
    page = company.get(role, "/admin").text
    link = re.search(rf'<a href="/admin/{place}"[^>]*>(.*?)</a></li>', page)
    if link is None:
        return "-"
    count = re.search(r'<span class="count( count-now)?">([0-9+]+)<span class="visually-hidden"> open</span>', link[1])
    return f"{count[2]}{'*' if count[1] else ''}" if count else ""


def test_nothing_is_open(company: Company) -> None:
    """No number, rather than a nought."""
    for role in QUEUE_ROLES:
        assert (shown(company, role, "requests"), shown(company, role, "reviews")) == ("", "")


def test_requests_count_for_whoever_sees_them(company: Company) -> None:
    """AD-01: an owner counts those for their applications; filled only for people who decide."""
    company.request()
    got = {role: shown(company, role, "requests") for role in (*QUEUE_ROLES, table.INVITER, table.HELP_DESK)}
    assert got == {
        table.ADMINISTRATOR: "1*", table.AUDITOR: "1", table.OWNER: "1*", table.OTHER_OWNER: "", table.GROUP_OWNER: "",
        table.INVITER: "-", table.HELP_DESK: "-",
    }  # fmt: skip


def test_reviews_count_while_they_run_and_are_filled_for_people_who_are_asked(company: Company) -> None:
    """Payroll's review asks its owner; an answered row waits for nobody."""
    review = company.broker.reviews.campaigns.start(ACTOR, "payroll", due_at=company.clock() + 7 * 86_400, asks=Asked.OWNERS).id
    while company.broker.reviews.campaigns.advance(review):
        pass
    assert {role: shown(company, role, "reviews") for role in QUEUE_ROLES} == {
        table.ADMINISTRATOR: "1", table.AUDITOR: "1", table.OWNER: "1*", table.OTHER_OWNER: "", table.GROUP_OWNER: "",
    }  # fmt: skip
    company.post(table.OWNER, f"/admin/reviews/{review}", scope="all", every="keep")
    assert shown(company, table.OWNER, "reviews") == "1"


def test_the_count_is_bounded_and_takes_one_statement(company: Company) -> None:
    """99+, and as many statements for none as for a thousand."""
    seen: list[int] = []
    for count in (0, QUEUED + 20):
        with company.broker.core.db.write() as tx:
            for _ in range(count):
                person = factories.saved_person(tx)
                access_requests.add(
                    tx,
                    AccessRequest(
                        id=new_id(), person_id=person.id, application="payroll", created_at=company.clock(),
                        expires_at=company.clock() + 86_400,
                    ),
                )  # fmt: skip
        with statements(company.broker.core.db) as found:
            company.get(table.ADMINISTRATOR, "/admin/jobs")
        seen.append(len(found))
        assert len([one for one in found if "FROM access_requests" in one]) == 1
    assert seen[0] == seen[1]
    assert shown(company, table.ADMINISTRATOR, "requests") == "99+*"
