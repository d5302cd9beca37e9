"""What an owner does with an application every day: assign somebody, change an assignment, remove one."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.assignment import Principal
from broker.domain.errors import CommandError, Invalid, NotFound
from broker.domain.times import DAY, iso
from broker.services.access.views import AssignmentView
from broker.services.applications.staff_view import ApplicationPage
from broker.services.authorization import Right
from broker.web.admin import lists
from broker.web.admin.applications import one as one_page
from broker.web.admin.applications.list_page import address
from broker.web.admin.applications.texts import ERRORS, PATH
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.i18n import Translator, _
from broker.web.pages import isolate

ASSIGN = ("holder", "role", "until", "reason")
CHANGE = ("role", "until", "reason")


def register(routes: Blueprint, door: Door) -> None:
    """Every act."""
    _register_assign(routes, door)
    _register_change(routes, door)
    _register_remove(routes, door)


def _register_assign(routes: Blueprint, door: Door) -> None:
    @routes.post(f"{PATH}/<client_id>/assign")
    @door.button(Right.ASSIGN, back=PATH)
    def assign_application(visit: StaffVisit, client_id: str) -> Response:
        found = _own(door, visit, client_id)
        form = PostedForm(request, ASSIGN)
        try:
            door.broker.access.assignments.assign(
                visit.actor,
                found.file.client_id,
                _holder(form),
                role=form.get("role"),
                ends_at=_end(form),
                reason=form.get("reason").strip(),
            )
        except CommandError as error:
            if error.reason not in ERRORS:
                raise
            return one_page.page(door, visit, client_id, form.values, error)
        return door.go(visit, address(found.row), "assigned")


def _register_change(routes: Blueprint, door: Door) -> None:
    service = door.broker.access.assignments

    @routes.get(f"{PATH}/<client_id>/assignments/<uuid:assignment>/change")
    @door.page(Right.ASSIGN)
    def assignment_change(visit: StaffVisit, client_id: str, assignment: UUID) -> Response:
        found, held = _held(door, visit, client_id, assignment)
        return _changing(door, visit, found, held, {"role": held.role, "until": _day(held.ends_at)})

    @routes.post(f"{PATH}/<client_id>/assignments/<uuid:assignment>/change")
    @door.button(Right.ASSIGN)
    def assignment_changed(visit: StaffVisit, client_id: str, assignment: UUID) -> Response:
        found, held = _held(door, visit, client_id, assignment)
        form = PostedForm(request, CHANGE)
        try:
            # the same day again is no change of an end that lies within it
            ends_at = held.ends_at if form.get("until") == _day(held.ends_at) else _end(form)
            service.change(
                visit.actor,
                found.file.client_id,
                held.id,
                role=form.get("role"),
                ends_at=ends_at,
                reason=form.get("reason").strip(),
            )
        except Invalid as error:
            return _changing(door, visit, found, held, form.values, error)
        return door.go(visit, address(found.row), "changed")


def _register_remove(routes: Blueprint, door: Door) -> None:
    service = door.broker.access.assignments

    @routes.get(f"{PATH}/<client_id>/assignments/<uuid:assignment>/remove")
    @door.page(Right.ASSIGN)
    def assignment_remove(visit: StaffVisit, client_id: str, assignment: UUID) -> Response:
        found, held = _held(door, visit, client_id, assignment)
        return _removing(door, visit, found, held, {})

    @routes.post(f"{PATH}/<client_id>/assignments/<uuid:assignment>/remove")
    @door.button(Right.ASSIGN)
    def assignment_removed(visit: StaffVisit, client_id: str, assignment: UUID) -> Response:
        form = PostedForm(request, ("confirmed", "reason"))
        found, held = _held(door, visit, client_id, assignment)
        if form.get("confirmed") != "yes":
            return _removing(door, visit, found, held, form.values)
        try:
            service.remove(visit.actor, found.file.client_id, held.id, reason=form.get("reason").strip())
        except Invalid as error:
            return _removing(door, visit, found, held, form.values, error)
        return door.go(visit, address(found.row), "removed")


def _own(door: Door, visit: StaffVisit, client_id: str) -> ApplicationPage:
    """An application that the visitor gives people to. Raises NotFound."""
    found = door.broker.applications.staff_view.show(visit.actor, client_id)
    if not found.may_assign:
        raise NotFound(f"there is no application {client_id!r}", "application_unknown")
    return found


def _held(door: Door, visit: StaffVisit, client_id: str, assignment: UUID) -> tuple[ApplicationPage, AssignmentView]:
    """One of its assignments. Raises NotFound."""
    found = _own(door, visit, client_id)
    return found, door.broker.access.assignments.show(visit.actor, found.file.client_id, str(assignment))


def _holder(form: PostedForm) -> str:
    """An address, or the name of a group. Raises NotFound where nothing was written."""
    name = form.get("holder").strip()
    if not name:
        raise NotFound("nobody was named", "holder_unknown")
    return name


def _end(form: PostedForm) -> int | None:
    """The end of the day that was chosen: the day itself still counts whole. Raises Invalid."""
    text = form.get("until").strip()
    chosen = lists.day(text) if text else None
    if text and chosen is None:
        raise Invalid("no day", "assignment_times")
    return None if chosen is None else chosen + DAY


def _day(ends_at: int | None) -> str:
    """The last day of an access, as <input type=date> takes it."""
    return "" if ends_at is None else iso(ends_at - 1)[:10]


def _changing(
    door: Door,
    visit: StaffVisit,
    found: ApplicationPage,
    held: AssignmentView,
    values: dict[str, str],
    error: Invalid | None = None,
) -> Response:
    say, here = door.pages.translator(), door.pages.path(address(found.row))
    action = f"{here}/assignments/{held.id}/change"
    return door.render(
        visit,
        "admin_assignment.html",
        here=PATH,
        keep={} if request.method == "GET" else None,
        shown_at=action,
        status=200 if error is None else 400,
        name=held.name,
        is_group=held.principal is Principal.GROUP,
        application=found.file.name,
        roles=one_page.roles(found.file, say),
        values=values,
        errors=one_page.errors(error, say),
        action=action,
        remove_url=f"{here}/assignments/{held.id}/remove",
        back_url=here,
    )


def _removing(
    door: Door,
    visit: StaffVisit,
    found: ApplicationPage,
    held: AssignmentView,
    values: dict[str, str],
    error: Invalid | None = None,
) -> Response:
    say, here = door.pages.translator(), door.pages.path(address(found.row))
    ends, stays = consequences(found, held, say)
    action = f"{here}/assignments/{held.id}/remove"
    return door.render(
        visit,
        "admin_confirm.html",
        here=PATH,
        keep={} if request.method == "GET" else None,
        shown_at=action,
        status=200 if error is None else 400,
        title=say.gettext(
            _("Remove %(name)s from %(application)s?"), name=isolate(held.name), application=isolate(found.file.name)
        ),
        people=[held.name],
        more=0,
        ends=ends,
        stays=stays,
        button=str(say.gettext(_("Remove"))),
        keep_text=str(say.gettext(_("Keep the assignment"))),
        action=action,
        cancel_url=here,
        back=found.file.name,
        danger=True,
        asks_until=False,
        asks_address=False,
        asks_reason=True,
        hidden=[],
        values=values,
        errors=one_page.errors(error, say),
    )


def consequences(
    found: ApplicationPage, held: AssignmentView, say: Translator
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """What ends and what stays, for the macro `confirm`."""
    group = held.principal is Principal.GROUP
    ends, stays = [], []
    if held.role:
        ends.append((say.gettext(_("The role %(role)s"), role=isolate(held.role)), say.gettext(_("at this application"))))
    if found.file.assignment_required:
        whose = (
            _("The members' sign-ins and tokens at this application")
            if group
            else _("Their sign-ins and tokens at this application")
        )
        ends.append((say.gettext(whose), say.gettext(_("unless another assignment or group lets them in"))))
    else:
        stays.append((say.gettext(_("They can still open it")), say.gettext(_("its file lets every guest in"))))
    whole = (
        _("The group and its members stay, with everything else that they have")
        if group
        else _("They stay, with everything else that they have")
    )
    stays.append((say.gettext(whole), say.gettext(_("you can assign them again"))))
    return [{"text": a, "reason": b} for a, b in ends], [{"text": a, "reason": b} for a, b in stays]
