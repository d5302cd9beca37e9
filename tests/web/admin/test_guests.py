"""The pages of guests: list, export, one guest, acts, adding one (AD-01, AD-02, AD-07, AD-09, SC-06)."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from broker.domain.assignment import Principal
from broker.domain.guest import GuestState
from broker.domain.times import DAY
from broker.storage.directory import assignments, groups, people
from broker.storage.engine import Database
from tests import factories
from tests.journeys.counting import statements
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

LIST, ADA = "/admin/guests", f"/admin/guests/{person_id('ada')}"
ADMIN = table.ADMINISTRATOR


def names(response: TestResponse) -> list[str]:
    """The ids of the list's rows."""
    assert response.status_code == 200, response.text
    return re.findall(r'<tr role="row" data-id="([^"]+)"', response.text)


def follow(company: Company, response: TestResponse) -> TestResponse:
    """The page behind a 303, in the administrator's browser."""
    assert response.status_code == 303, response.text
    where = urlsplit(response.headers["Location"])
    return company.get(ADMIN, f"{where.path}?{where.query}" if where.query else where.path)


def state(db: Database, name: str) -> GuestState:
    """A guest's state now."""
    with db.read() as tx:
        found = people.by_id(tx, person_id(name))
    assert found is not None
    return found.state


def test_the_list_and_its_filters(company: Company) -> None:
    """The address is the state: each filter is a parameter, and stands as a chip that removes it."""
    assert names(company.get(ADMIN, LIST)) == [person_id("ada"), person_id("bo")]
    assert names(company.get(ADMIN, f"{LIST}?q=bo")) == [person_id("bo")]
    assert names(company.get(ADMIN, f"{LIST}?application=payroll&partner=fabrikam")) == [person_id("ada")]
    assert names(company.get(ADMIN, f"{LIST}?group=Finance")) == [person_id("ada")]
    page = company.get(ADMIN, f"{LIST}?state=blocked&q=ada")
    assert names(page) == []
    assert "No guest matches" in page.text
    assert f'href="{LIST}?q=ada"' in page.text  # the chip of the state


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=s1.a.b.c", "state=dead", "sort=name;drop", "ends=tomorrow", "ends=2026-02-31", "unknown=1", "q=a&q=b",
     "columns=ends.state", "columns=name", "columns=ends.ends", "after=" + "x" * 3000, "q=" + "x" * 201, "seen=0000-00-00", "sort=email%00"],
)  # fmt: skip
def test_a_strange_address_is_a_bad_request(company: Company, query: str) -> None:
    """AD-07: 400, never an error of ours, and nothing of it on the page."""
    answer = company.get(ADMIN, f"{LIST}?{query}")
    assert answer.status_code == 400
    assert "drop" not in answer.text


def heads(response: TestResponse) -> list[str]:
    """The columns of the list, without the order's arrow."""
    return [head.strip() for head in re.findall(r'columnheader"[^>]*>(?:<a[^>]*>)?([^<]+)', response.text)]


def test_chosen_columns(company: Company) -> None:
    """The address names them, with its filters; the browser keeps the choice, and the export has the same."""
    cookie = company.post(ADMIN, f"{LIST}/columns?state=active", column="added").headers["Set-Cookie"]
    page = company.get(ADMIN, f"{LIST}?state=active&columns=added")
    assert heads(page) == ["Name", "Added"]
    assert "-c=added; " in cookie
    assert f"Max-Age={365 * DAY};" in cookie
    kept = company.get(ADMIN, LIST, headers={"Cookie": cookie.partition(";")[0]})
    assert heads(kept) == ["Name", "Added"]
    assert f"{LIST}/export?columns=added" in kept.text
    assert company.get(ADMIN, f"{LIST}/export?columns=added").text.splitlines()[0] == "id,email,name,created_at"
    assert heads(company.get(ADMIN, f"{LIST}?columns=none")) == ["Name"]
    assert heads(company.get(ADMIN, LIST)) == ["Name", "State", "Signs in at", "Sponsor", "Ends", "Last sign-in"]


