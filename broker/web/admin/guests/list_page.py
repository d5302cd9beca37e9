"""`/admin/guests`: the list. Its address is its state: filters, order and place."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from broker.services.authorization import Right
from broker.services.guests.directory import INACTIVE
from broker.services.guests.staff_view import CAP, GuestOrder, usual_searches
from broker.services.guests.views import GuestRow
from broker.web import feedback
from broker.web.admin import jobs
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.guests import bulk, columns, many, search
from broker.web.admin.guests.column_choice import COLUMNS, Column, joined
from broker.web.admin.guests.search import PATH
from broker.web.admin.guests.texts import SAID, state_of
from broker.web.admin.lists import Cursors, ListState
from broker.web.i18n import Translator, _

PAGE = 25  # rows
_NAME = Column(_("Name"), GuestOrder.NAME, "ascending", ())


def register(routes: Blueprint, door: Door) -> None:
    """The list."""
    broker, cursors = door.broker, Cursors(door.broker.sealer)

    @routes.get(PATH)
    @door.page(Right.SEE_GUESTS)
    def admin_guests(visit: StaffVisit) -> Response:
        shown = search.read()
        chosen = columns.chosen(door, shown)
        now, settings, service = broker.core.clock(), broker.core.settings(), broker.guests.staff_view
        order = search.order(shown)
        idle = settings.broker.guests.inactive or INACTIVE
        after = cursors.read(shown)
        page = service.listed(
            visit.actor, search.search(shown), order, views=usual_searches(now, idle), after=_key(after), limit=PAGE
        )
        say, base = door.pages.translator(), door.pages.path("")
        next_url = cursors.next_url(shown, page.next_key)
        views = [
            {
                "name": say.gettext(text),
                "url": base + ListState(PATH, filters).url(),
                "current": {name: value for name, value in shown.filters.items() if name != search.COLUMNS} == dict(filters),
                "count": capped(say, page.counts[name]),
            }
            for name, (text, filters) in search.views(now, idle).items()
        ]
        said = feedback.read(visit.cookie, request.args.get(feedback.FIELD, ""), SAID)
        return door.render(
            visit,
            "admin_guests.html",
            here=PATH,
            keep={**shown.filters},
            said=say.gettext(said[0], num=say.number(said[1])) if said else "",
            rows=[row(one, say, door) for one in page.rows],
            **_columns(say, base, shown, order, chosen),
            views=views,
            q=shown.filters.get("q", ""),
            filters=dict(shown.filters),
            chips=search.chips(shown, say, settings, base),
            clear_url=base + PATH,
            list_url=base + PATH,
            here_count=capped(say, page.counts["here"]),
            all_count=page.counts["all"],
            order=say.gettext(search.ORDERS[order]),
            next_url=base + next_url if next_url else "",
            first_url=base + shown.url() if after is not None else "",
            export_url=base + ListState(f"{PATH}/export", {**shown.filters, search.COLUMNS: joined(chosen)}).url()
            if visit.rights.may(Right.EXPORT_GUESTS)
            else "",
            add_url=base + f"{PATH}/new" if visit.rights.may(Right.INVITE) else "",
            import_url=base + many.PATH if visit.rights.may(Right.INVITE) else "",
            jobs_url=base + jobs.PATH,
            bulk_url=base + ListState(bulk.PATH, shown.filters).url(),
            bulk_acts=[(act.kind.value, say.gettext(act.link)) for act in bulk.offered(visit)],
            **search.filter_choices(settings, say),
        )


def row(one: GuestRow, say: Translator, door: Door) -> dict[str, Any]:
    """A line of the list."""
    settings, now = door.broker.core.settings(), door.broker.core.clock()
    partner = settings.partners.get(one.partner or "")
    kind, word = state_of(one, now)
    return {
        "id": one.id,
        "name": one.name or one.email,
        "email": one.email,
        "url": door.pages.path(f"{PATH}/{one.id}"),
        "state": kind,
        "word": say.gettext(word),
        "home": partner.name if partner else say.gettext(_("Code by mail")) if one.partner else "",
        "sponsor": one.sponsor or "",
        "ends": one.expires_at or 0,
        "seen": one.last_sign_in or 0,
        "added": one.created_at,
    }


def capped(say: Translator, count: int) -> str:
    """A count as it is shown: counting stops at 10,000."""
    return say.number(count) if count <= CAP else str(say.gettext(_("more than %(num)s"), num=say.number(CAP)))


def _key(after: tuple[str | int | None, ...] | None) -> tuple[str | int | None, str] | None:
    return None if after is None else (after[0], str(after[1]))


def _columns(say: Translator, base: str, shown: ListState, order: GuestOrder, chosen: tuple[str, ...]) -> dict[str, Any]:
    return {
        "columns": [_column(say, base, shown, order, one) for one in (_NAME, *(COLUMNS[name] for name in chosen))],
        "chosen": chosen,
        "column_choices": [(name, say.gettext(one.name)) for name, one in COLUMNS.items()],
        "columns_url": base + ListState(columns.PATH, shown.filters).url(),
        "kept": [(search.COLUMNS, shown.filters[search.COLUMNS])] if search.COLUMNS in shown.filters else [],
    }


def _column(say: Translator, base: str, shown: ListState, order: GuestOrder, column: Column) -> dict[str, Any]:
    url = base + shown.url(sort=column.sort.value) if column.sort is not None else ""
    return {"name": say.gettext(column.name), "url": url, "sort": column.direction if column.sort is order else "", "end": False}
