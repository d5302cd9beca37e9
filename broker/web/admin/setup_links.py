"""`/admin/setup-links`: links by which a partner's IT sets up its sign-in, without an account here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from broker.domain.errors import Conflict, Invalid
from broker.domain.setup_link import LONGEST, USUAL, SetupLink, SetupState
from broker.services.authorization import Right
from broker.services.partner_setup.links import SetupLinkView, SetupLinkWish
from broker.web import feedback
from broker.web.admin import lists, setup_proposals
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.setup_proposals import PATH
from broker.web.i18n import _
from broker.web.request import single

SHOWN = 50
FIELDS = ("partner", "name", "domains", "language", "email", "days", "private")
STATES = {  # state -> its shape and word
    SetupState.OPEN: ("sent", _("Open")),
    SetupState.USED: ("waits", _("Used")),
    SetupState.FINISHED: ("well", _("Finished")),
    SetupState.EXPIRED: ("ended", _("Expired")),
    SetupState.REVOKED: ("stopped", _("Revoked")),
}
SAID = {
    "revoked": _("The link opens nothing any more."),
    "not_done": _("Nothing was done: the link opened nothing any more."),
    "accepted": _("Accepted. Put the file into config/partners/: nothing is in force before."),
    "rejected": _("Rejected. The page behind the link says so."),
    "written": _("Written below var/proposals/ on the server that answered. It is not in force: put it into config/partners/."),
    "exists": _("Nothing was written: a file of this name is there already. Tick the box to replace it."),
    "closed": _("Nothing was written: the folder var/proposals/ on the server cannot be used."),
    "looked": _("The domains were looked up. See below."),
    "changed": _("Nothing was done: it was changed or decided about meanwhile. Look again."),
}
ERRORS = {  # reason -> the field, and what to do
    "partner_invalid": (
        "partner",
        _("Write the name of the file that the partner will have: lower-case letters, digits and . _ -"),
    ),
    "name_invalid": ("name", _("Write the name on one line of at most 500 characters.")),
    "domain_invalid": ("domains", _("Write mail domains as fabrikam.example, with spaces between them.")),
    "language_unknown": ("language", _("Choose one of the languages.")),
    "address_invalid": ("email", _("This is no e-mail address. Write it as name@organization.example.")),
    "days_invalid": ("days", _("Write a number of days from 1 to 60.")),
}


def register(routes: Blueprint, door: Door) -> None:
    """The list, a new link, one link, its end."""
    _register_list(routes, door)
    _register_new(routes, door)
    _register_one(routes, door)


def _register_list(routes: Blueprint, door: Door) -> None:
    cursors, service, pages = lists.Cursors(door.broker.sealer), door.broker.partner_setup.links, door.pages

    @routes.get(PATH)
    @door.page(Right.SEE_PARTNERS)
    def admin_setup_links(visit: StaffVisit) -> Response:
        shown = lists.state(PATH, {})
        after = cursors.read(shown)
        before = (int(after[0] or 0), str(after[1])) if after else None
        found = service.listed(visit.actor, before=before, limit=SHOWN + 1)
        some = found[:SHOWN]
        more = (some[-1].link.created_at, some[-1].link.id) if len(found) > SHOWN else None
        return door.render(
            visit,
            "admin_setup_links.html",
            here=PATH,
            keep={},
            rows=[row(door, one) for one in some],
            now=door.broker.core.clock(),
            new_url=pages.path(f"{PATH}/new") if visit.rights.may(Right.KEEP_PARTNERS) else "",
            next_url=pages.path(cursors.next_url(shown, more)) if more else "",
            first_url=pages.path(PATH) if after else "",
        )


def _register_new(routes: Blueprint, door: Door) -> None:
    service = door.broker.partner_setup.links

    @routes.get(f"{PATH}/new")
    @door.page(Right.KEEP_PARTNERS)
    def admin_setup_link_new(visit: StaffVisit) -> Response:
        lists.state(f"{PATH}/new", {})
        return _form(door, visit, {}, ())

    @routes.post(f"{PATH}/new")
    @door.button(Right.KEEP_PARTNERS)
    def make_setup_link(visit: StaffVisit) -> Response:
        form = PostedForm(request, FIELDS)
        try:
            made = service.create(visit.actor, wish(form))
        except Invalid as error:
            field, text = ERRORS.get(error.reason, ("partner", _("This is not possible. Look at what you entered.")))
            return _form(door, visit, form.values, [{"field": field, "message": str(door.pages.translator().gettext(text))}])
        return door.render(
            visit,
            "admin_setup_link_made.html",
            here=PATH,
            link=_plain(made.link),
            url=made.url,
            link_url=door.pages.path(f"{PATH}/{made.link.id}"),
            back_url=door.pages.path(PATH),
        )


def _register_one(routes: Blueprint, door: Door) -> None:
    service = door.broker.partner_setup.links

    @routes.get(f"{PATH}/<uuid:setup_link>")
    @door.page(Right.SEE_PARTNERS)
    def admin_setup_link(visit: StaffVisit, setup_link: UUID) -> Response:
        one = service.show(visit.actor, str(setup_link))
        lives = one.link.opens(door.broker.core.clock())
        said = feedback.read(visit.cookie, single(request.args, feedback.FIELD), SAID)
        return door.render(
            visit,
            "admin_setup_link.html",
            here=PATH,
            keep={},
            one=row(door, one),
            link=_plain(one.link),
            in_force=one.in_force,
            partner_url=door.pages.path(f"/admin/partners/{one.link.partner}"),
            revoke_url=door.pages.path(f"{PATH}/{setup_link}/revoke") if lives and visit.rights.may(Right.KEEP_PARTNERS) else "",
            back_url=door.pages.path(PATH),
            may_decide=visit.rights.may(Right.KEEP_PARTNERS),
            decision=one.link.decision.value if one.link.decision else "",
            decided_at=one.link.decided_at,
            **setup_proposals.shown(door, visit, one.link),
            said=door.pages.translator().gettext(said[0]) if said else "",
        )

    @routes.get(f"{PATH}/<uuid:setup_link>/revoke")
    @door.page(Right.KEEP_PARTNERS)
    def ask_to_revoke_setup_link(visit: StaffVisit, setup_link: UUID) -> Response:
        return _confirm(door, visit, service.show(visit.actor, str(setup_link)))

    @routes.post(f"{PATH}/<uuid:setup_link>/revoke")
    @door.button(Right.KEEP_PARTNERS)
    def revoke_setup_link(visit: StaffVisit, setup_link: UUID) -> Response:
        form = PostedForm(request, ("confirmed", "reason"))
        one = service.show(visit.actor, str(setup_link))
        if form.get("confirmed") != "yes":
            return _confirm(door, visit, one)
        try:
            service.revoke(visit.actor, one.link.id, form.get("reason").strip()[:1000])
        except Conflict:
            return door.go(visit, f"{PATH}/{one.link.id}", "not_done")
        return door.go(visit, f"{PATH}/{one.link.id}", "revoked")


def row(door: Door, one: SetupLinkView) -> dict[str, object]:
    """One link for the templates."""
    kind, word = STATES[one.state]
    return {
        "id": one.link.id,
        "url": door.pages.path(f"{PATH}/{one.link.id}"),
        "partner": one.link.partner,
        "name": one.link.name,
        "domains": ", ".join(one.link.domains),
        "email": one.link.email,
        "kind": kind,
        "word": door.pages.translator().gettext(word),
        "created_at": one.link.created_at,
        "expires_at": one.link.expires_at,
    }


def _plain(link: SetupLink) -> dict[str, Any]:
    """What the templates say of a link."""
    return {name: getattr(link, name) for name in ("name", "partner", "email", "created_at", "expires_at")}


def wish(form: PostedForm) -> SetupLinkWish:
    """What the form asks for."""
    days = form.get("days").strip()
    return SetupLinkWish(
        partner=form.get("partner").strip(),
        name=form.get("name").strip(),
        domains=form.get("domains").replace(",", " ").split(),
        language=form.get("language"),
        email=form.get("email").strip(),
        days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,
        private=form.get("private") == "yes",
    )


def _form(door: Door, visit: StaffVisit, values: Mapping[str, str], errors: Sequence[dict[str, str]]) -> Response:
    languages = door.broker.core.settings().broker.languages
    names = door.pages.languages.own_names(languages)
    return door.render(
        visit,
        "admin_setup_link_new.html",
        status=400 if errors else 200,
        here=PATH,
        keep={} if request.method == "GET" else None,
        values={"language": languages[0], "days": str(USUAL), **values},
        longest=LONGEST,
        languages=[(tag, names[tag]) for tag in languages],
        errors=list(errors),
        action=door.pages.path(f"{PATH}/new"),
        back_url=door.pages.path(PATH),
    )


def _confirm(door: Door, visit: StaffVisit, one: SetupLinkView) -> Response:
    say = door.pages.translator()
    back = door.pages.path(f"{PATH}/{one.link.id}")
    return door.render(
        visit,
        "admin_confirm.html",
        here=PATH,
        keep={} if request.method == "GET" else None,
        title=str(say.gettext(_("Revoke the set-up link of %(partner)s?"), partner=one.link.name)),
        people=[one.link.email] if one.link.email else [],
        more=0,
        ends=[{"text": say.gettext(_("Nobody can open the link any more.")), "reason": ""}],
        stays=[{"text": say.gettext(_("The partner's file, if there is one, and every sign-in.")), "reason": ""}],
        button=str(say.gettext(_("Revoke the link"))),
        keep_text=str(say.gettext(_("Keep it"))),
        action=f"{back}/revoke",
        cancel_url=back,
        back=one.link.name,
        danger=True,
        asks_until=False,
        asks_address=False,
        asks_reason=True,
        hidden=[],
        values={},
        errors=[],
    )
