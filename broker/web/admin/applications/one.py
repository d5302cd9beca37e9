"""`/admin/applications/ID`: one application: health, what its file says in words, and the people and groups assigned to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.domain.errors import CommandError
from broker.domain.guest import PersonKind
from broker.services.access.views import AssignmentView
from broker.services.applications.staff_view import ApplicationPage, AssignedPerson
from broker.services.authorization import Right
from broker.settings.application_file import ApplicationFile
from broker.web import feedback
from broker.web.admin import lists
from broker.web.admin.applications.file_words import facts
from broker.web.admin.applications.list_page import address, row
from broker.web.admin.applications.texts import ERRORS, PATH, SAID, STATUS
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.lists import Cursors, ListState
from broker.web.admin.partners import steps
from broker.web.i18n import Translator, _
from broker.web.request import single

PAGE = 50  # people
FIND = "q"
ACTORS = {"command": _("the command line"), "system": _("the broker"), "application": _("a program"), "person": _("a colleague")}


def register(routes: Blueprint, door: Door) -> None:
    """The page."""

    @routes.get(f"{PATH}/<client_id>")
    @door.page(Right.SEE_APPLICATIONS)
    def admin_application(visit: StaffVisit, client_id: str) -> Response:
        return page(door, visit, client_id)


def page(
    door: Door,
    visit: StaffVisit,
    client_id: str,
    given: Mapping[str, str] | None = None,
    error: CommandError | None = None,
) -> Response:
    """given: what was filled in to assign somebody; error: why it was refused."""
    view, say = door.broker.applications.staff_view, door.pages.translator()
    found = view.show(visit.actor, client_id)
    name, path = found.file.client_id, address(found.row)
    shown = lists.state(path, {FIND: lists.is_text}) if error is None else ListState(path, {})
    cursors = Cursors(door.broker.sealer)
    after = cursors.read(shown) if error is None else None
    people = view.people(
        visit.actor, name, email=shown.filters.get(FIND, ""), after=str(after[0]) if after else "", limit=PAGE + 1
    )
    some = people[:PAGE]
    following = (some[-1].assignment.id,) if len(people) > PAGE else None
    next_url = cursors.next_url(shown, following)
    here = door.pages.path(path)
    return door.render(
        visit,
        "admin_application.html",
        here=PATH,
        keep=dict(shown.filters) if error is None else None,
        shown_at=here,
        status=200 if error is None else 400,
        application=row(found.row, say, door, visit),
        now=door.broker.core.clock(),
        facts=facts(found.file, found.tokens, found.policies, say),
        steps=steps(door.broker.doctor.application_for(visit.actor, name).findings),
        people=[_person(one, say, door, visit) for one in some],
        groups=[] if after or shown.filters else [_group(one, say, door, visit) for one in found.groups],
        q=shown.filters.get(FIND, ""),
        may_assign=found.may_assign,
        roles=roles(found.file, say),
        form={"holder": "", "role": "", "until": "", "reason": "", **(given or {})},
        errors=errors(error, say),
        path=here,
        back_url=door.pages.path(PATH),
        next_url=door.pages.path(next_url) if next_url else "",
        first_url=here if after else "",
        said=_said(visit, say),
        **_ways(door, visit, found),
    )


def roles(file: ApplicationFile, say: Translator) -> list[tuple[str, str]]:
    """The choices of a role."""
    return [("", str(say.gettext(_("No role")))), *((role, role) for role in file.roles)]


def errors(error: CommandError | None, say: Translator) -> list[dict[str, str]]:
    """The error of a form that gives or changes an assignment."""
    if error is None:
        return []
    field, text = ERRORS[error.reason]
    return [{"field": field, "message": str(say.gettext(text))}]


def _ways(door: Door, visit: StaffVisit, found: ApplicationPage) -> dict[str, str]:
    """Where this person goes on from here; "" for what they may not do."""
    name, rights = found.file.client_id, visit.rights
    query = urlencode({"application": name})
    return {
        "add_url": door.pages.path(f"/admin/guests/new?{query}") if rights.over_application(Right.INVITE, name) else "",
        "guests_url": door.pages.path(f"/admin/guests?{query}") if rights.over_application(Right.SEE_GUESTS, name) else "",
        "sign_ins_url": door.pages.path(f"/admin/sign-ins?{query}") if rights.over_application(Right.SEE_SIGN_INS, name) else "",
    }


def _person(one: AssignedPerson, say: Translator, door: Door, visit: StaffVisit) -> dict[str, Any]:
    """A line of the people. A person without access any more has it nowhere, whatever the assignment says."""
    is_guest = one.kind is PersonKind.GUEST
    kind, word = STATUS[one.assignment.status]
    if one.assignment.status == "active" and not one.has_access:
        kind, word = "stopped", _("Their access here has ended")
    sees = visit.rights.over_application(Right.SEE_GUESTS, one.assignment.application)
    return {
        **_line(one.assignment, say),
        "name": one.name or one.assignment.name,
        "email": one.assignment.name,
        "url": door.pages.path(f"/admin/guests/{one.assignment.principal_id}") if is_guest and sees else "",
        "kind": kind,
        "word": say.gettext(word),
        "by": say.gettext(ACTORS[one.given_by]) if one.given_by in ACTORS else one.given_by,
        "used": one.last_used,
    }


def _group(one: AssignmentView, say: Translator, door: Door, visit: StaffVisit) -> dict[str, Any]:
    sees = visit.rights.over_group(Right.SEE_GROUPS, one.principal_id)
    return {
        **_line(one, say),
        "name": one.name,
        "url": door.pages.path(f"/admin/groups/{one.principal_id}") if sees else "",
    }


def _line(one: AssignmentView, say: Translator) -> dict[str, Any]:
    kind, word = STATUS[one.status]
    return {
        "id": one.id,
        "role": one.role,
        "since": one.starts_at,
        "until": one.ends_at or 0,
        "kind": kind,
        "word": say.gettext(word),
    }


def _said(visit: StaffVisit, say: Translator) -> str:
    found = feedback.read(visit.cookie, single(request.args, feedback.FIELD), SAID)
    return str(say.gettext(found[0])) if found else ""
