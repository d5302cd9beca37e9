"""Applications as one member of staff may see them: scope of owners, health, faults, people, and what changes an assignment."""

from __future__ import annotations

import pytest

from broker.domain.assignment import Principal
from broker.domain.errors import CommandError, Forbidden, Invalid, NotFound
from broker.domain.receipt import Outcome
from broker.services.applications.staff_view import ApplicationSearch
from broker.storage.directory import assignments
from broker.storage.history import audit
from broker.storage.login import receipts, refusals
from broker.storage.oauth import grants
from tests import factories
from tests.journeys.counting import statements
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id
from tests.web.admin.test_staff_guests import actor

DAY = 86_400
ADA = person_id("ada")


def listed(company: Company, role: str = table.ADMINISTRATOR, **wanted: str) -> dict[str, str]:
    """client_id -> fault, in the order of the list."""
    found = company.broker.applications.staff_view.listed(actor(role), ApplicationSearch(**wanted))
    return {row.client_id: row.fault.value for row in found.rows}


def saved(company: Company, **values: object) -> None:
    """A receipt of Payroll."""
    with company.broker.core.db.write() as tx:
        receipts.save(tx, factories.receipt(**{"application": "payroll", **values}))


def test_each_sees_their_own(company: Company) -> None:
    """AD-01: an owner lists and opens what they own; what else there is does not exist for them."""
    every = set(company.broker.core.settings().applications)
    for role in (table.ADMINISTRATOR, table.AUDITOR, table.HELP_DESK):
        assert set(listed(company, role)) == every
    assert (set(listed(company, table.OWNER)), set(listed(company, table.OTHER_OWNER))) == ({"payroll"}, {"travel"})
    for role in (table.INVITER, table.GROUP_OWNER, table.GUEST):
        with pytest.raises(Forbidden):
            listed(company, role)
    view, doctor = company.broker.applications.staff_view, company.broker.doctor
    for name in ("payroll", "nothing", view.show(ACTOR, "payroll").row.id):
        for ask in (view.show, view.people, doctor.application_for):
            with pytest.raises(NotFound):
                ask(actor(table.OTHER_OWNER), name)
    whole = {one.check for one in doctor.application_for(actor(table.AUDITOR), "payroll").findings}
    part = {one.check for one in doctor.application_for(actor(table.OWNER), "payroll").findings}
    assert whole - part <= {"policy_group", "nodes"}
    assert "assignments" in part


def test_filters(company: Company) -> None:
    """Name, client_id, who gets in, owner: each alone and together."""
    every = listed(company)
    assert list(listed(company, text="PAYR")) == ["payroll"]
    assert list(listed(company, text="%")) == []
    assert list(listed(company, owner=" Zoe@contoso.example")) == ["travel"]
    assert list(listed(company, owner="zoe@contoso.example", text="payroll")) == []
    split = set(listed(company, opens="assigned")), set(listed(company, opens="everyone"))
    assert (split[0] & split[1], split[0] | split[1]) == (set(), set(every))


def test_health_and_faults(company: Company) -> None:
    """The newest refusal is a fault until somebody gets in, unless a rule of ours wants it; a fault comes first on its page."""
    now = company.clock()
    page = company.broker.applications.staff_view.show(ACTOR, "payroll")
    assert (page.row.people, page.row.last_sign_in, page.row.last_refusal) == (1, now, None)
    assert listed(company)["payroll"] == ""
    saved(company, outcome=Outcome.BLOCKED, error="policy_blocked", reason="policy_blocked", at=now + 10)
    assert listed(company)["payroll"] == ""
    with company.broker.core.db.write() as tx:
        refusals.add(
            tx, request_id="7KQ4-M2XT-9RZB", at=now + 20, code="invalid_client", reason="client_secret", address="192.0.2.1",
            application="payroll",
        )  # fmt: skip
    assert next(iter(listed(company).items())) == ("payroll", "refused")
    refused = company.broker.applications.staff_view.show(ACTOR, "payroll").row.last_refusal
    assert refused is not None
    assert (refused.reason, refused.reference) == ("client_secret", "7KQ4-M2XT-9RZB")
    saved(company, at=now + 30)
    assert listed(company)["payroll"] == ""


def test_pages_join_without_a_gap(company: Company) -> None:
    """By name, whatever the size of a page."""
    view = company.broker.applications.staff_view
    whole = {row.client_id for row in view.listed(ACTOR, ApplicationSearch()).rows}
    got: list[str] = []
    after = None
    while True:
        page = view.listed(ACTOR, ApplicationSearch(), after=after, limit=1)
        got += [row.client_id for row in page.rows]
        assert (page.total, page.all) == (len(whole), len(whole))
        after = page.next_key
        if after is None:
            break
    assert (len(got), set(got)) == (len(whole), whole)


def test_a_page_of_the_list_takes_five_statements(company: Company) -> None:
    """Two for the rights, one that counts people, two for the health: however many applications are on it."""
    view = company.broker.applications.staff_view
    saved(company, outcome=Outcome.FAILED, error="partner_untrusted", reason="saml_signature")
    for limit in (1, 50):
        with statements(company.broker.core.db) as seen:
            view.listed(actor(table.AUDITOR), ApplicationSearch(), limit=limit)
        assert len(seen) == 5, seen


