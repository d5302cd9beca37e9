"""`/apps/ask/APPLICATION`: ask for an application that is closed; the offers on `/apps`, and taking a request back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from broker.domain.access_request import RequestState
from broker.domain.audit import Actor
from broker.domain.errors import BadRequest, CommandError, Conflict, Invalid, TooMany
from broker.domain.guest import Person
from broker.domain.ids import new_reference
from broker.domain.times import after_last_moment, last_day
from broker.services.access_requests.offers import AccessOffer
from broker.web import csrf, feedback
from broker.web.i18n import _
from broker.web.panel.frame import APPS, SCOPE, SignedInFrame
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

ASK, REQUESTS = f"{APPS}/ask", f"{APPS}/requests"
SAID = {
    "requested": _("Your request was sent. You'll get an e-mail with the answer."),
    "granted": _("You have access now."),
    "taken_back": _("You took your request back."),
}
WRONG = {  # reason of a refusal -> field, and what to do
    "reason_missing": ("reason", _("Write one sentence: what do you need it for?")),
    "reason_invalid": ("reason", _("Write at most 1,000 characters.")),
    "date": ("until", _("Choose a day, such as 2027-06-30.")),
    "until_invalid": ("until", _("This day lies in the past. Choose a day from tomorrow on.")),
    "until_late": ("until", _("This application allows no access for so long. Choose an earlier day.")),
    "requests_many": ("reason", _("You asked often today. Try again tomorrow.")),
    "request_unanswerable": ("reason", _("Nobody can answer a request for this application now.")),
}


def shown(broker: Broker, frame: SignedInFrame, person: Person) -> list[dict[str, Any]]:
    """The lines of `/apps`: what the person may ask for."""
    return [_line(frame, one) for one in broker.access_requests.offers(Actor.person(person.id))]


def told(frame: SignedInFrame, cookie: str) -> str:
    """What an act on this page did, in the person's language; "" for nothing."""
    said = feedback.read(cookie, request.args.get(feedback.FIELD, ""), SAID)
    return str(frame.pages.translator().gettext(said[0])) if said else ""


def _line(frame: SignedInFrame, offer: AccessOffer) -> dict[str, Any]:
    asked = offer.request
    is_open = asked is not None and asked.state is RequestState.OPEN
    return {
        "name": offer.name,
        "logo": frame.pages.assets.application_logo(offer.client_id),
        "at_once": offer.at_once,
        "asked_at": asked.created_at if asked is not None and is_open else None,
        "answer": asked.answer if asked is not None and not is_open else "",
        "ask_url": frame.pages.path(f"{'/sign-up' if offer.by_sign_up else ASK}/{offer.client_id}"),
        "take_back_url": frame.pages.path(f"{REQUESTS}/{asked.id}/take-back") if asked is not None else "",
    }


def register(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame) -> None:
    """The form, what it sends, and taking back."""

    def person_for(path: str) -> Person | Response:
        """Who is signed in; or the beginning of a sign-in that leads to the path."""
        held = broker.login.own_page_access.open_to(browser.visitor())
        return held[1] if held else browser.into(broker.login.sign_in.begin_panel(browser.visitor(), path))

    @routes.get(f"{ASK}/<application>")
    def ask_for_access(application: str) -> Response:
        person = person_for(f"{ASK}/{application}")
        return person if isinstance(person, Response) else _page(broker, browser, frame, person, application)

    @routes.post(f"{ASK}/<application>")
    def send_request(application: str) -> Response:
        csrf.check(request, browser.session(), SCOPE, browser.issuer)
        person = person_for(f"{ASK}/{application}")
        return person if isinstance(person, Response) else _sent(broker, browser, frame, person, application)

    @routes.post(f"{REQUESTS}/<uuid:access_request>/take-back")
    def take_request_back(access_request: str) -> Response:
        csrf.check(request, browser.session(), SCOPE, browser.issuer)
        person = person_for(APPS)
        if isinstance(person, Response):
            return person
        try:
            broker.access_requests.take_back(_actor(browser, person), str(access_request))
        except Conflict:
            return _back(browser, frame, "")  # answered meanwhile
        except CommandError as error:
            raise BadRequest("not_found", error.reason) from None
        return _back(browser, frame, "taken_back")


def _sent(broker: Broker, browser: BrowserState, frame: SignedInFrame, person: Person, application: str) -> Response:
    """Ask with what the form holds; a form that is refused comes back with the reason at its field."""
    day, reason = single(request.form, "until").strip(), single(request.form, "reason")
    try:
        until = after_last_moment(day) if day else None
        made = broker.access_requests.ask(_actor(browser, person), application, reason=reason, until=until)
    except (Invalid, TooMany, Conflict) as error:
        if error.reason in WRONG:
            return _page(broker, browser, frame, person, application, wrong=error.reason)
        return _back(browser, frame, "")  # they have it, or asked already: the page shows it
    except CommandError as error:
        raise BadRequest("not_found", error.reason) from None
    return _back(browser, frame, "requested" if made.state is RequestState.OPEN else "granted")


def _actor(browser: BrowserState, person: Person) -> Actor:
    return Actor.person(person.id, address=browser.address(), request_id=new_reference())


def _back(browser: BrowserState, frame: SignedInFrame, what: str) -> Response:
    path = feedback.address(browser.session() or "", APPS, what) if what else APPS
    return browser.go(frame.pages.path(path))


def _page(
    broker: Broker, browser: BrowserState, frame: SignedInFrame, person: Person, application: str, *, wrong: str = ""
) -> Response:
    """The form; for what the person may not ask for there is none (AD-01). wrong: why it was refused."""
    offers = broker.access_requests.offers(Actor.person(person.id))
    offer = next((one for one in offers if one.client_id == application and not one.by_sign_up), None)
    if offer is None:
        raise BadRequest("not_found", "application_unknown")
    cookie, say = browser.session() or "", frame.pages.translator()
    return frame.pages.render(
        "apps_ask.html",
        status=400 if wrong else 200,
        keep_query=None if wrong else {},
        here=frame.pages.path(f"{ASK}/{application}"),
        application=offer.name,
        at_once=offer.at_once,
        latest=last_day(offer.latest) if offer.latest is not None else "",
        reason=single(request.form, "reason") if wrong else "",
        until=single(request.form, "until") if wrong else "",
        errors=[{"field": WRONG[wrong][0], "message": str(say.gettext(WRONG[wrong][1]))}] if wrong else [],
        csrf=csrf.token(cookie, SCOPE),
        action=frame.pages.path(f"{ASK}/{application}"),
        cancel_url=frame.pages.path(APPS),
        **frame.around(cookie, person, f"{ASK}/{application}"),
    )