def test_paging(company: Company) -> None:
    """Every guest once; a cursor belongs to its list and its filters."""
    with company.broker.core.db.write() as tx:
        for number in range(60):
            factories.saved_person(tx, email=f"x{number:02}@fabrikam.example", name="X")
    for query in ("", "sort=name", "sort=ends", "sort=seen"):
        seen: list[str] = []
        url = f"{LIST}?{query}"
        for _ in range(4):
            page = company.get(ADMIN, url)
            seen += names(page)
            found = re.search(r'href="([^"]+)" rel="next"', page.text)
            if found is None:
                break
            url = found[1].replace("&amp;", "&")
        assert len(seen) == len(set(seen)) == 62, query
    page = company.get(ADMIN, LIST)
    cursor = re.search(r"after=([^\"&]+)", page.text)
    assert cursor
    assert company.get(ADMIN, f"{LIST}?q=x&after={cursor[1]}").status_code == 400


def test_a_page_is_few_statements(company: Company) -> None:
    """One count and one page, whatever the list holds; the rest says who is there and what they may."""
    for path in (LIST, f"{LIST}?q=a&sort=name", f"{LIST}?application=payroll"):
        with statements(company.broker.core.db) as seen:
            company.get(ADMIN, path)
        assert len([one for one in seen if "FROM people" in one and "count" not in one and "LIMIT" in one]) <= 2
        assert len(seen) <= 9, seen


def test_export(company: Company) -> None:
    """AD-09: with the filters, no formula, the audit names who took how many."""
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("ada"), {"name": "=cmd|' /C calc'!A0"})
    answer = company.get(ADMIN, f"{LIST}/export?q=ada")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["email"] for row in rows] == ["ada@fabrikam.example"]
    assert rows[0]["name"].startswith("'=cmd")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "no-store" in answer.headers["Cache-Control"]
    [event] = company.audit("guests.exported")
    assert (event["actor_id"], event["data"]["count"]) == (person_id("alice"), 1)
    assert [row["email"] for row in csv.DictReader(io.StringIO(company.get(table.OWNER, f"{LIST}/export").text))] == [
        "ada@fabrikam.example"
    ]


