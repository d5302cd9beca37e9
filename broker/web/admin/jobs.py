"""`/admin/jobs`: work on many guests: what runs, how far it is, and its report. A page may be left; the work goes on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, Conflict
from broker.domain.job import JobKind, JobState, RowResult
from broker.domain.text import cell
from broker.services.authorization import Right
from broker.services.jobs.views import JobRowView, JobView
from broker.web import feedback, headers
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.lists import Cursors
from broker.web.admin.problems import words
from broker.web.i18n import Translator, _

PATH = "/admin/jobs"
GUESTS = "/admin/guests"  # the place of the navigation that these pages belong to
SHOWN = 25  # jobs on a page
FAILURES = 50  # rows on a job's page; the report has all of them
KINDS: Mapping[JobKind, str] = {
    JobKind.IMPORT: _("Add guests from a file"),
    JobKind.RENEW: _("Renew access"),
    JobKind.RESEND: _("Send invitations again"),
    JobKind.SIGN_OUT: _("Sign out everywhere"),
    JobKind.UNASSIGN: _("Take an application back"),
    JobKind.UNGROUP: _("Remove from a group"),
    JobKind.BLOCK: _("Block"),
    JobKind.UNBLOCK: _("Unblock"),
    JobKind.DELETE: _("Delete"),
}
STATES: Mapping[JobState, tuple[str, str]] = {
    JobState.DRAFT: ("ahead", _("Not confirmed")),
    JobState.RUNNING: ("waits", _("Running")),
    JobState.STOPPED: ("stopped", _("Stopped")),
    JobState.DONE: ("well", _("Done")),
}
RESULTS: Mapping[RowResult, tuple[str, str]] = {
    RowResult.INVITED: ("sent", _("Invited")),
    RowResult.AGAIN: ("attention", _("Invited again")),
    RowResult.KEPT: ("note", _("Has this invitation")),
    RowResult.ADDED: ("well", _("Guest already")),
    RowResult.DONE: ("well", _("Done")),
    RowResult.FAILED: ("stopped", _("Failed")),
}
_STOPPED = {
    "no_right": _("It stopped because the person who began it lost the right to do this."),
    "restored": _("It stopped because the database was restored from a backup. Look at the report before you continue."),
}
SAID = {
    "begun": _("It has begun. You may leave this page: the work goes on."),
    "stopped": _("Stopped. What is done stays done."),
    "continued": _("It continues."),
    "not_done": _("Nothing was changed: look at the state below."),
}


def register(routes: Blueprint, door: Door) -> None:
    """The list, one job, its two buttons and its report."""
    broker, cursors = door.broker, Cursors(door.broker.sealer)

    @routes.get(PATH)
    @door.page(Right.SEE_GUESTS)
    def admin_jobs(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, {})
        after = cursors.read(shown)
        before = (int(after[0] or 0), str(after[1])) if after else None
        found = broker.jobs.jobs.listed(visit.actor, before=before, limit=SHOWN + 1)
        say, base = door.pages.translator(), door.pages.path("")
        last = found[SHOWN - 1] if len(found) > SHOWN else None
        next_url = cursors.next_url(shown, (last.created_at, last.id) if last else None)
        return door.render(
            visit,
            "admin_jobs.html",
            here=GUESTS,
            keep={},
            rows=[job_row(one, say, door) for one in found[:SHOWN]],
            list_url=base + GUESTS,
            next_url=base + next_url if next_url else "",
            first_url=base + PATH if after else "",
        )

    @routes.get(f"{PATH}/<job>")
    @door.page(Right.SEE_GUESTS)
    def admin_job(visit: StaffVisit, job: str) -> Response:
        lists.state(f"{PATH}/{job}", {})
        page = broker.jobs.jobs.show(visit.actor, job, result=RowResult.FAILED, limit=FAILURES)
        say = door.pages.translator()
        said = feedback.read(visit.cookie, request.args.get(feedback.FIELD, ""), SAID)
        return door.render(
            visit,
            "admin_job.html",
            here=GUESTS,
            keep={},
            said=say.gettext(said[0]) if said else "",
            job=job_row(page.job, say, door),
            why=say.gettext(_STOPPED[page.job.problem]) if page.job.problem in _STOPPED else "",
            failures=[report_row(one, say) for one in page.rows],
            more_failures=page.job.failed > len(page.rows),
            may_change=page.job.may_change,
            action=door.pages.path(f"{PATH}/{page.job.id}"),
            list_url=door.pages.path(PATH),
        )

    _acts(routes, door)


def _acts(routes: Blueprint, door: Door) -> None:
    """Stop, continue, and the report."""
    broker = door.broker

    @routes.post(f"{PATH}/<job>/stop")
    @door.button(Right.SEE_GUESTS)
    def stop_job(visit: StaffVisit, job: str) -> Response:
        PostedForm(request, ())
        return _changed(door, visit, job, stop=True)

    @routes.get(f"{PATH}/<job>/continue")
    @door.page(Right.SEE_GUESTS, proof=True)
    def ask_to_continue(visit: StaffVisit, job: str) -> Response:
        lists.state(f"{PATH}/{job}/continue", {})
        return _ask(door, visit, broker.jobs.jobs.show(visit.actor, job, limit=1).job)

    @routes.post(f"{PATH}/<job>/continue")
    @door.button(Right.SEE_GUESTS, proof=True)
    def continue_job(visit: StaffVisit, job: str) -> Response:
        PostedForm(request, ("confirmed",))
        return _changed(door, visit, job, stop=False)

    @routes.get(f"{PATH}/<job>/result")
    @door.page(Right.SEE_GUESTS)
    def job_result(visit: StaffVisit, job: str) -> Response:
        say = door.pages.translator()
        rows = broker.jobs.jobs.export(visit.actor, job)
        response = headers.private(Response(_written(rows, say), mimetype="text/csv"))
        response.headers["Content-Disposition"] = 'attachment; filename="result.csv"'
        return response


def job_row(one: JobView, say: Translator, door: Door) -> dict[str, Any]:
    """A job for the templates."""
    kind, word = STATES[one.state]
    return {
        "id": one.id,
        "url": door.pages.path(f"{PATH}/{one.id}"),
        "title": say.gettext(KINDS[one.kind]),
        "state": one.state.value,
        "look": kind,
        "word": say.gettext(word),
        "owner": one.owner or say.gettext(_("somebody who is deleted")),
        "created_at": one.created_at,
        "ended_at": one.ended_at or 0,
        "total": one.total,
        "done": one.done,
        "failed": one.failed,
        "settled": one.settled,
        "reason": one.reason,
    }


def report_row(one: JobRowView, say: Translator) -> dict[str, Any]:
    """A row for the templates: its result, or what would become of it."""
    result = one.result or one.forecast
    look, word = RESULTS[result] if result is not None else ("ahead", _("Waits"))
    return {"line": one.line, "email": one.email, "look": look, "word": say.gettext(word), "problem": words(say, one.problem)}


def _ask(door: Door, visit: StaffVisit, job: JobView) -> Response:
    """Before a job continues: what it does, and to how many more."""
    if not job.may_change:
        raise BadRequest("no_right", "not_the_owner")
    if job.state is not JobState.STOPPED:
        return door.go(visit, f"{PATH}/{job.id}", "not_done")
    say, left = door.pages.translator(), job.total - job.settled
    return door.render(
        visit,
        "admin_confirm.html",
        here=GUESTS,
        keep={},
        title=str(say.ngettext("Continue with %(num)s guest?", "Continue with %(num)s guests?", left)),
        people=[str(say.gettext(KINDS[job.kind]))],
        more=0,
        ends=[],
        stays=[],
        button=str(say.gettext(_("Continue where it stopped"))),
        keep_text=str(say.gettext(_("Leave it stopped"))),
        action=door.pages.path(f"{PATH}/{job.id}/continue"),
        cancel_url=door.pages.path(f"{PATH}/{job.id}"),
        back=str(say.gettext(_("Work on many guests"))),
        danger=job.kind in (JobKind.BLOCK, JobKind.DELETE),
        asks_until=False,
        asks_address=False,
        asks_reason=False,
        hidden=[],
        values={},
        errors=[],
    )


def _changed(door: Door, visit: StaffVisit, job: str, *, stop: bool) -> Response:
    service = door.broker.jobs.jobs
    try:
        (service.stop if stop else service.resume)(visit.actor, job)
    except Conflict:
        return door.go(visit, f"{PATH}/{job}", "not_done")
    return door.go(visit, f"{PATH}/{job}", "stopped" if stop else "continued")


def _written(rows: Iterator[JobRowView], say: Translator) -> Iterator[str]:
    """The lines of the report, some at a time. No cell is a formula to a spreadsheet (AD-09)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(("line", "email", "guest_id", "result", "problem", "explanation"))
    for number, one in enumerate(rows, 1):
        values = (one.line, one.email, one.guest_id, one.result.value if one.result else "", one.problem, words(say, one.problem))
        writer.writerow([cell(value) for value in values])
        if number % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
