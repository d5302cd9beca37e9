"""Asks the members who answer for a guest whether the guest's access continues: before its end, or because the guest asks for more time."""

from __future__ import annotations

from broker.domain.expiry_rules import Rules, renewed_until
from broker.domain.guest import Person
from broker.domain.mail import Mail, MailKind
from broker.domain.question import QuestionKind
from broker.services.messages.language import language_of
from broker.services.messages.mail_questions import ask
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import asked_for
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection


def ask_for_renewal(
    tx: Connection, settings: Settings, outbox: Outbox, person: Person, rules: Rules, end: int, now: int, *, by_guest: bool
) -> list[str]:
    """Queue the question for each member who answers for the guest; their addresses, none where nobody can answer.

    end: of the access now. by_guest: the guest asked for more time; else the end is near.
    """
    until, asked = renewed_until(person, rules), asked_for(tx, settings, person, now)
    if until is None:
        return asked
    for address in asked:
        data: dict[str, object] = {"ends_at": end, "until_at": until}
        # It stays open as long as the access can be restored: a late reader of the mail has the same button.
        ticket = ask(tx, QuestionKind.RENEW, person.id, address, data, end + rules.restore - now, now)
        url = f"{settings.issuer}/question/{ticket}"
        outbox.add(tx, _mail(tx, settings, person, address, end, url, by_guest=by_guest), now)
    return asked


def _mail(tx: Connection, settings: Settings, person: Person, address: str, end: int, url: str, *, by_guest: bool) -> Mail:
    member = people.by_email(tx, address)
    home = settings.partners.get(person.partner or "")
    values = {
        "guest": person.name or person.email,
        "email": person.email,
        "organization": home.name if home else "",
        "ends_at": end,
        "url": url,
        "instead_of": person.sponsor if person.sponsor and person.sponsor != address else "",
        "by_guest": by_guest,
    }
    language = language_of(member, settings)
    return Mail(kind=MailKind.RENEWAL, recipient=address, language=language, person=person.id, values=values)
