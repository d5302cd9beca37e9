"""`/admin/applications`: the list. Its address is its state: filters and place."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup

from broker.domain.ids import file_id
from broker.services.applications.staff_view import ApplicationRow, ApplicationSearch
from broker.services.authorization import Right
from broker.services.doctor import advice
from broker.web.admin import lists
from broker.web.admin.applications.texts import FAULTS, NOT_USED, PATH
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.lists import Cursors, ListState
from broker.web.i18n import Translator, _

PAGE = 50  # rows
OPENS = {"assigned": _("Only people who are assigned"), "everyone": _("Every guest")}
_FILTERS = {"q": lists.is_text, "opens": lists.one_of(tuple(OPENS)), "owner": lists.is_text}


def register(routes: Blueprint, door: Door) -> None:
    """The list."""
    cursors = Cursors(door.broker.sealer)

    @routes.get(PATH)
    @door.page(Right.SEE_APPLICATIONS)
    def admin_applications(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, _FILTERS)
        key = cursors.read(shown)
        after = (str(key[0]), str(key[1])) if key is not None else None
        wanted = ApplicationSearch(
            text=shown.filters.get("q", ""), opens=shown.filters.get("opens", ""), owner=shown.filters.get("owner", "")
        )
        found = door.broker.applications.staff_view.listed(visit.actor, wanted, after=after, limit=PAGE)
        say, next_url = door.pages.translator(), cursors.next_url(shown, found.next_key)
        return door.render(
            visit,
            "admin_applications.html",
            here=PATH,
            keep=dict(shown.filters),
            rows=[row(one, say, door, visit) for one in found.rows],
            now=door.broker.core.clock(),
            total=found.total,
            all_count=found.all,
            filters=dict(shown.filters),
            chips=_chips(shown, say, door),
            opens=[("", say.gettext(_("Any"))), *((value, say.gettext(text)) for value, text in OPENS.items())],
            list_url=door.pages.path(PATH),
            next_url=door.pages.path(next_url) if next_url else "",
            first_url=door.pages.path(shown.url()) if request.args.get(lists.AFTER) else "",
            new_url=door.pages.path(f"{PATH}/new") if visit.rights.may_everywhere(Right.KEEP_APPLICATIONS) else "",
        )


def address(one: ApplicationRow) -> str:
    """The path of one application; the form of a new one has the word `new`."""
    return f"{PATH}/{one.id if one.client_id == 'new' else one.client_id}"


def link(door: Door, visit: StaffVisit, client_id: str) -> str:
    """The page of an application for those who may see it; "" for everybody else, and for one that the files have no more."""
    settings = door.broker.core.settings()
    if client_id not in settings.applications or not visit.rights.over_application(Right.SEE_APPLICATIONS, client_id):
        return ""
    name = file_id(settings.issuer, "application", client_id) if client_id == "new" else client_id
    return door.pages.path(f"{PATH}/{name}")


def row(one: ApplicationRow, say: Translator, door: Door, visit: StaffVisit) -> dict[str, Any]:
    """One application for the templates. The reason of a refusal is in doctor's words, which are English everywhere."""
    unused = not one.fault and one.last_sign_in is None and one.last_refusal is None
    kind, word = NOT_USED if unused else FAULTS[one.fault]
    opens = OPENS["assigned"] if one.assignment_required else OPENS["everyone"]
    refusal, sees = one.last_refusal, visit.rights.over_application(Right.SEE_SIGN_INS, one.client_id)
    return {
        "id": one.client_id,
        "name": one.name,
        "url": door.pages.path(address(one)),
        "logo": door.pages.assets.application_logo(one.client_id),
        "file": one.file,
        "owners": one.owners,
        "opens": say.gettext(opens),
        "assignment_required": one.assignment_required,
        "people": say.gettext(_("more than %(num)s"), num=say.number(one.people)) if one.more else say.number(one.people),
        "guests": _guests(one, say),
        "kind": kind,
        "health": say.gettext(word),
        "fault": bool(one.fault),
        "last_sign_in": one.last_sign_in,
        "refused_at": refusal.at if refusal else None,
        "reason": refusal.reason if refusal else "",
        "advice": advice.of(refusal.reason).change if refusal else "",
        "refusal_url": door.pages.path(f"/admin/sign-ins/{refusal.reference}") if refusal and sees else "",
    }


def _guests(one: ApplicationRow, say: Translator) -> Markup:
    """How many may open it, as a sentence."""
    if one.more:
        return say.gettext(_("more than %(num)s guests may open it"), num=say.number(one.people))
    return say.ngettext("%(num)s guest may open it", "%(num)s guests may open it", one.people)


def _chips(shown: ListState, say: Translator, door: Door) -> list[dict[str, Any]]:
    texts = {"q": _("Search: %(value)s"), "owner": _("Owner: %(value)s")}
    return [
        {
            "text": say.gettext(texts[name], value=value) if name in texts else say.gettext(OPENS[value]),
            "url": door.pages.path(shown.url(name)),
        }
        for name, value in shown.filters.items()
    ]
