"""Acts on many guests: the list sends a selection, which is frozen; a page names the number and the effect; its button begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, Conflict, Invalid
from broker.domain.group import is_uuid
from broker.domain.job import JobKind, JobState
from broker.domain.times import DAY
from broker.services.authorization import Right
from broker.services.jobs.selections import ActTerms
from broker.services.jobs.views import JobPage
from broker.web import csrf
from broker.web.admin import jobs, lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.guests import search
from broker.web.admin.guests.act_errors import OTHER, SHARED
from broker.web.admin.guests.bulk_table import BULK, BulkAct, title
from broker.web.admin.lists import ListState
from broker.web.i18n import _
from broker.web.request import single

PATH = f"{search.PATH}/bulk"
NAMED = 3  # guests whom the page names
_FIELDS = {csrf.FIELD, "id", "scope", "act"}
ERRORS = {
    **SHARED,
    "application_unknown": ("application", _("Choose one of the applications.")),
    "group_unknown": ("group", _("There is no group of this name that you may fill.")),
    "group_is_dynamic": ("group", _("A rule alone says who is in this group. Choose another one.")),
    "typed": ("count", _("Type the number of guests exactly as it stands above.")),
}


def register(routes: Blueprint, door: Door) -> None:
    """What the list sends, then a page and a button for each act."""

    @routes.post(PATH)
    @door.button(Right.SEE_GUESTS, back=search.PATH)
    def choose_guests(visit: StaffVisit) -> Response:
        shown = search.read()
        kind, service = _kind(), door.broker.jobs.selections
        try:
            if single(request.form, "scope") == "all":
                job = service.choose(visit.actor, kind, search.search(shown))
            else:
                job = service.these(visit.actor, kind, _ids())
        except Invalid as error:
            said = "too_many" if error.reason == "too_many" else "none_chosen"
            return door.go(visit, ListState(search.PATH, shown.filters).url(), said)
        return door.go(visit, f"{PATH}/{job}/{kind.value}")

    for act in BULK.values():
        path, endpoint = f"{PATH}/<job>/{act.kind.value}", act.kind.value.replace("-", "_")
        routes.get(path, endpoint=f"bulk_{endpoint}")(door.page(act.right, proof=act.proof)(_asked(door, act)))
        routes.post(path, endpoint=f"bulk_{endpoint}_begin")(door.button(act.right, proof=act.proof)(_begun(door, act)))


def _kind() -> JobKind:
    """The act that was chosen. Raises BadRequest for a form that is not the list's."""
    if set(request.form) - _FIELDS or single(request.form, "scope") not in ("", "chosen", "all"):
        raise BadRequest("field_unknown")
    name = single(request.form, "act")
    found = next((kind for kind in BULK if kind.value == name), None)
    if found is None:
        raise BadRequest("bad_value", "act")
    return found


def _ids() -> Sequence[str]:
    ids = request.form.getlist("id")
    if not all(is_uuid(one) for one in ids):
        raise BadRequest("bad_value", "id")
    return [one.lower() for one in ids]


def _asked(door: Door, act: BulkAct) -> Callable[[StaffVisit, str], Response]:
    def asked(visit: StaffVisit, job: str) -> Response:
        lists.state(f"{PATH}/{job}/{act.kind.value}", {})
        page = door.broker.jobs.jobs.show(visit.actor, job, kind=act.kind, limit=NAMED)
        if page.job.state is not JobState.DRAFT:
            return door.go(visit, f"{jobs.PATH}/{job}")
        return _page(door, visit, act, page, {}, ())

    return asked


def _begun(door: Door, act: BulkAct) -> Callable[[StaffVisit, str], Response]:
    def begun(visit: StaffVisit, job: str) -> Response:
        form = PostedForm(request, ("confirmed", "reason", "until", "application", "group", "count"))
        page = door.broker.jobs.jobs.show(visit.actor, job, kind=act.kind, limit=NAMED)
        try:
            if form.get("confirmed") != "yes":
                return _page(door, visit, act, page, form.values, ())
            if act.typed and _digits(form.get("count")) != str(page.job.total):
                raise Invalid("another number", "typed")
            door.broker.jobs.selections.begin(visit.actor, job, act.kind, _terms(act, form))
        except Invalid as error:
            field, text = ERRORS.get(error.reason, OTHER)
            told = [{"field": field, "message": str(door.pages.translator().gettext(text))}]
            return _page(door, visit, act, page, form.values, told)
        except Conflict:  # a second click
            return door.go(visit, f"{jobs.PATH}/{job}")
        return door.go(visit, f"{jobs.PATH}/{job}", "begun")

    return begun


def _digits(text: str) -> str:
    """The number that was typed, with or without the separators of a language."""
    return "".join(c for c in text if c.isascii() and c.isdigit())


def _terms(act: BulkAct, form: PostedForm) -> ActTerms:
    """What the page asked for. The last day of the access counts whole. Raises Invalid."""
    until = None
    if act.asks == "until":
        day = lists.day(form.get("until"))
        if day is None:
            raise Invalid("no day", "until_invalid" if form.get("until") else "until_missing")
        until = day + DAY
    return ActTerms(
        reason=form.get("reason").strip(),
        until=until,
        application=form.get("application"),
        group=form.get("group").strip(),
    )


def _page(
    door: Door, visit: StaffVisit, act: BulkAct, page: JobPage, values: dict[str, str], errors: Sequence[dict[str, str]]
) -> Response:
    if not page.job.is_own:
        raise BadRequest("not_found", "another person's draft")
    say = door.pages.translator()
    return door.render(
        visit,
        "admin_confirm.html",
        status=400 if errors else 200,
        here=search.PATH,
        keep={} if request.method == "GET" else None,
        shown_at=door.pages.path(f"{PATH}/{page.job.id}/{act.kind.value}"),
        title=title(say, act.kind, page.job.total),
        people=[one.email for one in page.rows],
        more=page.job.total - len(page.rows),
        ends=[_line(say, *one) for one in act.ends],
        stays=[_line(say, *one) for one in act.stays],
        button=str(say.gettext(act.button)),
        keep_text=str(say.gettext(act.keep)),
        action=door.pages.path(f"{PATH}/{page.job.id}/{act.kind.value}"),
        cancel_url=door.pages.path(search.PATH),
        back=str(say.gettext(_("Guests"))),
        danger=act.proof,
        asks_until=act.asks == "until",
        asks_address=False,
        asks_application=_applications(door, visit) if act.asks == "application" else [],
        asks_group=act.asks == "group",
        asks_count=act.typed,
        asks_reason=True,
        hidden=[],
        values=values,
        errors=list(errors),
    )


def _line(say: Any, text: str, reason: str) -> dict[str, str]:
    return {"text": str(say.gettext(text)), "reason": str(say.gettext(reason)) if reason else ""}


def _applications(door: Door, visit: StaffVisit) -> list[tuple[str, str]]:
    """Those that this visitor may take back."""
    files = door.broker.core.settings().applications.values()
    mine = [one for one in files if visit.rights.over_application(Right.ASSIGN, one.client_id)]
    first = ("", str(door.pages.translator().gettext(_("Choose"))))
    return [first, *((one.client_id, one.name) for one in sorted(mine, key=lambda one: one.name.casefold()))]


def offered(visit: StaffVisit) -> list[BulkAct]:
    """The acts that this visitor may do to guests whom they see."""
    return [act for act in BULK.values() if visit.rights.may(act.right)]
