"""Jobs: work on many guests in batches that are settled once, by one node at a time, whoever is killed (issue 15)."""

from __future__ import annotations

import pytest

from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from broker.domain.guest import GuestState, PersonKind
from broker.domain.job import JobKind, JobState, RowResult
from broker.services.guests.staff_view import GuestSearch
from broker.services.jobs import batches, selections
from broker.services.jobs.selections import ActTerms
from broker.storage.directory import assignments, groups, people
from broker.storage.history import audit
from broker.storage.operations import jobs as rows
from tests.journeys.counting import statements
from tests.race import race
from tests.services.job_scene import (
    ACTIVE,
    ADMIN,
    DAY,
    begun,
    company,
    crowd,
    crowded,
    events,
    finished,
    guest_id,
    node,
    states,
    who,
)
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

__all__ = ["company", "crowded"]  # the fixtures


def test_an_act_on_a_filter(company: Company) -> None:
    """Every guest whom the filter found is blocked once; the audit has actor, reason and the job for each."""
    crowd(company, 120)
    job = begun(company, JobKind.BLOCK)
    page = finished(company, job)
    assert (page.job.state, page.job.total, page.job.done, page.job.failed) == (JobState.DONE, 122, 122, 0)
    assert states(company) == {"blocked": 122}
    blocked = events(company, "guest.blocked")
    assert {(one["actor_id"], one["request_id"]) for one in blocked} == {(person_id("alice"), job)}
    assert len({one["subject"] for one in blocked}) == len(blocked) == 122
    with company.broker.core.db.read() as tx:
        assert audit.about(tx, guest_id(7), limit=1)[0]["personal"]["reason"] == "Project over"
    [started], [ended] = events(company, "job.started"), events(company, "job.ended")
    assert (started["actor_id"], started["data"]) == (person_id("alice"), {"kind": "block", "guests": 122})
    assert ended["data"] == {"kind": "block", "done": 122, "failed": 0}


def test_who_joins_later_is_not_in_it(company: Company) -> None:
    """The selection is frozen when it is made: neither a new guest nor one who comes into the filter later is swept in."""
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("bo"), {"state": GuestState.INVITED.value})
    job = company.broker.jobs.selections.choose(ADMIN, JobKind.BLOCK, ACTIVE)
    crowd(company, 3)
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("bo"), {"state": GuestState.ACTIVE.value})
    company.broker.jobs.selections.begin(ADMIN, job, JobKind.BLOCK, ActTerms())
    assert finished(company, job).job.total == 1
    assert states(company) == {"blocked": 1, "active": 4}


def test_a_refused_guest_does_not_stop_the_others(company: Company) -> None:
    """A guest for whom the act is not possible fails with the reason; the report names them."""
    company.broker.guests.lifecycle.block(ADMIN, person_id("bo"))
    job = begun(company, JobKind.BLOCK, GuestSearch())
    page = finished(company, job)
    assert (page.job.done, page.job.failed) == (1, 1)
    report = {one.email: (one.result, one.problem) for one in company.broker.jobs.jobs.export(ADMIN, job)}
    assert report == {
        "ada@fabrikam.example": (RowResult.DONE, ""),
        "bo@fabrikam.example": (RowResult.FAILED, "guest_blocked"),
    }
    assert len(events(company, "job.exported")) == 1


def test_every_act(company: Company) -> None:
    """Renew, sign out, resend, take an application back, take out of a group, block, unblock, delete."""
    crowd(company, 2)
    broker, everybody = company.broker, GuestSearch()
    until = company.clock() + 50 * DAY
    assert finished(company, begun(company, JobKind.RENEW, until=until)).job.done == 4
    with broker.core.db.read() as tx:
        ada = people.by_id(tx, person_id("ada"))
    assert ada is not None
    assert ada.expires_at == until
    assert finished(company, begun(company, JobKind.SIGN_OUT)).job.done == 4
    assert len(events(company, "guest.signed_out")) == 4
    taken = finished(company, begun(company, JobKind.UNASSIGN, application="payroll")).job
    assert (taken.done, taken.failed) == (1, 3)
    out = finished(company, begun(company, JobKind.UNGROUP, group="Finance")).job
    assert (out.done, out.failed) == (1, 3)
    with broker.core.db.read() as tx:
        assert assignments.applications_of(tx, person_id("ada"), company.clock()) == set()
        assert groups.of_person(tx, person_id("ada")) == []
    assert finished(company, begun(company, JobKind.BLOCK)).job.done == 4
    assert finished(company, begun(company, JobKind.UNBLOCK, everybody)).job.done == 4
    assert finished(company, begun(company, JobKind.RESEND)).job.failed == 4  # nobody waits for an invitation
    gone = finished(company, begun(company, JobKind.DELETE, everybody))
    assert (gone.job.done, gone.rows) == (4, ())  # their rows went with them
    assert states(company) == {}


