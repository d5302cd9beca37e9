"""What `/account` shows, in the guest's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request

from broker.domain.device import parts_of
from broker.domain.guest import Person, PersonKind
from broker.domain.login import Session
from broker.domain.mailbox import PARTNER as CODES
from broker.domain.receipt import Outcome
from broker.domain.times import DAY
from broker.services.guests.account_views import OwnSessionView, OwnSignIn, UsedApplication
from broker.web import feedback
from broker.web.errors import sentence_of
from broker.web.i18n import Translator, _
from broker.web.pages import isolate
from broker.web.panel.frame import ACCOUNT, METHODS, SignedInFrame

if TYPE_CHECKING:
    from broker.app import Broker

SOON = 14 * DAY  # an end so near is marked
SAID = {
    "asked": _("We asked whether your access continues. When it is extended, this page shows the new end."),
    "given_up": _("You gave up the application. You're signed out there."),
    "others_ended": _("You're signed out in every other browser."),
}
GIVEN = {  # claims in words, in this order; others are shown by their name
    "name": _("your name"),
    "given_name": _("your first name"),
    "family_name": _("your last name"),
    "preferred_username": _("your user name"),
    "email": _("your e-mail address"),
    "phone_number": _("your phone number"),
    "address": _("your postal address"),
    "organization": _("your organization"),
    "groups": _("your groups"),
    "roles": _("your roles"),
    "locale": _("your language"),
    "picture": _("your picture"),
}
_UNSAID = frozenset({"email_verified", "phone_number_verified", "updated_at"})  # about another claim, not about the person


def shown(broker: Broker, frame: SignedInFrame, held: tuple[Session, str], person: Person, token: str) -> Response:
    """The page. held: the session and its cookie; token: against forged buttons."""
    pages, (session, cookie) = frame.pages, held
    found, settings = broker.guests.self_service.of(person), broker.core.settings()

    def home(name: str) -> str:
        return settings.partners[name].name if name in settings.partners else "" if name == CODES else name

    def application(client_id: str) -> str:
        return settings.applications[client_id].name if client_id in settings.applications else client_id

    def sentence(code: str) -> str:
        """What the page of an error said to the guest."""
        text = sentence_of(code)
        company = settings.broker.organization.name
        return pages.translator().gettext(text, company=isolate(company)) if text else ""

    said = feedback.read(cookie, request.args.get(feedback.FIELD, ""), SAID)
    addresses: dict[str, Any] = {f"{name}_url": pages.path(f"{ACCOUNT}/{path}") for name, path in _PATHS.items()}
    return pages.render(
        "account.html",
        keep_query={},
        said=pages.translator().gettext(said[0]) if said else "",
        now=found.now,
        name=person.name,
        homes=list(dict.fromkeys(home(one.partner) for one in found.identities if one.partner != CODES)),
        by_code=any(one.partner == CODES for one in found.identities),
        since=person.redeemed_at or person.created_at,
        until=person.expires_at or 0,
        sponsor=person.sponsor or "",
        sponsor_name=found.sponsor,
        asked_at=found.asked_at,
        may_ask=found.may_ask,
        member=person.kind is PersonKind.MEMBER,
        uses=[_use(frame, one, found.now) for one in found.uses],
        sessions=[_session(one, home(one.partner), here=one.sid == session.sid) for one in found.sessions],
        sign_ins=[_sign_in(one, application(one.application), home(one.partner), sentence(one.error)) for one in found.sign_ins],
        csrf=token,
        methods_page=pages.path(METHODS),
        **addresses,
        **frame.around(cookie, person, ACCOUNT),
    )


_PATHS = {
    "consents": "consents",
    "sessions": "sessions",
    "others": "sessions/others",
    "time": "more-time",
    "export": "export",
    "leave": "leave",
}


def give_up(frame: SignedInFrame, cookie: str, person: Person, use: UsedApplication, token: str) -> Response:
    """The question before a person gives up one application."""
    pages = frame.pages
    return pages.render(
        "account_give_up.html",
        keep_query={},
        use=use,
        left=[one for one in use.groups if one not in use.rule_groups],
        csrf=token,
        action=pages.path(f"{ACCOUNT}/give-up/{use.client_id}"),
        cancel_url=pages.path(ACCOUNT),
        **frame.around(cookie, person, f"{ACCOUNT}/give-up"),
    )


def _use(frame: SignedInFrame, use: UsedApplication, now: int) -> dict[str, Any]:
    return {
        "client_id": use.client_id,
        "name": use.name,
        "logo": frame.pages.assets.application_logo(use.client_id),
        "launch_url": use.launch_url,
        "assigned": use.assigned,
        "groups": use.groups,
        "inviter": use.inviter,
        "invited_at": use.invited_at,
        "words": use.words,
        "agreed_at": use.agreed_at,
        "until": use.until,
        "is_soon": use.until is not None and use.until - now < SOON,
        "last_used": use.last_used,
        "given": _words(frame.pages.translator(), use.given),
        "give_up_url": frame.pages.path(f"{ACCOUNT}/give-up/{use.client_id}") if use.can_give_up else "",
    }


def _words(translator: Translator, given: tuple[str, ...]) -> list[str]:
    """Released claims in words; a claim that only an application's file knows stands there by its name."""
    known = [str(translator.gettext(text)) for name, text in GIVEN.items() if name in given]
    return known + [name for name in given if name not in GIVEN and name not in _UNSAID]


def _session(one: OwnSessionView, home: str, *, here: bool) -> dict[str, Any]:
    browser, system = parts_of(one.device)
    return {
        "sid": one.sid,
        "browser": browser,
        "system": system,
        "home": home,
        "mfa": one.mfa,
        "since": one.created_at,
        "seen": one.last_seen_at,
        "here": here,
    }


def _sign_in(one: OwnSignIn, application: str, home: str, sentence: str) -> dict[str, Any]:
    return {
        "reference": one.reference,
        "at": one.at,
        "application": application,
        "home": home,
        "opened": one.outcome is Outcome.ALLOWED,
        "abandoned": one.outcome is Outcome.ABANDONED,
        "sentence": sentence,
        "mfa": one.mfa,
    }
