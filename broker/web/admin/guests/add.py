"""`/admin/guests/new`: adds one guest. A button of its own shows the mail as it will be; nothing leaves by that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from broker.domain.errors import CommandError, Forbidden, NotFound
from broker.domain.mail import Written
from broker.domain.times import DAY
from broker.services.authorization import Right, Rights
from broker.services.invitations.additions import AddedGuest, GuestAddition
from broker.services.invitations.request import InvitationRequest
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.guests import search
from broker.web.i18n import _
from broker.web.mails import Mails
from broker.web.request import single

if TYPE_CHECKING:
    from broker.app import Broker

PATH = f"{search.PATH}/new"
FIELDS = ("email", "name", "message", "language", "application", "group", "role", "until", "sponsor")
ERRORS = {  # reason -> the field, and what to do
    "address_invalid": ("email", _("This is no e-mail address. Write it as name@organization.example.")),
    "is_member": ("email", _("This address belongs to your own staff: they sign in as members and are not invited.")),
    "domain_denied": ("email", _("Addresses of this organization may not be invited. The file broker.yaml says so.")),
    "guest_blocked": ("email", _("This guest is blocked. Unblock them first.")),
    "name_invalid": ("name", _("Write the name on one line of at most 256 characters.")),
    "message_invalid": ("message", _("Write at most 4,000 characters.")),
    "language_unknown": ("language", _("Choose one of the languages.")),
    "application_unknown": ("application", _("Choose one of the applications.")),
    "not_an_owner": ("application", _("You may not invite to this. Choose what you own.")),
    "role_unknown": ("role", _("This application has no such role that you may give.")),
    "group_unknown": ("group", _("There is no group of this name that you may fill.")),
    "group_is_dynamic": ("group", _("A rule alone says who is in this group. Choose another one.")),
    "until_invalid": ("until", _("This day lies in the past. Choose a day from today on.")),
    "quota_reached": ("email", _("You have invited as many people as is allowed in a day. Go on tomorrow.")),
}
_OTHER = ("email", _("This is not possible. Look at what you entered."))


def register(routes: Blueprint, door: Door) -> None:
    """The form, and what it sends."""
    broker = door.broker

    @routes.get(PATH)
    @door.page(Right.INVITE)
    def admin_guest_new(visit: StaffVisit) -> Response:
        given = lists.state(PATH, dict.fromkeys(("application", "group", "email"), lists.is_text))
        return _page(door, visit, dict(given.filters), ())

    @routes.post(PATH)
    @door.button(Right.INVITE)
    def add_guest(visit: StaffVisit) -> Response:
        form = PostedForm(request, (*FIELDS, "preview"))
        wish, errors = _wish(form), []
        written: Written | None = None
        try:
            if _bad_day(form):
                errors = [ERRORS["until_invalid"]]
            elif form.get("preview"):
                written = Mails(broker.core.settings).write(broker.invitations.additions.preview(visit.actor, wish).mail)
            else:
                added = broker.invitations.additions.add(visit.actor, wish)
                return door.go(visit, _after(visit.rights, added), "invited" if added.invited else "added")
        except CommandError as error:
            errors = [_error(error)]
        say = door.pages.translator()
        told = [{"field": field, "message": str(say.gettext(text))} for field, text in errors]
        return _page(door, visit, form.values, told, written)


def _after(rights: Rights, added: AddedGuest) -> str:
    """Their page, where the visitor may see it."""
    return f"{search.PATH}/{added.guest_id}" if rights.may(Right.SEE_GUESTS) else search.PATH


def _error(error: CommandError) -> tuple[str, str]:
    if error.reason not in ERRORS and isinstance(error, Forbidden | NotFound):
        return ERRORS["not_an_owner"]
    return ERRORS.get(error.reason, _OTHER)


def _bad_day(form: PostedForm) -> bool:
    return bool(form.get("until")) and lists.day(form.get("until")) is None


def _wish(form: PostedForm) -> GuestAddition:
    """What the form asks for; an empty field is none. The last day of the access counts whole."""
    day = lists.day(form.get("until"))
    return GuestAddition(
        invitation=InvitationRequest(
            email=form.get("email"),
            name=form.get("name"),
            message=form.get("message").replace("\r\n", "\n").strip(),
            language=form.get("language") or None,
            application=form.get("application") or None,
            sponsor=form.get("sponsor").strip() or None,
            until=day + DAY if day is not None else None,
            mail=True,
        ),
        role=form.get("role").strip(),
        group=form.get("group").strip() or None,
    )


def _page(
    door: Door,
    visit: StaffVisit,
    values: dict[str, str],
    errors: Sequence[dict[str, str]],
    written: Written | None = None,
) -> Response:
    return door.render(
        visit,
        "admin_guest_new.html",
        status=400 if errors else 200,
        here=search.PATH,
        keep={name: single(request.args, name) for name in request.args if name != "lang"} if request.method == "GET" else None,
        values={"language": door.broker.core.settings().broker.languages[0], "sponsor": visit.person.email, **_kept(values)},
        errors=list(errors),
        preview={"subject": written.subject, "text": written.text} if written else None,
        action=door.pages.path(PATH),
        list_url=door.pages.path(search.PATH),
        **_choices(door.broker, door, visit.rights),
    )


def _kept(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in FIELDS and (value or name == "sponsor")}


def _choices(broker: Broker, door: Door, rights: Rights) -> dict[str, Any]:
    """What this visitor may give."""
    settings, say = broker.core.settings(), door.pages.translator()
    files = [one for one in settings.applications.values() if rights.over_application(Right.INVITE, one.client_id)]
    roles = sorted({role for one in files for role in one.roles if rights.over_application(Right.ASSIGN, one.client_id)})
    nothing = say.gettext(_("Nothing yet"))
    names = door.pages.languages.own_names(settings.broker.languages)
    return {
        "applications": [
            ("", nothing),
            *((one.client_id, one.name) for one in sorted(files, key=lambda one: one.name.casefold())),
        ],
        "roles": [("", say.gettext(_("No role"))), *((role, role) for role in roles)],
        "languages": [(tag, names[tag]) for tag in settings.broker.languages],
        "may_fill": rights.may(Right.FILL_GROUPS),
    }
