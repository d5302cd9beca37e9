"""`/admin/guests/ID`: one guest: what they have and why, how they sign in, what happened."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from markupsafe import Markup

from broker.domain.device import parts_of
from broker.domain.invitation import Status
from broker.domain.mailbox import PARTNER as CODES
from broker.services.authorization import Right
from broker.services.guests.staff_view import GuestPage, InvitationState
from broker.web import feedback
from broker.web.admin.applications.list_page import link
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.guests import search
from broker.web.admin.guests.acts_table import possible
from broker.web.admin.guests.list_page import row
from broker.web.admin.guests.texts import HISTORY, OUTCOMES, SAID
from broker.web.i18n import Translator, _
from broker.web.pages import isolate


def register(routes: Blueprint, door: Door) -> None:
    """The page."""
    broker = door.broker

    @routes.get(f"{search.PATH}/<uuid:guest>")
    @door.page(Right.SEE_GUESTS)
    def admin_guest(visit: StaffVisit, guest: UUID) -> Response:
        found = broker.guests.staff_view.show(visit.actor, str(guest))
        say = door.pages.translator()
        said = feedback.read(visit.cookie, request.args.get(feedback.FIELD, ""), SAID)
        text = str(say.gettext(said[0], num=say.number(said[1]))) if said else ""
        failed = said is not None and said[0] == SAID["not_done"]
        here = door.pages.path(f"{search.PATH}/{guest}")
        return door.render(
            visit,
            "admin_guest.html",
            here=search.PATH,
            keep={},
            said="" if failed else text,
            problem=text if failed else "",
            guest=row(found.guest.person, say, door),
            speaks=door.pages.languages.own_names([found.guest.person.language or "en"]).get(found.guest.person.language, ""),
            came=_came(found, say, door),
            created_at=found.guest.person.created_at,
            acts=[{"url": f"{here}/{act.name}", "text": say.gettext(act.link)} for act in possible(found)],
            list_url=door.pages.path(search.PATH),
            whole=found.whole,
            invitation=_invitation(found.invitation, say, door) if found.invitation else None,
            **_access(found, door, visit),
            **_sign_ins(found, say, door),
            history=_history(found, say),
        )


def _came(found: GuestPage, say: Translator, door: Door) -> Markup | str:
    """How a guest came: signed up by themselves, or invited; "" where no invitation is stored any more."""
    at, files = found.guest.person.signed_up_at, door.broker.core.settings().applications
    if at is not None and found.signed_up_for is not None:
        file = files.get(found.signed_up_for)
        name = isolate(file.name if file else found.signed_up_for)
        return say.gettext(_("Signed up on %(day)s for %(application)s"), day=say.date(at), application=name)
    if at is not None:
        return say.gettext(_("Signed up on %(day)s"), day=say.date(at))
    one = found.invitation
    if one is None:
        return ""
    return say.gettext(_("Invited by %(inviter)s on %(day)s"), inviter=isolate(one.inviter), day=say.date(one.created_at))


def _access(found: GuestPage, door: Door, visit: StaffVisit) -> dict[str, Any]:
    """Applications with the reason why, groups, homes, browsers, methods."""
    settings = door.broker.core.settings()

    def application(client_id: str) -> str:
        return settings.applications[client_id].name if client_id in settings.applications else client_id

    def home(partner: str) -> str:
        return settings.partners[partner].name if partner in settings.partners else ""

    return {
        "assignments": [
            {
                "application": application(one.application),
                "url": link(door, visit, one.application),
                "group": one.name if one.principal.value == "group" else "",
                "role": one.role,
                "until": one.ends_at or 0,
                "status": one.status,
            }
            for one in found.guest.assignments
        ],
        "groups": [{"name": one.name, "by_rule": one.is_dynamic, "since": one.since} for one in found.guest.groups],
        "homes": [
            {"name": home(one.partner), "issuer": one.issuer, "since": one.bound_at}
            for one in found.guest.identities
            if one.partner != CODES
        ],
        "by_code": any(one.partner == CODES for one in found.guest.identities),
        "sessions": [
            {
                "browser": parts_of(one.device)[0],
                "system": parts_of(one.device)[1],
                "home": home(one.partner),
                "seen": one.last_seen_at,
            }
            for one in found.sessions
        ],
        "methods": [{"kind": one.kind, "name": one.name, "since": one.created_at} for one in found.guest.methods],
    }


def _sign_ins(found: GuestPage, say: Translator, door: Door) -> dict[str, Any]:
    settings = door.broker.core.settings()
    lines = []
    for one in found.sign_ins:
        state, word = OUTCOMES[one.outcome]
        application = settings.applications.get(one.application or "")
        lines.append(
            {
                "state": state,
                "text": f"{say.gettext(word)}: {application.name if application else one.application}"
                if one.application
                else say.gettext(word),
                "when": say.moment(one.at),
                "reason": f"{one.reason} · {one.request_id}" if one.reason else one.request_id,
            }
        )
    return {"sign_ins": lines}


def _history(found: GuestPage, say: Translator) -> list[dict[str, Any]]:
    steps = []
    for event in found.history:
        by = " · ".join(part for part in (event.actor, event.reason) if part)
        text = say.gettext(HISTORY[event.name]) if event.name in HISTORY else event.name
        steps.append({"state": "passed", "text": text, "when": say.moment(event.at), "reason": by})
    return steps


def _invitation(one: InvitationState, say: Translator, door: Door) -> list[dict[str, Any]]:
    """The invitation as steps: made, on its way or come back, redeemed or over."""
    settings = door.broker.core.settings()
    application = settings.applications.get(one.application or "")
    what = say.gettext(_("Invited by %(inviter)s"), inviter=one.inviter)
    steps = [
        {"state": "passed", "text": what, "when": say.moment(one.created_at), "reason": application.name if application else ""}
    ]
    delivery = {
        "waiting": ("asked", _("The e-mail waits to be sent")),
        "sent": ("passed", _("The e-mail left our mail server")),
        "refused": ("stopped", _("The e-mail came back")),
    }.get(one.delivery)
    if delivery is not None:
        steps.append({"state": delivery[0], "text": say.gettext(delivery[1]), "when": "", "reason": one.problem})
    ending = {
        Status.PENDING: ("ahead", _("Not accepted yet")),
        Status.REDEEMED: ("passed", _("Accepted")),
        Status.EXPIRED: ("stopped", _("The link has expired")),
        Status.REVOKED: ("stopped", _("Taken back, or replaced by a newer one")),
    }[one.status]
    when = say.moment(one.redeemed_at) if one.redeemed_at else ""
    until = say.gettext(_("The link works until %(day)s"), day=say.end(one.expires_at)) if one.status is Status.PENDING else ""
    steps.append({"state": ending[0], "text": say.gettext(ending[1]), "when": when, "reason": until})
    return steps
