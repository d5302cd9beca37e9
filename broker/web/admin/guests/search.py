"""The filters of the list of guests, between the address and the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.guest import GuestState
from broker.domain.times import DAY, iso
from broker.services.guests.staff_view import GuestOrder, GuestSearch
from broker.settings.load import Settings
from broker.web.admin import lists
from broker.web.admin.guests import column_choice
from broker.web.admin.lists import ListState
from broker.web.i18n import Translator, _

PATH = "/admin/guests"
SORT = "sort"
COLUMNS = "columns"
STATES: Mapping[str, str] = {
    GuestState.INVITED.value: _("Invited"),
    GuestState.ACTIVE.value: _("Active"),
    GuestState.BLOCKED.value: _("Blocked"),
    GuestState.EXPIRED.value: _("Ended"),
}
ORDERS: Mapping[GuestOrder, str] = {
    GuestOrder.EMAIL: _("by address"),
    GuestOrder.NAME: _("by name"),
    GuestOrder.ENDS: _("by the day on which access ends"),
    GuestOrder.SEEN: _("by the last sign-in, newest first"),
    GuestOrder.UNSEEN: _("by the last sign-in, oldest first"),
}
FILTERS = {
    "q": lists.is_text,
    "state": lists.one_of(tuple(STATES)),
    "partner": lists.is_text,
    "sponsor": lists.is_text,
    "application": lists.is_text,
    "group": lists.is_text,
    "ends": lists.is_day,
    "seen": lists.is_day,
    "alone": lists.one_of(("yes",)),
    SORT: lists.one_of(tuple(order.value for order in GuestOrder)),
    COLUMNS: column_choice.is_good,
}


_CHIPS = {
    "q": _("Search: %(value)s"),
    "sponsor": _("Sponsor: %(value)s"),
    "group": _("Group: %(value)s"),
    "ends": _("Ends before %(day)s"),
    "seen": _("Not seen since %(day)s"),
    "alone": _("No sponsor"),
}


def read(path: str = PATH) -> ListState:
    """The filters of this request. Raises BadRequest."""
    return lists.state(path, FILTERS)


def search(shown: ListState) -> GuestSearch:
    """What the services are asked for. An end before a day means the day itself is not over yet."""
    f = shown.filters
    return GuestSearch(
        text=f.get("q", ""),
        state=GuestState(f["state"]) if "state" in f else None,
        partner=f.get("partner"),
        sponsor=f.get("sponsor", "").lower() or None,
        application=f.get("application"),
        group=f.get("group"),
        ends_before=lists.day(f["ends"]) if "ends" in f else None,
        seen_before=lists.day(f["seen"]) if "seen" in f else None,
        without_sponsor="alone" in f,
    )


def order(shown: ListState) -> GuestOrder:
    """The order that the address names, else the one that its filter suggests."""
    if SORT in shown.filters:
        return GuestOrder(shown.filters[SORT])
    return GuestOrder.ENDS if "ends" in shown.filters else GuestOrder.UNSEEN if "seen" in shown.filters else GuestOrder.EMAIL


def views(now: int, idle: int) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Name -> (text, filters): named addresses of the searches that `StaffGuests.views` counts."""
    return {
        "all": (_("All"), {}),
        "invited": (_("Invited"), {"state": GuestState.INVITED.value}),
        "ending": (_("Ends within 14 days"), {"state": GuestState.ACTIVE.value, "ends": _day(now + 14 * DAY)}),
        "no_sponsor": (_("No sponsor"), {"alone": "yes"}),
        "unseen": (_("Not seen for a long time"), {"state": GuestState.ACTIVE.value, "seen": _day(now - idle)}),
    }


def chips(shown: ListState, say: Translator, settings: Settings, base: str) -> list[dict[str, str]]:
    """The filters that are on, each with the address without it."""
    found = []
    for name, value in shown.filters.items():
        text = _chip(name, value, say, settings)
        if text:
            found.append({"text": text, "url": base + shown.url(name)})
    return found


def _chip(name: str, value: str, say: Translator, settings: Settings) -> str:
    partner, application = settings.partners.get(value), settings.applications.get(value)
    if name == "partner":
        return partner.name if partner else value
    if name == "application":
        return application.name if application else value
    if name == "state":
        return str(say.gettext(STATES[value]))
    if name not in _CHIPS:
        return ""
    day = say.date(lists.day(value) or 0) if name in ("ends", "seen") else ""
    return str(say.gettext(_CHIPS[name], value=value, day=day))


def _day(at: int) -> str:
    return iso(at)[:10]


def filter_choices(settings: Settings, say: Translator) -> dict[str, Any]:
    """What the selects of the filters offer."""
    return {
        "states": [("", say.gettext(_("Any"))), *((value, say.gettext(text)) for value, text in STATES.items())],
        "partners": [("", say.gettext(_("Any"))), *((one.id, one.name) for one in settings.partners.values() if not one.members)],
        "applications": [("", say.gettext(_("Any"))), *((one.client_id, one.name) for one in settings.applications.values())],
    }
