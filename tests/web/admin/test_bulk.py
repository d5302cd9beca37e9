"""Many guests at once in the portal: a list from a file, acts on a selection, and the pages of the work (issue 15)."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from broker.domain.guest import GuestState
from broker.storage.directory import assignments, people
from broker.storage.history import audit
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id
from tests.web.markup import read

ADMIN = table.ADMINISTRATOR
LIST, IMPORT, BULK, JOBS = "/admin/guests", "/admin/guests/import", "/admin/guests/bulk", "/admin/jobs"
FILE = "email,name,application,role,until\nlena@fabrikam.example,Lena,payroll,viewer,2099-01-31\nada@fabrikam.example,,travel,,\nkim@@x,,,,\n"
GUEST = "00000000-0000-4000-9000-000000000001"


def send(company: Company, role: str, raw: bytes | str, **more: str) -> TestResponse:
    """The form with a file."""
    content = raw if isinstance(raw, bytes) else raw.encode("utf-8")
    return company.ask(role, "POST", IMPORT, {"file": (io.BytesIO(content), "guests.csv"), **more})


def path_of(response: TestResponse) -> str:
    """Where a redirect leads."""
    assert response.status_code == 303, response.text
    return urlsplit(response.headers["Location"]).path


def work(company: Company) -> None:
    """Every batch."""
    while company.broker.jobs.batches.look():
        pass


def report(company: Company, job: str, role: str = ADMIN) -> dict[str, tuple[str, str]]:
    """The downloaded report: address -> (result, problem)."""
    answer = company.get(role, f"{job}/result")
    assert answer.mimetype == "text/csv"
    return {row["email"]: (row["result"], row["problem"]) for row in csv.DictReader(io.StringIO(answer.text))}


def test_a_list_is_judged_before_anything_leaves(company: Company) -> None:
    """Each line has a row with what would happen; nothing is written to the directory until the button is pressed."""
    check = path_of(send(company, ADMIN, FILE))
    page = company.get(ADMIN, check)
    assert 'data-page="admin-import"' in page.text
    assert len(re.findall(r"<tr[^>]* data-row=", page.text)) == 3
    assert page.text.count("data-primary") == 1
    assert "This is no e-mail address." in page.text
    assert "Add 2 guests" in page.text
    with company.broker.core.db.read() as tx:
        assert people.by_email(tx, "lena@fabrikam.example") is None
    job = path_of(company.post(ADMIN, check, confirmed="yes"))
    assert job.startswith(JOBS)
    assert "0 of 3" in company.get(ADMIN, job).text
    work(company)
    assert report(company, job) == {
        "lena@fabrikam.example": ("invited", ""),
        "ada@fabrikam.example": ("added", ""),
        "kim@@x": ("failed", "address_invalid"),
    }
    with company.broker.core.db.read() as tx:
        lena = people.by_email(tx, "lena@fabrikam.example")
        assert lena is not None
        assert assignments.applications_of(tx, lena.id, company.clock()) == {"payroll"}
        assert assignments.applications_of(tx, person_id("ada"), company.clock()) == {"payroll", "travel"}
        made = audit.newest(tx, name="invitation.created")[0]
    assert (made["actor_id"], made["request_id"]) == (person_id("alice"), job.rpartition("/")[2])


def test_the_same_list_again_invites_nobody_twice(company: Company) -> None:
    """A second run, and a second click, keep the invitations that are there."""
    for expected in ("invited", "kept"):
        check = path_of(send(company, ADMIN, "email\nlena@fabrikam.example\n"))
        job = path_of(company.post(ADMIN, check, confirmed="yes"))
        assert path_of(company.post(ADMIN, check, confirmed="yes")) == job
        assert path_of(company.get(ADMIN, check)) == job
        work(company)
        assert report(company, job) == {"lena@fabrikam.example": (expected, "")}
    assert len(company.audit("invitation.created")) == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "Choose a file."),
        (b"email;name\r\n", "There is no guest in this file"),
        (b"\n\n", "There is no guest in this file"),
        ("email\nz\u00fcrich@fabrikam.example\n".encode("latin-1"), "not CSV in UTF-8"),
        ("\ufeffemail\n".encode("utf-16"), "not CSV in UTF-8"),
        (b"email\na\x00b@fabrikam.example\n", "not CSV in UTF-8"),
        (b"name\nLena\n", "must name the columns"),
        (b"email,nmae\na@fabrikam.example,A\n", "nmae"),
        (b"email\n" + b"".join(b"g%d@fabrikam.example\n" % n for n in range(1001)), "more than 1,000"),
    ],
)
def test_a_file_that_cannot_be_read(company: Company, raw: bytes, said: str) -> None:
    """Refused with the form again, in words."""
    answer = send(company, ADMIN, raw)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'data-page="admin-import"' in answer.text


def test_lists_as_spreadsheets_save_them(company: Company) -> None:
    """FB-17: a byte order mark, semicolons, `sep=`, and cells that would be formulas (AD-09)."""
    text = "\ufeffsep=;\r\nEmail;Name\r\nlena@fabrikam.example;=1+1\r\n=cmd@@x;+x\r\n"
    check = path_of(send(company, ADMIN, text))
    assert "Add 1 guest" in company.get(ADMIN, check).text
    job = path_of(company.post(ADMIN, check, confirmed="yes"))
    work(company)
    assert report(company, job) == {
        "lena@fabrikam.example": ("invited", ""),
        "'=cmd@@x": ("failed", "address_invalid"),
    }


def test_each_imports_what_they_may_invite_to(company: Company) -> None:
    """AD-01, IN-11: an owner's list gives what the owner owns; every other line has a fault."""
    text = "email,application\nlena@fabrikam.example,payroll\nkim@fabrikam.example,travel\nlou@fabrikam.example,\n"
    check = path_of(send(company, table.OWNER, text))
    assert "Add 1 guest" in company.get(table.OWNER, check).text
    assert company.get(table.INVITER, check).status_code == 404
    assert company.post(ADMIN, check, confirmed="yes").status_code == 404
    job = path_of(company.post(table.OWNER, check, confirmed="yes"))
    work(company)
    assert report(company, job, table.OWNER) == {
        "lena@fabrikam.example": ("invited", ""),
        "kim@fabrikam.example": ("failed", "not_an_owner"),
        "lou@fabrikam.example": ("failed", "not_an_owner"),
    }


