"""The page behind a question's link: opening it spends nothing, a button answers (IN-07, IN-16, HT-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.domain.ids import new_reference
from broker.domain.question import Question
from broker.services.questions import Asked
from broker.web import csrf
from broker.web.cookies import Purpose
from broker.web.i18n import Translator
from broker.web.pages import Pages, isolate
from broker.web.panel.question_texts import TEXTS
from broker.web.request import single
from broker.web.signin.browser import Browser

if TYPE_CHECKING:
    from broker.app import Broker

_SCOPE = "question"
_KEPT = 3600  # seconds: then the mail is at hand again
GUESSES = 60  # unknown tickets an address may try in ten minutes


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    """`/question/TICKET` puts the ticket into a cookie; `/question` is the page without it in the address."""

    @routes.get("/question/<ticket>")
    def question_arrives(ticket: str) -> Response:
        if len(ticket) != 43:
            _guess()
            raise BadRequest("question_malformed")
        response = browser.go(pages.path("/question"))
        browser.cookies.set(response, Purpose.QUESTION, ticket, max_age=_KEPT)
        return response

    @routes.get("/question")
    def question() -> Response:
        ticket = _ticket()
        try:
            return _page(broker, pages, broker.questions.open(ticket), ticket)
        except BadRequest:
            _guess()
            raise

    @routes.post("/question")
    def answer() -> Response:
        csrf.check_origin(request, browser.issuer)  # first: another site's form brings no ticket
        ticket = _ticket()
        csrf.check(request, ticket, _SCOPE, browser.issuer)
        given = single(request.form, "answer") or ""
        try:
            done = broker.questions.answer(ticket, given, address=browser.address(), request_id=new_reference())
        except BadRequest:
            _guess()
            raise
        return _answered(broker, pages, done, given)  # the cookie stays: a second click gets the same page

    def _ticket() -> str:
        ticket = browser.cookies.read(request, Purpose.QUESTION)
        if ticket is None:
            raise BadRequest("question_malformed")
        return ticket

    def _guess() -> None:
        broker.attempts.hit(f"question:{browser.address()}", limit=GUESSES, window=600)


def _page(broker: Broker, pages: Pages, asked: Asked, ticket: str) -> Response:
    say = pages.translator()
    text, values = TEXTS[asked.question.kind], _values(broker, asked, say)
    ends = asked.question.data.get("ends_at")
    late = bool(text.late) and isinstance(ends, int) and broker.clock() >= ends
    return pages.render(
        "question.html",
        keep_query={},
        title=say.gettext(text.heading, **values),
        lines=[say.gettext(line, **values) for line in (text.late if late else text.lines)],
        choices=[{"answer": one.answer, "label": say.gettext(one.label, **values)} for one in text.choices],
        csrf=csrf.token(ticket, _SCOPE),
        action=pages.path("/question"),
    )


def _answered(broker: Broker, pages: Pages, done: Question, given: str) -> Response:
    say = pages.translator()
    values = _values(broker, Asked(done, broker.guests.show(done.person_id).person), say)
    choice = next(one for one in TEXTS[done.kind].choices if one.answer == given)
    title, line = say.gettext(choice.done, **values), say.gettext(choice.more, **values)
    return pages.render("question_answered.html", title=title, line=line)


def _values(broker: Broker, asked: Asked, say: Translator) -> dict[str, str]:
    """Every name that a text may use."""
    settings, person, found = broker.settings.get(), asked.person, asked.question
    partner = settings.partners.get(person.partner or "")
    plain = {
        "guest": person.name or person.email,
        "email": person.email,
        "partner": partner.name if partner else "",
        "company": settings.broker.organization.name,
    }
    return {name: isolate(value) for name, value in plain.items()} | _data(found, say)


def _data(question: Question, say: Translator) -> dict[str, str]:
    return {
        name: say.date(value) if name.endswith("_at") and isinstance(value, int) else isolate(str(value))
        for name, value in question.data.items()
    }
