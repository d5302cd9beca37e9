"""`/admin/audit`: who did what, the newest first, and whether the record is whole."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.domain.audit import EventSearch
from broker.domain.times import DAY, iso
from broker.services.authorization import Right
from broker.services.history.views import AuditView
from broker.web import headers
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.lists import Cursors, ListState
from broker.web.i18n import Translator, _

PATH = "/admin/audit"
PAGE = 50  # rows
JSON_LINES = "application/jsonl"
SPAN = 30 * DAY  # that is searched where no first day is chosen
_FILTERS = {"q": lists.is_text, "name": lists.is_text, "since": lists.is_day, "until": lists.is_day}
_LABELS = {"q": _("Person"), "name": _("Event"), "since": _("From"), "until": _("Until")}
_ACTORS = {
    "command": _("command line"),
    "system": _("the broker"),
    "application": _("application"),
    "person": _("somebody unknown"),
}


def register(routes: Blueprint, door: Door) -> None:
    """The list, and the check of the chain."""
    cursors = Cursors(door.broker.sealer)

    @routes.get(PATH)
    @door.page(Right.SEE_AUDIT)
    def admin_audit(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, _FILTERS)
        key = cursors.read(shown)
        after = (int(key[0] or 0), str(key[1])) if key is not None else None
        found = door.broker.history.audit_export.page(
            visit.actor, _search(shown, door.broker.core.clock()), person=shown.filters.get("q"), after=after, limit=PAGE
        )
        return _page(door, visit, shown, found.rows, cursors.next_url(shown, found.next))

    @routes.get(f"{PATH}/export")
    @door.page(Right.SEE_AUDIT)
    def admin_audit_export(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, _FILTERS)
        search = _search(shown, door.broker.core.clock())
        found = door.broker.history.audit_export.lines(visit.actor, search, person=shown.filters.get("q"))
        response = headers.private(Response((f"{json.dumps(one, ensure_ascii=False)}\n" for one in found), mimetype=JSON_LINES))
        response.headers["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
        return response

    @routes.get(f"{PATH}/verify")
    @door.page(Right.SEE_AUDIT)
    def admin_audit_verify(visit: StaffVisit) -> Response:
        found = door.broker.history.audit_chain.verify()
        return door.render(visit, "admin_audit_verify.html", here=PATH, keep={}, found=found, back_url=door.pages.path(PATH))


def _search(shown: ListState, now: int) -> EventSearch:
    filters = shown.filters
    until = lists.day(filters["until"]) if "until" in filters else None
    since = lists.day(filters["since"]) if "since" in filters else None
    first = since if since is not None else max(0, (until if until is not None else now) - SPAN)
    return EventSearch(since=first, until=until + DAY if until is not None else None, name=filters.get("name"))


def _page(door: Door, visit: StaffVisit, shown: ListState, rows: tuple[AuditView, ...], next_url: str) -> Response:
    say, path = door.pages.translator(), door.pages.path(PATH)
    first = _search(shown, door.broker.core.clock()).since
    chips = [
        {"text": f"{say.gettext(_LABELS[name])}: {value}", "url": door.pages.path(shown.url(name))}
        for name, value in shown.filters.items()
    ]
    return door.render(
        visit,
        "admin_audit.html",
        here=PATH,
        keep=dict(shown.filters),
        action=path,
        filters=shown.filters,
        chips=chips,
        rows=[row(one, say) for one in rows],
        first=first,
        verify_url=f"{path}/verify",
        export_url=f"{path}/export?{query}" if (query := urlencode(shown.filters)) else f"{path}/export",
        next_url=door.pages.path(next_url) if next_url else "",
        first_url=door.pages.path(shown.url()) if request.args.get(lists.AFTER) else "",
    )


def row(one: AuditView, say: Translator) -> dict[str, Any]:
    """A row of admin_audit.html."""
    return {
        "id": one.id,
        "at": one.at,
        "exact": iso(one.at),
        "name": one.name,
        "actor": one.actor or say.gettext(_ACTORS.get(one.actor_kind, one.actor_kind)),
        "subject": one.subject,
        "target": one.target,
        "reason": one.reason,
        "reference": one.request_id,
        "data": [(name, _word(value)) for name, value in sorted(one.data.items())],
        "chained": one.seq is not None,
    }


def _word(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_word(one)}" for name, one in value.items())
    return ", ".join(map(_word, value)) if isinstance(value, list | tuple) else str(value)
