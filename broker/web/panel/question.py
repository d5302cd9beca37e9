"""The page behind a question's link: opening it spends nothing, a button answers (IN-07, IN-16, HT-3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import Invalid
from broker.domain.ids import new_reference
from broker.domain.question import Question
from broker.domain.times import HOUR, last_day
from broker.services.messages.mail_questions import AskedQuestion
from broker.web import csrf
from broker.web.attributes import labelled
from broker.web.cookies import CookiePurpose
from broker.web.i18n import Translator, _
from broker.web.pages import Pages, isolate
from broker.web.panel.question_texts import TEXTS, WRONG
from broker.web.request import single
from broker.web.signin.browser import BrowserState
from broker.web.signin.mail_link import MailLink

if TYPE_CHECKING:
    from broker.app import Broker

_SCOPE = "question"
_FIELDS = ("until", "words")
_KEPT = HOUR  # seconds: then the mail is at hand again


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """`/question/TICKET` puts the ticket into a cookie; `/question` is the page without it in the address."""
    link = MailLink(broker, browser, CookiePurpose.QUESTION, kept=_KEPT, counted="question", malformed="question_malformed")

    @routes.get("/question/<ticket>")
    def question_arrives(ticket: str) -> Response:
        return link.arrived(ticket, pages.path("/question"))

    @routes.get("/question")
    def question() -> Response:
        ticket = link.ticket()
        with link.guessing():
            asked = broker.messages.mail_questions.open(ticket)
        return _page(broker, pages, asked, ticket)

    @routes.post("/question")
    def answer() -> Response:
        ticket = link.pressed(_SCOPE)
        given = single(request.form, "answer") or ""
        said = {name: single(request.form, name) or "" for name in _FIELDS if name in request.form}
        try:
            with link.guessing():
                done = broker.messages.mail_questions.answer(
                    ticket, given, address=browser.address(), request_id=new_reference(), said=said
                )
        except Invalid as error:
            with link.guessing():
                asked = broker.messages.mail_questions.open(ticket)
            return _page(broker, pages, asked, ticket, said=said, wrong=error.reason)
        return _answered(broker, pages, done, given)  # the cookie stays: a second click gets the same page


def _page(
    broker: Broker, pages: Pages, asked: AskedQuestion, ticket: str, *, said: Mapping[str, str] | None = None, wrong: str = ""
) -> Response:
    """said: what was filled in; wrong: the reason why it was refused."""
    say = pages.translator()
    text, values = TEXTS[asked.question.kind], _values(broker, asked, say)
    ends = asked.question.data.get("ends_at")
    late = bool(text.late) and isinstance(ends, int) and broker.core.clock() >= ends
    return pages.render(
        "question.html",
        status=400 if wrong else 200,
        keep_query=None if wrong else {},
        here=pages.path("/question"),
        errors=[{"field": WRONG[wrong][0], "message": say.gettext(WRONG[wrong][1])}] if wrong in WRONG else [],
        fields=_fields(text.fields, asked.question, said),
        quoted=str(asked.question.data.get(text.quoted, "")),
        details=_details(asked.question, say),
        title=say.gettext(text.heading, **values),
        lines=[say.gettext(line, **values) for line in (text.late if late else text.lines)],
        choices=[{"answer": one.answer, "label": say.gettext(one.label, **values)} for one in text.choices],
        csrf=csrf.token(ticket, _SCOPE),
        action=pages.path("/question"),
    )


def _details(question: Question, say: Translator) -> list[dict[str, str]]:
    """What a person who signed up entered in addition to their reason."""
    told = question.data.get("attributes")
    found = labelled(told, say) if isinstance(told, dict) else []
    if not question.data.get("signed_up"):
        return found
    return [{"label": say.gettext(_("Guest")), "value": say.gettext(_("Not yet. If you approve, they become one."))}, *found]


def _fields(names: Sequence[str], question: Question, said: Mapping[str, str] | None) -> dict[str, str]:
    """The fields of a question's page: what was filled in, or else the day that was asked for."""
    wanted = question.data.get("wanted_at")
    start = {"until": last_day(wanted) if isinstance(wanted, int) and wanted else "", "words": ""}
    return {name: (said or start).get(name, "") for name in names}


def _answered(broker: Broker, pages: Pages, done: AskedQuestion, given: str) -> Response:
    say = pages.translator()
    values = _values(broker, done, say)
    choice = next(one for one in TEXTS[done.question.kind].choices if one.answer == given)
    return pages.render("question_answered.html", said=choice.done, more=choice.more, names=values)


def _values(broker: Broker, asked: AskedQuestion, say: Translator) -> dict[str, str]:
    """Every name that a text may use."""
    settings, person, found = broker.core.settings(), asked.person, asked.question
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
        name: say.end(value) if name.endswith("_at") and isinstance(value, int) else isolate(str(value))
        for name, value in question.data.items()
    }