def test_a_deletion_whose_reason_names_a_guest_fails(company: Company) -> None:
    """LP-05: the reason stays when the guest is gone."""
    job = begun(company, JobKind.DELETE, reason="Ada left")
    assert {one.email: one.problem for one in finished(company, job).rows} == {"ada@fabrikam.example": "reason_names"}


def test_a_batch_that_is_killed_is_done_once(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies in a batch leaves nothing of it; the next one begins it anew, and settles every guest once."""
    monkeypatch.setattr(batches, "TOGETHER", 10)
    crowd(company, 30)
    job = begun(company, JobKind.SIGN_OUT)
    work = company.broker.jobs.batches
    assert work.batch(job)

    def die(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(rows, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            work.batch(job)
    assert company.broker.jobs.jobs.show(ADMIN, job).job.settled == 10
    assert finished(company, job).job.done == 32
    subjects = [one["subject"] for one in events(company, "guest.signed_out")]
    assert len(subjects) == len(set(subjects)) == 32


def test_a_fault_of_ours_at_one_guest_does_not_hold_up_the_others(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that is no refusal fails its row, and no other."""
    crowd(company, 5)
    job = begun(company, JobKind.SIGN_OUT)
    acts = company.broker.jobs.batches._acts
    whole = acts.carry_out

    def broken(tx, doing, row):
        if row.person_id == guest_id(2):
            raise ZeroDivisionError
        return whole(tx, doing, row)

    monkeypatch.setattr(acts, "carry_out", broken)
    page = finished(company, job)
    assert (page.job.state, page.job.done, page.job.failed) == (JobState.DONE, 6, 1)
    assert [one.problem for one in page.rows if one.result is RowResult.FAILED] == ["error"]


def test_stop_and_continue(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped job settles nothing; it continues behind its last row."""
    monkeypatch.setattr(batches, "TOGETHER", 2)
    crowd(company, 4)
    job, service = begun(company, JobKind.BLOCK), company.broker.jobs.jobs
    company.broker.jobs.batches.batch(job)
    service.stop(ADMIN, job)
    assert company.broker.jobs.batches.look() is False
    assert service.show(ADMIN, job).job.settled == 2
    with pytest.raises(Conflict):
        service.stop(ADMIN, job)
    service.resume(ADMIN, job)
    assert finished(company, job).job.done == 6
    with pytest.raises(Conflict):
        service.resume(ADMIN, job)


def test_a_right_that_is_lost_stops_the_job(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-06: the owner's right is asked in every batch."""
    monkeypatch.setattr(batches, "TOGETHER", 1)
    job = begun(company, JobKind.BLOCK)
    company.broker.jobs.batches.batch(job)
    company.broker.guests.lifecycle.block(Actor.command(), person_id("alice"))
    assert company.broker.jobs.batches.look() is False
    found = company.broker.jobs.jobs.show(Actor.command(), job).job
    assert (found.state, found.settled, found.problem) == (JobState.STOPPED, 1, "no_right")


def test_a_guest_who_became_a_member_is_left_alone(company: Company) -> None:
    """Only administrators act on members, one by one."""
    job = begun(company, JobKind.BLOCK)
    with company.broker.core.db.write() as tx:
        people.change(tx, person_id("bo"), {"kind": PersonKind.MEMBER.value})
    found = {one.guest_id: one.problem for one in finished(company, job).rows}
    assert found == {person_id("ada"): "", person_id("bo"): "is_member"}


def test_owners_act_on_what_is_theirs(company: Company) -> None:
    """AD-01: an owner chooses among the guests whom they see, takes back only what they own, and may do nothing else."""
    bob = who(table.OWNER)
    job = begun(company, JobKind.UNASSIGN, GuestSearch(), bob, application="payroll")
    page = finished(company, job, bob)
    assert [(one.guest_id, one.result) for one in page.rows] == [(person_id("ada"), RowResult.DONE)]
    choose, begin = company.broker.jobs.selections.choose, company.broker.jobs.selections.begin
    for kind in (JobKind.BLOCK, JobKind.DELETE, JobKind.RENEW, JobKind.SIGN_OUT, JobKind.UNGROUP):
        with pytest.raises(Forbidden):
            choose(bob, kind, GuestSearch())
    with pytest.raises(Invalid):
        choose(bob, JobKind.RESEND, GuestSearch(ids=(person_id("bo"),)))
    with pytest.raises(Invalid):
        begun(company, JobKind.UNASSIGN, GuestSearch(ids=(person_id("ada"),)), bob, application="travel")
    theirs = choose(who(table.GROUP_OWNER), JobKind.UNGROUP, GuestSearch())
    for actor in (bob, who(table.OTHER_OWNER), who(table.INVITER), who(table.HELP_DESK)):
        with pytest.raises(NotFound):
            company.broker.jobs.jobs.show(actor, theirs)
    for actor in (ADMIN, bob):
        with pytest.raises((NotFound, Forbidden)):
            begin(actor, theirs, JobKind.UNGROUP, ActTerms(group="Finance"))
    with pytest.raises(Forbidden):
        company.broker.jobs.jobs.show(who(table.GUEST), theirs)
    assert {one.owner for one in company.broker.jobs.jobs.listed(bob)} == {"bob@contoso.example"}


def test_too_many_at_once(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A selection has a bound, and a refused one leaves nothing."""
    monkeypatch.setattr(selections, "MOST", 1)
    with pytest.raises(Invalid, match="narrow the filter"):
        company.broker.jobs.selections.choose(ADMIN, JobKind.BLOCK, GuestSearch())
    with pytest.raises(Invalid):
        company.broker.jobs.selections.these(ADMIN, JobKind.BLOCK, ())
    assert company.broker.jobs.jobs.listed(ADMIN) == ()


def test_drafts_and_old_jobs_are_deleted(company: Company) -> None:
    """A selection that nobody confirms is gone after a day, a report after a month."""
    draft, job = company.broker.jobs.selections.choose(ADMIN, JobKind.BLOCK, ACTIVE), begun(company, JobKind.SIGN_OUT)
    finished(company, job)
    company.clock.advance(DAY + 1)
    assert company.broker.operations.housekeeping.run()["jobs"] == 3
    with pytest.raises(NotFound):
        company.broker.jobs.jobs.show(ADMIN, draft)
    assert len(company.broker.jobs.jobs.show(ADMIN, job).rows) == 2
    company.clock.advance(30 * DAY)
    company.broker.operations.housekeeping.run()
    assert company.broker.jobs.jobs.listed(Actor.command()) == ()


def test_statements_of_a_batch(company: Company) -> None:
    """The statements of a batch grow with its guests alone: so many for the batch, so many a guest."""
    crowd(company, 20)
    counted = {}
    for count in (5, 10):
        ids = tuple(guest_id(number) for number in range(count))
        job = begun(company, JobKind.BLOCK, GuestSearch(ids=ids))
        with statements(company.broker.core.db) as seen:
            company.broker.jobs.batches.batch(job)
        counted[count] = len(seen)
        finished(company, begun(company, JobKind.UNBLOCK, GuestSearch(ids=ids)))
    each = (counted[10] - counted[5]) // 5
    assert (each, counted[5] - 5 * each) == (15, 8)


def test_two_clicks_begin_one_job(crowded: Company) -> None:
    """Of twenty clicks at once one begins the act; the others are told that it has begun."""
    service = crowded.broker.jobs.selections
    job = service.choose(ADMIN, JobKind.BLOCK, ACTIVE)

    def click(_number: int) -> str:
        try:
            service.begin(ADMIN, job, JobKind.BLOCK, ActTerms())
        except Conflict as error:
            return error.reason
        return "begun"

    assert sorted(race(click, 8)) == ["begun", *["job_begun"] * 7]
    assert len(events(crowded, "job.started")) == 1


def test_two_nodes_settle_each_guest_once(crowded: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's lease and row belong to one node; if it is gone, another continues after the lease."""
    monkeypatch.setattr(batches, "TOGETHER", 5)
    crowd(crowded, 48)
    job = begun(crowded, JobKind.SIGN_OUT)
    nodes = [node(crowded, f"node-{number}") for number in range(4)]
    first = race(lambda number: [nodes[number].batch(job) for _ in range(3)], 4)
    worked = [any(found) for found in first]
    assert worked.count(True) == 1  # the lease
    other = nodes[worked.index(False)]
    assert other.batch(job) is False
    crowded.clock.advance(batches.LEASE + 1)
    while other.batch(job):
        pass
    subjects = [one["subject"] for one in events(crowded, "guest.signed_out")]
    assert len(subjects) == len(set(subjects)) == 50
    assert crowded.broker.jobs.jobs.show(ADMIN, job).job.state is JobState.DONE
