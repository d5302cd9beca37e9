"""`/admin/guests/import`: adds many guests from a CSV file. The file is read and judged first; a second page shows each line and begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, Conflict, Invalid
from broker.domain.job import JobKind, JobState, RowResult
from broker.services.authorization import Right
from broker.services.jobs.imports import COLUMNS, MOST
from broker.services.jobs.views import JobPage
from broker.web import upload
from broker.web.admin import jobs, lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.guests import search
from broker.web.i18n import _

PATH = f"{search.PATH}/import"
ERRORS: Mapping[str, str] = {
    "file_missing": _("Choose a file."),
    "file_encoding": _("This file is not CSV in UTF-8. In Excel, choose “Save as” and “CSV UTF-8”."),
    "file_empty": _("There is no guest in this file. The first line names the columns, each further line is a guest."),
    "file_columns": _("The first line must name the columns. Choose them from the list below."),
    "file_rows": _("There are more than %(num)s guests in this file. Make two files of it."),
}


def register(routes: Blueprint, door: Door) -> None:
    """The form, the dry run, and the button that begins."""
    service = door.broker.jobs.imports

    @routes.get(PATH)
    @door.page(Right.INVITE)
    def admin_import(visit: StaffVisit) -> Response:
        lists.state(PATH, {})
        return _form(door, visit, "", "")

    @routes.post(PATH)
    @door.button(Right.INVITE)
    def read_import(visit: StaffVisit) -> Response:
        PostedForm(request, ())
        try:
            raw = upload.read(request) if request.mimetype == upload.TYPE else b""
            if not raw:
                raise Invalid("no file was sent", "file_missing")
            job = service.read(visit.actor, raw)
        except Invalid as error:
            return _form(door, visit, error.reason, str(error) if error.reason == "file_columns" else "")
        return door.go(visit, f"{PATH}/{job}")

    @routes.get(f"{PATH}/<job>")
    @door.page(Right.INVITE)
    def admin_import_check(visit: StaffVisit, job: str) -> Response:
        lists.state(f"{PATH}/{job}", {})
        page = door.broker.jobs.jobs.show(visit.actor, job, kind=JobKind.IMPORT, limit=MOST)
        if page.job.state is not JobState.DRAFT:
            return door.go(visit, f"{jobs.PATH}/{job}")
        if not page.job.is_own:
            raise BadRequest("not_found", "another person's draft")
        return _check(door, visit, page)

    @routes.post(f"{PATH}/<job>")
    @door.button(Right.INVITE)
    def begin_import(visit: StaffVisit, job: str) -> Response:
        PostedForm(request, ("confirmed",))
        try:
            service.begin(visit.actor, job)
        except Conflict as error:
            return door.go(visit, f"{PATH if error.reason == 'job_empty' else jobs.PATH}/{job}")
        return door.go(visit, f"{jobs.PATH}/{job}", "begun")


def _form(door: Door, visit: StaffVisit, reason: str, detail: str) -> Response:
    say = door.pages.translator()
    text = ERRORS.get(reason, ERRORS["file_encoding"])
    errors = [{"field": upload.FILE, "message": str(say.gettext(text, num=say.number(MOST)))}] if reason else []
    return door.render(
        visit,
        "admin_import.html",
        status=400 if errors else 200,
        here=search.PATH,
        keep={} if request.method == "GET" else None,
        shown_at=door.pages.path(PATH),
        errors=errors,
        detail=detail,
        columns=list(COLUMNS),
        most=MOST,
        action=door.pages.path(PATH),
        list_url=door.pages.path(search.PATH),
    )


def _check(door: Door, visit: StaffVisit, page: JobPage) -> Response:
    say, counts = door.pages.translator(), page.forecasts
    faults = counts.get(RowResult.FAILED, 0)
    rows: list[dict[str, Any]] = [
        {**jobs.report_row(one, say), "name": one.cells.get("name", ""), "gets": _gets(one.cells)} for one in page.rows
    ]
    return door.render(
        visit,
        "admin_import_check.html",
        here=search.PATH,
        keep={},
        rows=sorted(rows, key=lambda row: (row["look"] != "stopped", row["line"])),
        invited=counts.get(RowResult.INVITED, 0) + counts.get(RowResult.AGAIN, 0),
        known=counts.get(RowResult.ADDED, 0) + counts.get(RowResult.KEPT, 0),
        faults=faults,
        good=page.job.total - faults,
        total=page.job.total,
        action=door.pages.path(f"{PATH}/{page.job.id}"),
        again_url=door.pages.path(PATH),
    )


def _gets(cells: Mapping[str, str]) -> str:
    """What the line gives: application, role, group, last day."""
    return " · ".join(cells[name] for name in ("application", "role", "group", "until") if cells.get(name))