def test_a_list_of_faults_begins_nothing(company: Company) -> None:
    """No button, and a POST anyway leads back."""
    check = path_of(send(company, ADMIN, "email\nkim@@x\n"))
    assert "data-primary" not in company.get(ADMIN, check).text
    assert path_of(company.post(ADMIN, check, confirmed="yes")) == check


def chosen(company: Company, role: str, act: str, *names: str, query: str = "", scope: str = "chosen") -> TestResponse:
    """What the list sends."""
    return company.ask(role, "POST", f"{BULK}{query}", {"act": act, "scope": scope, "id": [person_id(name) for name in names]})


def state(company: Company, name: str) -> GuestState:
    """The state of a guest."""
    with company.broker.core.db.read() as tx:
        person = people.by_id(tx, person_id(name))
    assert person is not None
    return person.state


def test_an_act_on_the_chosen(company: Company) -> None:
    """The list offers the acts; a page names number and effect; its button begins, and the report says what became of each."""
    listed = read(company.get(ADMIN, LIST).text)
    assert {one["value"] for one in listed.all("input", name="id")} == {person_id("ada"), person_id("bo")}
    ask = path_of(chosen(company, ADMIN, "block", "ada", "bo"))
    page = company.get(ADMIN, ask)
    assert "data-confirm" in page.text
    assert "Block 2 guests?" in page.text
    assert "ada@fabrikam.example" in page.text
    assert company.post(ADMIN, ask).status_code == 200  # asked once more
    job = path_of(company.post(ADMIN, ask, confirmed="yes", reason="Project over"))
    assert state(company, "ada") is GuestState.ACTIVE
    work(company)
    assert state(company, "ada") is GuestState.BLOCKED
    shown = company.get(ADMIN, job)
    assert "2 of 2 guests" in shown.text
    assert "Project over" in shown.text
    assert path_of(company.get(ADMIN, ask)) == job
    assert job.rpartition("/")[2] in company.get(ADMIN, JOBS).text


def test_an_act_on_a_filter(company: Company) -> None:
    """All of the filter, and nobody beside it."""
    ask = path_of(chosen(company, ADMIN, "block", query="?q=ada", scope="all"))
    assert "Block 1 guest?" in company.get(ADMIN, ask).text
    path_of(company.post(ADMIN, ask, confirmed="yes"))
    work(company)
    assert (state(company, "ada"), state(company, "bo")) == (GuestState.BLOCKED, GuestState.ACTIVE)


