"""`/admin/sign-ins`: the list, its export, and one sign-in as a thread."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import NotFound
from broker.domain.receipt import Outcome, Place, ReceiptSource, Search
from broker.domain.text import cell
from broker.domain.times import DAY, iso
from broker.services.addresses import canonical
from broker.services.authorization import Right
from broker.services.history.views import SignInView
from broker.web import headers
from broker.web.admin import lists, sign_in_thread
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.lists import Cursors, ListState
from broker.web.admin.names import Names
from broker.web.i18n import Translator, _
from broker.web.pages import Pages

PATH = "/admin/sign-ins"
PAGE = 50  # rows
EXPORT = 10_000  # rows of a file
OUTCOMES = {
    Outcome.ALLOWED: ("well", _("Allowed")),
    Outcome.BLOCKED: ("stopped", _("Blocked")),
    Outcome.FAILED: ("attention", _("Failed")),
    Outcome.ABANDONED: ("ended", _("Given up")),
}
COLUMNS = ("at", "request_id", "user", "claimed", "application", "partner", "outcome", "error", "reason", "address")
_FILTERS = {
    "q": lists.is_text,
    "partner": lists.is_text,
    "application": lists.is_text,
    "outcome": lists.one_of(tuple(Outcome)),
    "reason": lists.is_text,
    "since": lists.is_day,
    "until": lists.is_day,
}


def register(routes: Blueprint, door: Door) -> None:
    """The list, the file, one sign-in."""
    cursors = Cursors(door.broker.sealer)

    @routes.get(PATH)
    @door.page(Right.SEE_SIGN_INS)
    def admin_sign_ins(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, _FILTERS)
        words = shown.filters.get("q", "")
        if words and "@" not in words:
            return _by_reference(door, visit, shown, words)
        return _list(door, visit, shown, cursors)

    @routes.get(f"{PATH}/export")
    @door.page(Right.SEE_SIGN_INS)
    def admin_sign_ins_export(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, _FILTERS)
        search, email = _search(shown)
        found = door.broker.history.receipts.page(visit.actor, search, email=email, after=None, limit=EXPORT)
        return _file(found.rows)

    @routes.get(f"{PATH}/<reference>")
    @door.page(Right.SEE_SIGN_INS)
    def admin_sign_in(visit: StaffVisit, reference: str) -> Response:
        found = door.broker.history.receipts.show(visit.actor, reference)
        return door.render(
            visit,
            "admin_sign_in.html",
            here=PATH,
            keep={},
            back_url=door.pages.path(PATH),
            **sign_in_thread.context(
                door.pages, door.pages.translator(), Names.of(door.broker.core.settings()), door.broker.core.clock(), found
            ),
        )


def _by_reference(door: Door, visit: StaffVisit, shown: ListState, words: str) -> Response:
    """The box takes a reference, too: it leads to that sign-in. What is neither is a search that found nothing."""
    try:
        found = door.broker.history.receipts.show(visit.actor, words)
    except NotFound:
        return _rendered(door, visit, shown, (), "")
    return door.browser.go(door.pages.path(f"{PATH}/{found.request_id}"))


def _list(door: Door, visit: StaffVisit, shown: ListState, cursors: Cursors) -> Response:
    search, email = _search(shown)
    if "q" in shown.filters and email is None:  # no address at all: nobody has it
        return _rendered(door, visit, shown, (), "")
    key = cursors.read(shown)
    after = Place(int(key[0] or 0), ReceiptSource(int(key[1] or 0)), str(key[2])) if key is not None else None
    found = door.broker.history.receipts.page(visit.actor, search, email=email, after=after, limit=PAGE)
    following = (found.next.at, int(found.next.source), found.next.row) if found.next is not None else None
    return _rendered(door, visit, shown, found.rows, cursors.next_url(shown, following))


def _search(shown: ListState) -> tuple[Search, str | None]:
    """What the address asks for, and the e-mail address of the person."""
    filters = shown.filters
    until = lists.day(filters["until"]) if "until" in filters else None
    return Search(
        partner=filters.get("partner"),
        application=filters.get("application"),
        outcome=Outcome(filters["outcome"]) if "outcome" in filters else None,
        reason=filters.get("reason"),
        since=lists.day(filters["since"]) if "since" in filters else None,
        until=until + DAY if until is not None else None,
    ), canonical(filters.get("q", ""))


def _rendered(door: Door, visit: StaffVisit, shown: ListState, rows: tuple[SignInView, ...], next_url: str) -> Response:
    say, names = door.pages.translator(), Names.of(door.broker.core.settings())
    path = door.pages.path(PATH)
    query = shown.url().partition("?")[2]
    return door.render(
        visit,
        "admin_sign_ins.html",
        here=PATH,
        keep=dict(shown.filters),
        action=path,
        filters=shown.filters,
        chips=_chips(door, shown, say),
        rows=[row(door.pages, names, one, say) for one in rows],
        outcomes=[("", say.gettext(_("Any outcome")))]
        + [(one.value, say.gettext(text)) for one, (_kind, text) in OUTCOMES.items()],
        partners=_options(names.partners, say.gettext(_("Any partner"))),
        applications=_options(_theirs(names, visit), say.gettext(_("Any application"))),
        next_url=door.pages.path(next_url) if next_url else "",
        first_url=door.pages.path(shown.url()) if request.args.get(lists.AFTER) else "",
        export_url=f"{path}/export?{query}" if query else f"{path}/export",
    )


def _options(names: Mapping[str, str], nobody: str) -> list[tuple[str, str]]:
    """Of a filter, by name."""
    return [("", nobody), *sorted(names.items(), key=lambda one: one[1].casefold())]


def _theirs(names: Names, visit: StaffVisit) -> Mapping[str, str]:
    """The applications whose sign-ins this person may see."""
    rights = visit.rights
    return {key: name for key, name in names.applications.items() if rights.over_application(Right.SEE_SIGN_INS, key)}


def row(pages: Pages, names: Names, one: SignInView, say: Translator) -> dict[str, Any]:
    """A row of admin_sign_ins.html."""
    kind, word = OUTCOMES[one.outcome]
    return {
        "id": one.request_id,
        "url": pages.path(f"{PATH}/{one.request_id}"),
        "user": one.user or say.gettext(_("Nobody known")),
        "claimed": one.claimed,
        "at": one.at,
        "kind": kind,
        "outcome": say.gettext(word),
        "application": names.application(one.application),
        "partner": names.partner(one.partner, say),
        "reason": one.reason,
    }


def _chips(door: Door, shown: ListState, say: Translator) -> list[dict[str, Any]]:
    names = {
        "q": _("Person"), "partner": _("Partner"), "application": _("Application"), "outcome": _("Outcome"), "reason": _("Reason"),
        "since": _("From"), "until": _("Until"),
    }  # fmt: skip
    return [
        {"text": f"{say.gettext(names[name])}: {value}", "url": door.pages.path(shown.url(name))}
        for name, value in shown.filters.items()
    ]


def _file(rows: tuple[SignInView, ...]) -> Response:
    """A spreadsheet; no cell is a formula (AD-09)."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for one in rows:
        values = one.to_json() | {"at": iso(one.at)}
        table.writerow([cell(values[name]) for name in COLUMNS])
    response = headers.private(Response(out.getvalue(), mimetype="text/csv"))
    response.headers["Content-Disposition"] = 'attachment; filename="sign-ins.csv"'
    return response
