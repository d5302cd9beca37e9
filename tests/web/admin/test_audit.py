"""The portal's audit: filters, pages, names instead of ids, and the check of the chain (HT-18, AD-01, AD-07)."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from broker.domain.audit import Actor, Event
from broker.domain.times import DAY, iso
from broker.services.history import audit_export
from broker.storage.history import audit
from tests.web.admin.company import Company, person_id
from tests.web.admin.rights_table import ADMINISTRATOR, AUDITOR

LIST = "/admin/audit"


def record(company: Company, name: str, *, at: int | None = None, subject: str = "", **data: object) -> str:
    """An event of an administrator; its id."""
    actor = Actor.person(person_id("alice"), request_id="AAAA-BBBB-DDDD")
    with company.broker.core.db.write() as tx:
        return audit.add(tx, Event(name=name, actor=actor, subject=subject, data=data), company.clock() if at is None else at)


def shown(company: Company, address: str) -> list[str]:
    """The ids of a list's page."""
    page = company.get(AUDITOR, address)
    assert page.status_code == 200, page.text
    return re.findall(r'data-id="([^"]+)"', page.text)


def test_filters_and_names(company: Company) -> None:
    """By person, event and days; people stand there by address, also the one who acted."""
    now = company.clock()
    blocked = record(company, "guest.blocked", subject=person_id("ada"), sessions=2)
    old = record(company, "guest.blocked", at=now - 40 * DAY, subject=person_id("bo"))
    page = company.get(AUDITOR, f"{LIST}?name=guest.blocked").text
    assert "alice@contoso.example" in page
    assert "ada@fabrikam.example" in page
    assert shown(company, f"{LIST}?name=guest.blocked") == [blocked]
    assert shown(company, f"{LIST}?q=ada%40fabrikam.example&name=guest.blocked") == [blocked]
    day = iso(now - 40 * DAY)[:10]
    assert shown(company, f"{LIST}?since={day}&until={day}") == [old]
    assert shown(company, f"{LIST}?until={day}&name=guest.blocked") == [old]
    assert shown(company, f"{LIST}?q=nobody%40fabrikam.example") == []


def test_pages_by_cursor(company: Company) -> None:
    """AD-07: every event once, also among those of one second."""
    every = {record(company, "x.happened", at=company.clock() - n // 40) for n in range(120)}
    seen, address = [], f"{LIST}?name=x.happened"
    while address:
        page = company.get(AUDITOR, address)
        seen += re.findall(r'data-id="([^"]+)"', page.text)
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        address = unescape(following[1]) if following else ""
    assert len(seen) == 120
    assert set(seen) == every
    assert company.get(AUDITOR, f"{LIST}?name=x.happened&after=x").status_code == 400


@pytest.mark.parametrize("page", ["", "/export"])
@pytest.mark.parametrize("query", ["since=x", "until=2026-02-30", "nothing=1", "name=a&name=b"])
def test_a_strange_filter_is_a_plain_error(company: Company, query: str, page: str) -> None:
    """AD-07: never an error of ours."""
    assert company.get(ADMINISTRATOR, f"{LIST}{page}?{query}").status_code == 400


def exported(company: Company, query: str = "", who: str = AUDITOR) -> list[dict[str, Any]]:
    """The lines of an export."""
    found = company.get(who, f"{LIST}/export{query}")
    assert found.status_code == 200, found.text
    assert (found.mimetype, found.headers["Cache-Control"]) == ("application/jsonl", "no-store")
    return [json.loads(line) for line in found.text.splitlines()]


def test_an_export_is_the_search_as_lines(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """AD-01, AD-07: each event of the filters once, over several pages, without personal values; the export itself is recorded first."""
    monkeypatch.setattr(audit_export, "EXPORT_PAGE", 7)
    every = {record(company, "x.happened", at=company.clock() - n // 4) for n in range(30)}
    record(company, "x.happened", at=company.clock() - 40 * DAY)
    ada = record(company, "guest.blocked", subject=person_id("ada"), note='"quoted"\nand broken')
    lines = exported(company, "?name=x.happened")
    assert (len(lines), {one["id"] for one in lines}) == (30, every)
    [one] = exported(company, "?q=ada%40fabrikam.example&name=guest.blocked")
    assert (one["id"], one["actor_id"], one["data"]["note"]) == (ada, person_id("alice"), '"quoted"\nand broken')
    assert "personal" not in one
    told = company.audit("audit.exported")
    assert {(event["actor_id"], event["subject"], event["data"]["event"]) for event in told} == {
        (person_id("una"), person_id("ada"), "guest.blocked"),
        (person_id("una"), "", "x.happened"),
    }
    assert {one["name"] for one in exported(company)} >= {"audit.exported", "x.happened", "guest.blocked"}
    assert exported(company, "?q=nobody%40fabrikam.example") == []
    assert f"{LIST}/export?name=x.happened" in company.get(ADMINISTRATOR, f"{LIST}?name=x.happened").text


def test_the_check_of_the_chain(company: Company) -> None:
    """HT-18: whole, and after somebody changed a row in the database, not."""
    record(company, "guest.blocked", subject=person_id("ada"))
    company.broker.history.audit_chain.chain()
    assert "The record is whole" in company.get(AUDITOR, f"{LIST}/verify").text
    with company.broker.core.db.write() as tx:
        tx.exec_driver_sql("UPDATE audit SET reason = 'nothing happened' WHERE name = 'guest.blocked'")
    assert "The record was changed" in company.get(AUDITOR, f"{LIST}/verify").text
