"""The e-mails about a request: the question to each owner, and the answer to the person who asked."""

from __future__ import annotations

from broker.domain.access_request import AccessRequest
from broker.domain.guest import Person
from broker.domain.mail import Mail, MailKind
from broker.domain.question import QuestionKind
from broker.services.messages.language import language_of
from broker.services.messages.mail_questions import ask
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import owners_of
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.operations import mail_questions


def application_name(settings: Settings, client_id: str) -> str:
    """The name that people know; the client_id where no file names the application any more."""
    file = settings.applications.get(client_id)
    return file.name if file else client_id


def ask_owners(tx: Connection, settings: Settings, outbox: Outbox, request: AccessRequest, person: Person, now: int) -> int:
    """Ask each person who may answer, with a ticket of their own; how many were asked."""
    asked = [one for one in owners_of(tx, settings, request.application, now) if one != person.email]
    name, home = application_name(settings, request.application), settings.partners.get(person.partner or "")
    for address in asked:
        data: dict[str, object] = {
            "request": request.id,
            "client_id": request.application,
            "application": name,
            "role": request.role,
            "reason": request.reason,
            "signed_up": request.signed_up,
            "attributes": dict(request.attributes),
            "wanted_at": request.wanted_until or 0,
        }
        ticket = ask(tx, QuestionKind.ACCESS, person.id, address, data, request.expires_at - now, now)
        member = people.by_email(tx, address)
        values: dict[str, object] = {
            "guest": person.name or person.email,
            "email": person.email,
            "organization": home.name if home else "",
            "application": name,
            "role": request.role,
            "reason": request.reason,
            "signed_up": request.signed_up,
            "attributes": dict(request.attributes),
            "wanted_at": request.wanted_until or 0,
            "until_at": request.expires_at,
            "url": f"{settings.issuer}/question/{ticket}",
        }
        language = language_of(member, settings)
        mail = Mail(kind=MailKind.ACCESS_REQUEST, recipient=address, language=language, person=person.id, values=values)
        outbox.add(tx, mail, now)
    return len(asked)


def close_questions(tx: Connection, request: AccessRequest, now: int) -> None:
    """Nobody else needs to answer."""
    mail_questions.close_about(tx, request.person_id, QuestionKind.ACCESS, "request", request.id, now)


def _where_to(settings: Settings, file: ApplicationFile | None, request: AccessRequest, person: Person) -> str:
    """Where the person goes on: the page where they signed up as long as they have no access, else the application, else the panel."""
    if person.waits:
        return f"{settings.issuer}/sign-up/{request.application}"
    return str(file.launch_url) if file and file.launch_url else f"{settings.issuer}/apps"


def tell_requester(tx: Connection, settings: Settings, outbox: Outbox, request: AccessRequest, person: Person, now: int) -> None:
    """What became of the request, in the language of the person who asked."""
    file = settings.applications.get(request.application)
    values: dict[str, object] = {
        "name": person.name,
        "application": application_name(settings, request.application),
        "state": request.state.value,
        "ends_at": request.ends_at or 0,
        "answer": request.answer,
        "url": _where_to(settings, file, request, person),
    }
    language = language_of(person, settings)
    outbox.add(
        tx, Mail(kind=MailKind.ACCESS_ANSWER, recipient=person.email, language=language, person=person.id, values=values), now
    )
