"""`/admin/requests`: who asks for access; each one is answered on its own page or in the list."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.access_request import RequestState
from broker.domain.errors import BadRequest, Invalid
from broker.domain.times import after_last_moment, last_day
from broker.services.access_requests.views import RequestDetail
from broker.services.authorization import Right
from broker.web import feedback
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.attributes import labelled
from broker.web.i18n import _
from broker.web.panel.question_texts import WRONG
from broker.web.request import single

PATH = "/admin/requests"
SHOWN = 20  # requests on a page
VIEWS = {  # state -> the name of its view
    RequestState.OPEN: _("Open"),
    RequestState.APPROVED: _("Approved"),
    RequestState.REFUSED: _("Refused"),
    RequestState.EXPIRED: _("Expired"),
}
SAID = {
    "approved": _("Approved. The person has an e-mail with the link."),
    "refused": _("Refused. The person has an e-mail with your words."),
}
_FILTERS = {"state": lists.one_of(tuple(state.value for state in VIEWS))}


def register(routes: Blueprint, door: Door) -> None:
    """The list, one request, its answer."""
    cursors, service = lists.Cursors(door.broker.sealer), door.broker.access_requests

    @routes.get(PATH)
    @door.page(Right.SEE_REQUESTS)
    def admin_requests(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, _FILTERS)
        state = RequestState(shown.filters.get("state", RequestState.OPEN.value))
        after = cursors.read(shown)
        before = (int(after[0] or 0), str(after[1])) if after else None
        found = service.listed(visit.actor, state, before=before, limit=SHOWN + 1)
        counts, some = service.counts(visit.actor), found[:SHOWN]
        more = (some[-1].created_at, some[-1].id) if len(found) > SHOWN else None
        return door.render(
            visit,
            "admin_requests.html",
            here=PATH,
            keep=shown.filters,
            state=state.value,
            views=[
                {
                    "name": door.pages.translator().gettext(name),
                    "url": door.pages.path(shown.url(state=one.value if one is not RequestState.OPEN else "")),
                    "current": one is state,
                    "count": str(counts[one]),
                }
                for one, name in VIEWS.items()
            ],
            waiting=counts[RequestState.OPEN],
            requests=some,
            request_url=door.pages.path(PATH),
            next_url=door.pages.path(cursors.next_url(shown, more)) if more else "",
            first_url=door.pages.path(shown.url()) if after else "",
            said=_said(door, visit),
        )

    @routes.get(f"{PATH}/<uuid:asked>")
    @door.page(Right.SEE_REQUESTS)
    def admin_request(visit: StaffVisit, asked: UUID) -> Response:
        return _page(door, visit, service.show(visit.actor, str(asked)), {})

    @routes.post(f"{PATH}/<uuid:asked>")
    @door.button(Right.DECIDE_REQUESTS)
    def answer_request(visit: StaffVisit, asked: UUID) -> Response:
        given = {name: single(request.form, name) for name in ("answer", "until", "words")}
        if given["answer"] not in ("approve", "refuse"):
            raise BadRequest("accept")
        try:
            if given["answer"] == "approve":
                end = after_last_moment(given["until"]) if given["until"] else None
                service.approve(visit.actor, str(asked), until=end, words=given["words"])
            else:
                service.refuse(visit.actor, str(asked), words=given["words"])
        except Invalid as error:
            return _page(door, visit, service.show(visit.actor, str(asked)), given, error.reason)
        return door.go(visit, PATH, "approved" if given["answer"] == "approve" else "refused")


def _page(door: Door, visit: StaffVisit, found: RequestDetail, given: Mapping[str, str], wrong: str = "") -> Response:
    """given: what was filled in; wrong: the reason why it was refused."""
    say, asked = door.pages.translator(), found.view
    wanted = last_day(asked.wanted_until) if asked.wanted_until else ""
    errors = [{"field": WRONG[wrong][0], "message": say.gettext(WRONG[wrong][1])}] if wrong in WRONG else []
    return door.render(
        visit,
        "admin_request.html",
        here=PATH,
        keep=None if wrong else {},
        shown_at=door.pages.path(f"{PATH}/{asked.id}"),
        asked=asked,
        attributes=labelled(asked.attributes, say),
        held=found.held,
        colleagues=found.colleagues,
        is_open=asked.is_open(door.broker.core.clock()),
        may_answer=visit.rights.over_application(Right.DECIDE_REQUESTS, asked.application) and asked.person_id != visit.person.id,
        until=given.get("until", wanted),
        words=given.get("words", ""),
        first_day=last_day(door.broker.core.clock() + 1),
        latest_day=last_day(found.latest) if found.latest else "",
        errors=errors,
        action=door.pages.path(f"{PATH}/{asked.id}"),
        back_url=door.pages.path(PATH),
        status=400 if wrong else 200,
    )


def _said(door: Door, visit: StaffVisit) -> str:
    found = feedback.read(visit.cookie, single(request.args, feedback.FIELD), SAID)
    return door.pages.translator().gettext(found[0]) if found else ""
