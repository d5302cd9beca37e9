"""Pages about many guests at once, for the gallery of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.services.jobs.imports import COLUMNS
from tests.browser.sample import ALICE, NOW, Sample

BULK = (
    "admin-import", "admin-import-error", "admin-import-check", "admin-jobs", "admin-jobs-empty", "admin-job", "admin-job-stopped",
    "admin-job-done", "admin-confirm-bulk",
)  # fmt: skip
_NUMBERS = {"total": 1204, "done": 361, "failed": 2, "settled": 363}
JOB: dict[str, Any] = {
    "id": "7KQ4-M2XT-9RZB", "url": "#", "title": "Block", "state": "running", "look": "waits", "word": "Running", "owner": ALICE.email,
    "created_at": NOW - 600, "ended_at": 0, "reason": "The project is over", **_NUMBERS,
}  # fmt: skip
IMPORT = {
    **JOB,
    "title": "Add guests from a file",
    "state": "done",
    "look": "well",
    "word": "Done",
    "total": 48,
    "done": 46,
    "failed": 2,
}
ROWS = (
    {"line": 17, "email": "kim@@adatum.example", "name": "", "gets": "payroll", "look": "stopped", "word": "Failed", "problem": "This is no e-mail address."},
    {"line": 31, "email": "sal@rival.example", "name": "Sal", "gets": "", "look": "stopped", "word": "Failed", "problem": "Addresses of this organization may not be invited. The file broker.yaml says so."},
    {"line": 2, "email": "lena@fabrikam.example", "name": "Lena Brandt", "gets": "payroll · viewer · 2027-03-31", "look": "sent", "word": "Invited", "problem": ""},
    {"line": 4, "email": "mei@fabrikam.example", "name": "Mei Lin", "gets": "payroll · viewer", "look": "well", "word": "Guest already", "problem": ""},
    {"line": 9, "email": "ravi@tai1spin.example", "name": "Ravi Menon", "gets": "Lisbon project", "look": "attention", "word": "Invited again", "problem": "Look twice: this domain resembles one that you know."},
)  # fmt: skip


def bulk_samples(frame: Mapping[str, Any]) -> dict[str, Sample]:
    """frame: what the door of the portal adds to each page."""
    form = dict(frame, errors=[], detail="", columns=list(COLUMNS), most=1000, list_url="#")
    check = dict(frame, rows=list(ROWS), invited=44, known=2, faults=2, good=46, total=48, again_url="#")
    listed = dict(frame, rows=[JOB, IMPORT], list_url="#", next_url="#", first_url="")
    one = dict(frame, job=JOB, why="", failures=[], more_failures=False, may_change=True, list_url="#", said="It has begun.")
    failures = [{**row, "word": "Failed"} for row in ROWS[:2]]
    stopped = {**JOB, "state": "stopped", "look": "stopped", "word": "Stopped"}
    return {
        "admin-import": Sample("admin_import.html", "admin-import", form),
        "admin-import-error": Sample(
            "admin_import.html",
            "admin-import",
            {
                **form,
                "errors": [
                    {"field": "file", "message": "The first line must name the columns. Choose them from the list below."}
                ],
                "detail": "line 1: unknown column 'nmae'; columns are email, and any of name, message, language, application",
            },
        ),
        "admin-import-check": Sample("admin_import_check.html", "admin-import", check),
        "admin-jobs": Sample("admin_jobs.html", "admin-jobs", listed),
        "admin-jobs-empty": Sample("admin_jobs.html", "admin-jobs", {**listed, "rows": [], "next_url": ""}),
        "admin-job": Sample("admin_job.html", "admin-job", one),
        "admin-job-stopped": Sample(
            "admin_job.html",
            "admin-job",
            {
                **one,
                "job": stopped,
                "said": "",
                "why": "It stopped because the person who began it lost the right to do this.",
                "failures": failures,
            },
        ),
        "admin-job-done": Sample(
            "admin_job.html", "admin-job", {**one, "job": IMPORT, "said": "", "failures": failures, "more_failures": True}
        ),
        "admin-confirm-bulk": Sample("admin_confirm.html", "admin-confirm", _confirm(frame)),
    }


def _confirm(frame: Mapping[str, Any]) -> dict[str, Any]:
    return dict(
        frame,
        title="Delete 1,204 guests for good?",
        people=["ada@fabrikam.example", "bo@fabrikam.example", "gwen@mail.example"],
        more=1201,
        ends=[{"text": "Their personal data, groups and applications", "reason": "this cannot be undone"}],
        stays=[{"text": "Kept: the audit, without their name and address", "reason": ""}],
        button="Delete for good",
        keep_text="Do not delete",
        cancel_url="#",
        back="Guests",
        danger=True,
        asks_until=False,
        asks_address=False,
        asks_application=[("", "Choose"), ("payroll", "Payroll")],
        asks_group=True,
        asks_count=True,
        asks_reason=True,
        hidden=[],
        values={},
        errors=[{"field": "count", "message": "Type the number of guests exactly as it stands above."}],
    )