def test_people_with_last_use_and_who_gave_it(company: Company) -> None:
    """By the audit; found by address; a page at a time."""
    view, clock = company.broker.applications.staff_view, company.clock
    assert view.people(actor(table.OWNER), "payroll")[0].given_by == ""  # the audit has no event of it
    company.broker.access.assignments.assign(actor(table.OWNER), "payroll", "ada@fabrikam.example", role="approver")
    with company.broker.core.db.write() as tx:
        grants.add(tx, factories.grant(ADA, client_id="payroll", created_at=clock() - DAY))
    found = {one.assignment.role: one for one in view.people(actor(table.AUDITOR), "payroll")}
    assert {role: one.given_by for role, one in found.items()} == {"viewer": "", "approver": "bob@contoso.example"}
    assert {one.last_used for one in found.values()} == {clock() - DAY}
    assert len(view.people(ACTOR, "payroll", email="ADA@fabrikam.example")) == 2
    assert view.people(ACTOR, "payroll", email="bo@fabrikam.example") == ()
    first = view.people(ACTOR, "payroll", limit=1)[0]
    rest = view.people(ACTOR, "payroll", after=first.assignment.id)
    assert {first.assignment.id, *(one.assignment.id for one in rest)} == {one.assignment.id for one in found.values()}
    with statements(company.broker.core.db) as seen:
        view.people(actor(table.AUDITOR), "payroll")
    assert len(seen) == 5, seen


def test_a_change_keeps_what_was_before(company: Company) -> None:
    """Another role, another end: one assignment, and the audit says who, why, before and after. A role they have already: one of both."""
    service, now = company.broker.access.assignments, company.clock()
    bob = actor(table.OWNER)
    made = service.change(bob, "payroll", company.assignment(), role="approver", ends_at=now + DAY, reason="They approve in May.")
    with company.broker.core.db.read() as tx:
        held = assignments.of(tx, Principal.PERSON, ADA, "payroll")
    assert [(one.id, one.role, one.ends_at) for one in held] == [(made.id, "approver", now + DAY)]
    event = company.audit("assignment.changed")[0]
    assert (event["actor_id"], event["subject"], event["target"]) == (bob.id, ADA, "payroll")
    assert event["data"]["before"] == {"role": "viewer", "ends_at": None}
    assert event["data"]["after"] == {"role": "approver", "ends_at": now + DAY}
    assert company.broker.applications.staff_view.people(bob, "payroll")[0].given_by == "bob@contoso.example"
    again = service.assign(bob, "payroll", ADA, role="viewer", ends_at=now + 2 * DAY)
    service.assign(bob, "payroll", ADA, role="viewer", ends_at=now + 3 * DAY, reason="Longer.")
    told = [one["data"].get("before") for one in company.audit("assignment.given")]
    assert sorted(told, key=bool) == [None, {"starts_at": now, "ends_at": now + 2 * DAY}]
    service.change(bob, "payroll", again.id, role="approver", ends_at=None)
    with company.broker.core.db.read() as tx:
        held = assignments.of(tx, Principal.PERSON, ADA, "payroll")
    assert [(one.role, one.ends_at) for one in held] == [("approver", None)]


def test_one_assignment_is_taken_back(company: Company) -> None:
    """Only this one goes; the reason stands in the audit."""
    service, bob = company.broker.access.assignments, actor(table.OWNER)
    service.assign(bob, "payroll", ADA, role="approver")
    gone = service.remove(bob, "payroll", company.assignment(), reason="Moved.")
    with company.broker.core.db.read() as tx:
        held = assignments.of(tx, Principal.PERSON, ADA, "payroll")
    assert {one.role for one in held} == {"viewer", "approver"} - {gone.role}
    with company.broker.core.db.read() as tx:
        told = [one for one in audit.about(tx, ADA, 10) if one["name"] == "assignment.taken_back"]
    assert [(one["personal"]["reason"], one["data"]["role"]) for one in told] == [("Moved.", gone.role)]


def test_what_is_no_assignment_of_theirs_does_not_exist(company: Company) -> None:
    """AD-01, AD-02: another application's assignment, another owner, a role that the file does not have, a day in the past."""
    service, now = company.broker.access.assignments, company.clock()
    ada, bo = company.assignment(), company.assignment("travel")

    def change(who: str, application: str, which: str, **values: object) -> str:
        wish: dict[str, object] = {"role": "viewer", "ends_at": None, **values}
        with pytest.raises(CommandError) as refused:
            service.change(actor(who), application, which, **wish)  # type: ignore[arg-type]
        return refused.value.reason

    assert change(table.OWNER, "payroll", bo) == "assignment_unknown"
    assert change(table.OWNER, "travel", bo) == "application_unknown"
    assert change(table.OTHER_OWNER, "payroll", ada) == "application_unknown"
    assert change(table.AUDITOR, "payroll", ada) == "application_unknown"
    assert change(table.OWNER, "payroll", "no") == "assignment_unknown"
    assert change(table.OWNER, "payroll", ada, role="boss") == "role_unknown"
    assert change(table.OWNER, "payroll", ada, ends_at=now) == "assignment_times"
    assert change(table.OWNER, "payroll", ada, ends_at=99_999_999_999) == "assignment_times"
    assert change(table.OWNER, "payroll", ada, reason="two\nlines") == "reason_invalid"
    with pytest.raises(NotFound):
        service.remove(actor(table.OTHER_OWNER), "payroll", ada)
    with pytest.raises(NotFound):
        service.remove(actor(table.OTHER_OWNER), "travel", ada)
    with pytest.raises(Invalid):
        service.assign(actor(table.OWNER), "payroll", ADA, reason="x" * 1001)
    with company.broker.core.db.read() as tx:
        assert len(assignments.of(tx, Principal.PERSON, ADA)) == 1