def test_nothing_chosen(company: Company) -> None:
    """The list says so; a form that is not the list's is refused."""
    answer = chosen(company, ADMIN, "block", query="?state=active")
    assert "choose guests first" in company.get(ADMIN, answer.headers["Location"].removeprefix("http://localhost")).text
    for data in (
        {"act": "promote"},
        {"act": "block", "id": "x"},
        {"act": "block", "role": "administrator"},
        {"act": "block", "scope": "x"},
    ):
        assert company.ask(ADMIN, "POST", BULK, data).status_code == 400


def test_what_an_act_asks_for(company: Company) -> None:
    """Each field is checked at the field: the day, the application, the group, the number, the reason."""
    for act, good, bad in (
        ("renew", {"until": "2099-03-31"}, ({}, {"until": "2020-01-01"}, {"until": "soon"})),
        ("unassign", {"application": "payroll"}, ({}, {"application": "nothing"})),
        ("ungroup", {"group": "Finance"}, ({}, {"group": "Nothing"})),
        ("delete", {"count": "1"}, ({}, {"count": "2"}, {"count": "1", "reason": "two\nlines"})),
    ):
        ask = path_of(chosen(company, ADMIN, act, "ada"))
        for fields in bad:
            assert company.post(ADMIN, ask, confirmed="yes", **fields).status_code == 400, (act, fields)
        assert company.post(ADMIN, ask, confirmed="yes", kind="x", **good).status_code == 400
        job = path_of(company.post(ADMIN, ask, confirmed="yes", **good))
        work(company)
        assert "1 of 1 guests" in company.get(ADMIN, job).text


def test_destructive_acts_want_a_fresh_proof(company: Company) -> None:
    """MF-07: an hour after the sign-in the proof comes first, and leads back to the page, whose selection is still there."""
    company.sign_in(ADMIN, person_id("alice"), "staff", proven_at=company.clock() - 3600)
    for act in ("block", "delete", "unassign", "ungroup"):
        ask = path_of(chosen(company, ADMIN, act, "ada"))
        for answer in (company.get(ADMIN, ask), company.post(ADMIN, ask, confirmed="yes", count="1")):
            assert "/signin/" in path_of(answer)
    assert company.get(ADMIN, path_of(chosen(company, ADMIN, "renew", "ada"))).status_code == 200
    assert state(company, "ada") is GuestState.ACTIVE


def test_stop_and_continue(company: Company) -> None:
    """A job that runs can be stopped, and continued after a question and a fresh proof."""
    ask = path_of(chosen(company, ADMIN, "sign-out", "ada", "bo"))
    job = path_of(company.post(ADMIN, ask, confirmed="yes"))
    assert "Stopped. What is done stays done." in follow(company, company.post(ADMIN, f"{job}/stop"))
    work(company)
    assert "0 of 2 guests" in company.get(ADMIN, job).text
    assert "Nothing was changed" in follow(company, company.post(ADMIN, f"{job}/stop"))
    assert "Continue with 2 guests?" in company.get(ADMIN, f"{job}/continue").text
    company.sign_in(ADMIN, person_id("alice"), "staff", proven_at=company.clock() - 3600)
    assert "/signin/" in path_of(company.get(ADMIN, f"{job}/continue"))
    company.sign_in(ADMIN, person_id("alice"), "staff")
    assert "It continues." in follow(company, company.post(ADMIN, f"{job}/continue", confirmed="yes"))
    work(company)
    assert "2 of 2 guests" in company.get(ADMIN, job).text
    assert path_of(company.get(ADMIN, f"{job}/continue")) == job


def follow(company: Company, answer: TestResponse) -> str:
    """The page behind a redirect."""
    return company.get(ADMIN, answer.headers["Location"].removeprefix("http://localhost")).text


def test_owners_are_offered_their_acts(company: Company) -> None:
    """AD-01: an owner sees the acts of owners, acts on guests whom they see, and not on others."""
    page = read(company.get(table.OWNER, LIST).text)
    assert {one["value"] for one in page.all("option")} & {"renew", "block", "delete", "unassign", "resend"} == {
        "unassign",
        "resend",
    }
    assert chosen(company, table.OWNER, "block", "ada").status_code == 403
    assert "choose guests first" in follow_as(company, table.OWNER, chosen(company, table.OWNER, "unassign", "bo"))
    assert not read(company.get(table.AUDITOR, LIST).text).all("input", name="id")


def follow_as(company: Company, role: str, answer: TestResponse) -> str:
    """The page behind a redirect, for somebody else."""
    return company.get(role, answer.headers["Location"].removeprefix("http://localhost")).text
