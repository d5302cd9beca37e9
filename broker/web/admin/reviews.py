"""`/admin/reviews`: who keeps access. Everybody of the staff may be asked, so the use case decides who sees what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, Invalid
from broker.domain.group import is_uuid
from broker.domain.review import Asked, Verdict
from broker.domain.text import cell
from broker.domain.times import DAY, after_last_moment, iso, last_day
from broker.services.authorization import Right
from broker.services.reviews.views import ReviewItemView, ReviewPage
from broker.web import feedback, headers
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.i18n import _
from broker.web.request import single

PATH = "/admin/reviews"
SHOWN = 25  # rows on a page
SOON = 14 * DAY  # seconds: the due date that the form suggests
SAID = {
    "started": _("The review has started. Its reviewers get an e-mail."),
    "decided": _("Decisions recorded: %(count)s. They take effect at the due date, and can change until then."),
    "reminded": _("Reviewers with open decisions get another e-mail."),
}
_VIEWS = {"mine": _("Yours"), "open": _("Open"), "all": _("All")}
_WRONG = {
    "due_invalid": _("Choose a day from tomorrow on, within a year."),
    "date": _("Write the day as year, month and day, such as 2027-01-31."),
}


def register(routes: Blueprint, door: Door) -> None:
    """The list, a new one, one review with its decisions."""
    cursors, service = lists.Cursors(door.broker.sealer), door.broker.reviews.campaigns

    @routes.get(PATH)
    @door.page(None)
    def admin_reviews(visit: StaffVisit) -> Response:
        return _list(door, visit, cursors)

    @routes.post(PATH)
    @door.button(Right.HOLD_REVIEWS)
    def start_review(visit: StaffVisit) -> Response:
        given = {name: single(request.form, name) for name in ("application", "due", "asks")}
        if given["asks"] not in list(Asked):
            raise BadRequest("accept")
        try:
            due = after_last_moment(given["due"])
            made = service.start(visit.actor, given["application"] or None, due_at=due, asks=Asked(given["asks"]))
        except Invalid as error:
            return _list(door, visit, cursors, given, error.reason)
        return door.go(visit, f"{PATH}/{made.id}", "started")

    @routes.get(f"{PATH}/<uuid:review>")
    @door.page(None)
    def admin_review(visit: StaffVisit, review: UUID) -> Response:
        shown = lists.state(f"{PATH}/{review}", {"view": lists.one_of(tuple(_VIEWS))})
        after = cursors.read(shown)
        view = shown.filters.get("view", "")
        page = service.show(
            visit.actor,
            str(review),
            mine=view == "mine",
            open_only=view == "open",
            after=str(after[0]) if after else "",
            limit=SHOWN,
        )
        return _page(door, visit, shown, page, cursors.next_url(shown, (page.following,)) if page.following else "", bool(after))

    @routes.post(f"{PATH}/<uuid:review>")
    @door.button(None)
    def decide_review(visit: StaffVisit, review: UUID) -> Response:
        scope, every = single(request.form, "scope"), single(request.form, "every")
        if scope in ("all", "mine") and every in list(Verdict):
            done = service.decide_all(visit.actor, str(review), Verdict(every), mine=scope == "mine")
        else:
            done = service.decide(visit.actor, str(review), _verdicts())
        return door.go(visit, f"{PATH}/{review}", "decided", done)

    _register_ends(routes, door)


def _register_ends(routes: Blueprint, door: Door) -> None:
    """The reminder and the export."""
    service = door.broker.reviews.campaigns

    @routes.post(f"{PATH}/<uuid:review>/remind")
    @door.button(Right.HOLD_REVIEWS)
    def remind_reviewers(visit: StaffVisit, review: UUID) -> Response:
        service.remind(visit.actor, str(review))
        return door.go(visit, f"{PATH}/{review}", "reminded")

    @routes.get(f"{PATH}/<uuid:review>/export")
    @door.page(None)
    def export_review(visit: StaffVisit, review: UUID) -> Response:
        service.show(visit.actor, str(review), limit=1)  # who may not see it gets 404 before the first line is sent
        rows = service.export(visit.actor, str(review))
        response = headers.private(Response(_lines(rows), mimetype="text/csv"))
        response.headers["Content-Disposition"] = f'attachment; filename="review-{review}.csv"'
        return response


def _verdicts() -> dict[str, Verdict]:
    """`verdict-ID` of the form; at most a page of them."""
    found = {}
    for name in request.form:
        if name.startswith("verdict-") and is_uuid(name.removeprefix("verdict-")):
            said = single(request.form, name)
            if said not in list(Verdict):
                raise BadRequest("accept")
            found[name.removeprefix("verdict-")] = Verdict(said)
    if len(found) > SHOWN:
        raise BadRequest("accept")
    return found


def _list(
    door: Door, visit: StaffVisit, cursors: lists.Cursors, given: Mapping[str, str] | None = None, wrong: str = ""
) -> Response:
    """given: what was filled in for a new review; wrong: the reason why it was refused."""
    shown = lists.state(PATH, {}) if not wrong else lists.ListState(PATH, {})
    after = cursors.read(shown) if not wrong else None
    before = (int(after[0] or 0), str(after[1])) if after else None
    found = door.broker.reviews.campaigns.listed(visit.actor, before=before, limit=SHOWN + 1)
    some, now, say = found[:SHOWN], door.broker.core.clock(), door.pages.translator()
    files = door.broker.core.settings().applications.values()
    mine = [one for one in files if visit.rights.over_application(Right.HOLD_REVIEWS, one.client_id)]
    more = (some[-1].created_at, some[-1].id) if len(found) > SHOWN else None
    return door.render(
        visit,
        "admin_reviews.html",
        here=PATH,
        keep=None if wrong else {},
        shown_at=door.pages.path(PATH),
        reviews=some,
        running=sum(one.is_open(now) for one in some),
        may_start=bool(mine),
        may_start_all=visit.rights.may_everywhere(Right.HOLD_REVIEWS),
        applications=sorted((one.name, one.client_id) for one in mine),
        form={"application": "", "due": last_day(now + SOON), "asks": Asked.SPONSORS.value, **(given or {})},
        errors=[{"field": "due", "message": say.gettext(_WRONG[wrong])}] if wrong in _WRONG else [],
        action=door.pages.path(PATH),
        next_url=door.pages.path(cursors.next_url(shown, more)) if more else "",
        first_url=door.pages.path(PATH) if after else "",
        said="",
        status=400 if wrong else 200,
    )


def _page(door: Door, visit: StaffVisit, shown: lists.ListState, page: ReviewPage, next_url: str, is_later: bool) -> Response:
    say, now, review = door.pages.translator(), door.broker.core.clock(), page.review
    view = shown.filters.get("view", "all")
    counts = {"mine": page.own, "open": review.undecided, "all": review.total}
    names = {one.client_id: one.name for one in door.broker.core.settings().applications.values()}
    said = feedback.read(visit.cookie, single(request.args, feedback.FIELD), SAID)
    return door.render(
        visit,
        "admin_review.html",
        here=PATH,
        keep=shown.filters,
        review=review,
        items=page.items,
        names=names,
        views=[
            {
                "name": say.gettext(name),
                "url": door.pages.path(shown.url(view=one if one != "all" else "")),
                "current": one == view,
                "count": str(counts[one]),
            }
            for one, name in _VIEWS.items()
            if one != "mine" or page.own
        ],
        now=now,
        own=page.own,
        reviewers=page.reviewers,
        is_open=review.is_open(now),
        may_decide_all=page.may_decide_all,
        me=visit.person.email,
        action=door.pages.path(shown.path),
        export_url=door.pages.path(f"{shown.path}/export"),
        remind_url=door.pages.path(f"{shown.path}/remind"),
        back_url=door.pages.path(PATH),
        next_url=door.pages.path(next_url) if next_url else "",
        first_url=door.pages.path(shown.url()) if is_later else "",
        said=say.gettext(said[0], count=str(said[1]))
        if said and "%(count)s" in said[0]
        else say.gettext(said[0])
        if said
        else "",
    )


_COLUMNS = ("email", "name", "partner", "sponsor", "application", "role", "group", "since", "last_used", "reviewer", "verdict", "decided_at", "decided_by", "outcome")  # fmt: skip


def _lines(rows: Iterator[ReviewItemView]) -> Iterator[str]:
    """CSV, a row at a time."""
    yield _line(_COLUMNS)
    for one in rows:
        values = [getattr(one, name) for name in _COLUMNS]
        yield _line([iso(value) if isinstance(value, int) else cell(value) for value in values])


def _line(values: list[str] | tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()