def test_names_are_escaped(company: Company) -> None:
    """AD-09: a name is text, in the list, on the page and in a question."""
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("ada"), {"name": "<script>alert(1)</script>"})
    for path in (LIST, ADA, f"{ADA}/block"):
        page = company.get(ADMIN, path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text


def test_one_guest(company: Company) -> None:
    """What they have and why, how they sign in, and the acts that are possible now."""
    page = company.get(ADMIN, ADA)
    for text in ("Ada Fabrik", "ada@fabrikam.example", "Payroll", "viewer", "Finance", "Block…", "Delete…"):
        assert text in page.text, text
    assert "Unblock…" not in page.text
    assert "Block…" not in company.get(table.AUDITOR, ADA).text
    owner = company.get(table.OWNER, ADA)
    assert "Finance" not in owner.text
    assert 'id="methods"' not in owner.text


def test_block_and_unblock(company: Company) -> None:
    """The page says what ends; the button does it; the audit has who, why, before and after; the page after says so."""
    asked = company.get(ADMIN, f"{ADA}/block")
    assert "data-confirm" in asked.text
    assert "Block Ada Fabrik?" in asked.text
    assert company.post(ADMIN, f"{ADA}/block", reason="x").status_code == 200  # not confirmed: asked again
    assert state(company.broker.core.db, "ada") is GuestState.ACTIVE
    done = company.post(ADMIN, f"{ADA}/block", confirmed="yes", reason="Lisbon is over")
    assert "Blocked. Their sessions" in follow(company, done).text
    assert state(company.broker.core.db, "ada") is GuestState.BLOCKED
    [event] = company.audit("guest.blocked")
    assert event["actor_id"] == person_id("alice")
    assert (event["data"]["state_before"], event["data"]["state_after"]) == ("active", "blocked")
    assert company.get(table.GUEST, "/account").status_code == 303  # SC-06: their session has ended
    again = company.post(ADMIN, f"{ADA}/block", confirmed="yes")
    assert "Nothing was changed" in follow(company, again).text
    company.post(ADMIN, f"{ADA}/unblock", confirmed="yes")
    assert state(company.broker.core.db, "ada") is GuestState.ACTIVE


def test_feedback_cannot_be_forged(company: Company) -> None:
    """A link that somebody else made says nothing on our page."""
    assert "Blocked. Their sessions" not in company.get(ADMIN, f"{ADA}?said=blocked.0.{'x' * 43}").text


def test_renew(company: Company) -> None:
    """Until the end of a day; yesterday is refused at the field, and nothing typed is lost."""
    late = company.post(ADMIN, f"{ADA}/renew", confirmed="yes", until="2020-01-01", reason="More time")
    assert late.status_code == 400
    assert "lies in the past" in late.text
    assert "More time" in late.text
    follow(company, company.post(ADMIN, f"{ADA}/renew", confirmed="yes", until="2099-03-31"))
    with company.broker.core.db.read() as tx:
        person = people.by_id(tx, person_id("ada"))
    assert person is not None
    assert person.expires_at is not None
    assert person.expires_at % DAY == 0


def test_delete_wants_the_address(company: Company) -> None:
    """What cannot be undone is typed; the reason must not name the guest."""
    assert company.post(ADMIN, f"{ADA}/delete", confirmed="yes", email="bo@fabrikam.example").status_code == 400
    named = company.post(ADMIN, f"{ADA}/delete", confirmed="yes", email="ada@fabrikam.example", reason="Ada left")
    assert named.status_code == 400
    done = company.post(ADMIN, f"{ADA}/delete", confirmed="yes", email="ada@fabrikam.example", reason="left")
    assert "Deleted." in follow(company, done).text
    assert names(company.get(ADMIN, LIST)) == [person_id("bo")]


def test_destructive_acts_want_a_fresh_proof(company: Company) -> None:
    """MF-07, FA-28: an hour after the sign-in the proof comes first, and leads back to the page of the act."""
    company.sign_in(ADMIN, person_id("alice"), "staff", proven_at=company.clock() - 3600)
    for name in ("block", "delete", "factors", "reset"):
        for answer in (company.get(ADMIN, f"{ADA}/{name}"), company.post(ADMIN, f"{ADA}/{name}", confirmed="yes")):
            assert answer.status_code == 303
            assert "/signin/" in answer.headers["Location"]
    assert state(company.broker.core.db, "ada") is GuestState.ACTIVE
    assert company.get(ADMIN, f"{ADA}/renew").status_code == 200


def test_unknown_fields_are_refused(company: Company) -> None:
    """AD-02: a field that no form of ours has does nothing."""
    for path in (f"{ADA}/block", f"{LIST}/new"):
        assert company.post(ADMIN, path, confirmed="yes", kind="member", role_of="administrator").status_code == 400
    assert state(company.broker.core.db, "ada") is GuestState.ACTIVE


def new(company: Company, who: str, **fields: str) -> TestResponse:
    """The form that adds a guest."""
    return company.post(who, f"{LIST}/new", **{"email": "lena@fabrikam.example", **fields})


def test_add_a_guest(company: Company) -> None:
    """An owner adds to what they own: invitation, assignment with role and end, in one act; the mail is in the outbox."""
    done = new(
        company, table.OWNER, name="Lena Brandt", application="payroll", role="viewer", until="2099-03-31", message="Hello"
    )
    assert done.status_code == 303, done.text
    with company.broker.core.db.read() as tx:
        lena = people.by_email(tx, "lena@fabrikam.example")
        assert lena is not None
        [held] = assignments.of(tx, Principal.PERSON, lena.id)
    assert (held.application, held.role, lena.sponsor) == ("payroll", "viewer", "bob@contoso.example")
    page = company.get(table.OWNER, urlsplit(done.headers["Location"]).path)
    assert "Lena Brandt" in page.text
    assert company.get(table.OTHER_OWNER, urlsplit(done.headers["Location"]).path).status_code == 404
    assert "before" not in company.audit("assignment.given")[0]["data"]
    assert new(company, table.OWNER, application="payroll", role="viewer").status_code == 303  # again, without an end
    [again] = [event["data"] for event in company.audit("assignment.given") if "before" in event["data"]]
    assert (again["ends_at"], again["before"]) == (None, {"starts_at": held.starts_at, "ends_at": held.ends_at})
    assert company.audit("invitation.created")[0]["actor_id"] == person_id("bob")


def test_a_group_owner_adds_to_their_group(company: Company) -> None:
    """The invitation stands on the group: it can be accepted, and its link dies with the owner's right (IN-10)."""
    assert new(company, table.GROUP_OWNER, group="Finance").status_code == 303
    with company.broker.core.db.read() as tx:
        lena = people.by_email(tx, "lena@fabrikam.example")
        assert lena is not None
        assert [group.name for group, _ in groups.of_person(tx, lena.id)] == ["Finance"]


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        (table.OWNER, {"application": "travel"}),
        (table.OWNER, {}),
        (table.OWNER, {"application": "payroll", "role": "administrator"}),
        (table.OWNER, {"application": "payroll", "group": "Finance"}),
        (table.GROUP_OWNER, {"group": "Auditors"}),
        (table.GROUP_OWNER, {"group": "Finance", "application": "payroll"}),
        (table.INVITER, {"application": "payroll", "role": "viewer"}),
        (ADMIN, {"email": "cleo@contoso.example"}),
        (ADMIN, {"email": "a@@b"}),
        (ADMIN, {"until": "2020-01-01"}),
        (ADMIN, {"until": "soon"}),
        (ADMIN, {"group": "Nothing"}),
        (ADMIN, {"language": "xx"}),
        (ADMIN, {"sponsor": "nobody"}),
    ],
)
def test_what_cannot_be_added(company: Company, role: str, fields: dict[str, str]) -> None:
    """AD-01, IN-11: refused at the field, in words; nothing is written, nothing that was typed is lost."""
    answer = new(company, role, **{"name": "Lena Brandt", **fields})
    assert answer.status_code == 400, answer.text
    assert "Lena Brandt" in answer.text
    assert "There is a problem" in answer.text
    with company.broker.core.db.read() as tx:
        assert people.by_email(tx, "lena@fabrikam.example") is None


def test_the_mail_is_shown_before(company: Company) -> None:
    """A preview sends nothing and writes nothing."""
    page = new(company, ADMIN, application="payroll", message="So that you can enter the hours.", language="nl", preview="yes")
    assert page.status_code == 200
    assert "So that you can enter the hours." in page.text
    assert "Payroll" in page.text
    with company.broker.core.db.read() as tx:
        assert people.by_email(tx, "lena@fabrikam.example") is None


def test_somebody_who_is_here_gets_no_second_invitation(company: Company) -> None:
    """An owner changes neither name, sponsor nor end of a guest of others (AD-01)."""
    with company.broker.core.db.read() as tx:
        before = people.by_id(tx, person_id("bo"))
    done = new(company, table.OWNER, email="bo@fabrikam.example", name="Another", application="payroll", until="2099-03-31")
    assert done.status_code == 303
    with company.broker.core.db.read() as tx:
        after = people.by_id(tx, person_id("bo"))
        assert "payroll" in assignments.applications_of(tx, person_id("bo"), company.clock())
    assert after == before
