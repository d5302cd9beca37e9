"""Respondents: the members who can answer a question about a guest now (FA-03)."""

from __future__ import annotations

from broker.domain.address import in_domains
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.invitation import Invitation
from broker.domain.question import QuestionKind
from broker.services import authorization
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection


def is_living(tx: Connection, settings: Settings, address: str | None, now: int) -> bool:
    """Whether this address is a member's who can answer: at work, or of the staff's domain and not here yet.

    A company without a `members: true` partner has no members to compare with: then anybody who is no guest can.
    """
    if not address:
        return False
    domains = [domain for partner in settings.partners.values() if partner.members for domain in partner.domains]
    if domains and not in_domains(address, domains):
        return False
    person = people.by_email(tx, address)
    if person is None:
        return True
    return person.kind is PersonKind.MEMBER and person.state is GuestState.ACTIVE and not person.is_expired(now)


def asked_for(tx: Connection, settings: Settings, guest: Person, now: int) -> list[str]:
    """Who is asked about a guest: the sponsor, or in place of one who is gone the administrators."""
    if guest.sponsor and is_living(tx, settings, guest.sponsor, now):
        return [guest.sponsor]
    return [address for address in settings.broker.administrators if is_living(tx, settings, address, now)]


def owners_of(tx: Connection, settings: Settings, client_id: str, now: int) -> list[str]:
    """Who decides about access to an application: its owners, or in place of owners who are gone the administrators."""
    file = settings.applications.get(client_id)
    if file is None:
        return []
    owners = [address for address in file.owners if is_living(tx, settings, address, now)]
    return owners or [address for address in settings.broker.administrators if is_living(tx, settings, address, now)]


def who_answers(
    tx: Connection, settings: Settings, kind: QuestionKind, guest: Person, invitation: Invitation | None, now: int
) -> list[str]:
    """Whom a question of this kind about a guest is to be asked NOW; nobody answers for themselves (MF-12).

    invitation: the one that a `mismatch` is about: the member who invited answers for it while at work.
    """
    member = people.by_id(tx, invitation.invited_by) if invitation is not None and invitation.invited_by else None
    if kind is QuestionKind.MISMATCH and member is not None and authorization.is_at_work(member, now):
        return [member.email]
    return [one for one in asked_for(tx, settings, guest, now) if one != guest.email]
