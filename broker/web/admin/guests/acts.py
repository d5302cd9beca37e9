"""Acts on one guest: each has a page that says what will end, and a button that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.errors import Conflict, Invalid
from broker.domain.times import DAY
from broker.services.guests.views import GuestRow
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.guests import search
from broker.web.admin.guests.act_errors import OTHER, SHARED
from broker.web.admin.guests.acts_table import ACTS, GuestAct
from broker.web.i18n import _

ERRORS = {
    **SHARED,
    "reason_names": ("reason", _("The reason stays in the audit after the deletion, so it must not name the guest.")),
    "typed": ("email", _("Type the address of the guest exactly as it stands above.")),
}


def register(routes: Blueprint, door: Door) -> None:
    """A page and a button for each act."""
    for act in ACTS.values():
        path, endpoint = f"{search.PATH}/<uuid:guest>/{act.name}", act.name.replace("-", "_")
        asked, done = _asked(door, act), _done(door, act)
        routes.get(path, endpoint=f"guest_{endpoint}")(door.page(act.right, proof=act.proof)(asked))
        routes.post(path, endpoint=f"guest_{endpoint}_done")(door.button(act.right, proof=act.proof)(done))


def _asked(door: Door, act: GuestAct) -> Callable[[StaffVisit, UUID], Response]:
    def asked(visit: StaffVisit, guest: UUID) -> Response:
        found = door.broker.guests.staff_view.show(visit.actor, str(guest))
        if act.right not in found.acts or not act.when(found):
            return door.go(visit, f"{search.PATH}/{guest}", "not_done")
        return _page(door, visit, act, found.guest.person, {}, ())

    return asked


def _done(door: Door, act: GuestAct) -> Callable[[StaffVisit, UUID], Response]:
    def done(visit: StaffVisit, guest: UUID) -> Response:
        form = PostedForm(request, ("confirmed", "reason", "until", "email"))
        person = door.broker.guests.staff_view.show(visit.actor, str(guest)).guest.person
        try:
            if form.get("confirmed") != "yes":
                return _page(door, visit, act, person, form.values, ())
            if act.typed and form.get("email").strip().lower() != person.email:
                raise Invalid("another address", "typed")
            act.do(door.broker, visit.actor, str(guest), form.get("reason").strip(), _end(act, form))
        except Invalid as error:
            say = door.pages.translator()
            field, text = ERRORS.get(error.reason, OTHER)
            return _page(door, visit, act, person, form.values, [{"field": field, "message": str(say.gettext(text))}])
        except Conflict:
            return door.go(visit, f"{search.PATH}/{guest}", "not_done")
        gone = act.name == "delete"
        return door.go(visit, search.PATH if gone else f"{search.PATH}/{guest}", act.done)

    return done


def _end(act: GuestAct, form: PostedForm) -> int | None:
    """The end of the day that was chosen: the day itself still counts whole. Raises Invalid."""
    if not act.until:
        return None
    text = form.get("until")
    chosen = lists.day(text) if text else None
    if text and chosen is None:
        raise Invalid("no day", "until_invalid")
    return chosen + DAY if chosen is not None else None


def _page(
    door: Door,
    visit: StaffVisit,
    act: GuestAct,
    person: GuestRow,
    values: dict[str, str],
    errors: Sequence[dict[str, str]],
) -> Response:
    say = door.pages.translator()
    return door.render(
        visit,
        "admin_confirm.html",
        status=400 if errors else 200,
        here=search.PATH,
        keep={} if request.method == "GET" else None,
        title=str(say.gettext(act.title, name=person.name or person.email)),
        people=[person.email],
        more=0,
        ends=[{"text": say.gettext(text), "reason": say.gettext(reason) if reason else ""} for text, reason in act.ends],
        stays=[{"text": say.gettext(text), "reason": say.gettext(reason) if reason else ""} for text, reason in act.stays],
        button=str(say.gettext(act.button)),
        keep_text=str(say.gettext(act.keep)),
        action=door.pages.path(f"{search.PATH}/{person.id}/{act.name}"),
        cancel_url=door.pages.path(f"{search.PATH}/{person.id}"),
        back=person.name or person.email,
        danger=act.proof,
        asks_until=act.until,
        asks_address=act.typed,
        asks_reason=act.name != "resend",
        hidden=[],
        values=values,
        errors=list(errors),
    )
