"""Validates an invitation request and builds its mails."""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.domain.address import domain_of, in_domains
from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import Invalid
from broker.domain.expiry_rules import LAST
from broker.domain.guest import Person
from broker.domain.invitation import Invitation
from broker.domain.mail import Mail, MailKind
from broker.services.addresses import is_of_members, parse
from broker.services.authorization import Rights, check_invite
from broker.services.invitations import landings
from broker.services.invitations.email_proof import is_open_to
from broker.settings.load import Settings

MAX_NAME, MAX_MESSAGE = 256, 4000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationRequest:
    """A request to invite an address, and the page where the guest arrives. until: end of the access, seconds since 1970."""

    email: str
    redirect_url: str | None = None
    name: str = ""
    message: str = ""
    language: str | None = None
    application: str | None = None
    sponsor: str | None = None
    until: int | None = None
    mail: bool = False
    copy_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedInvitation:
    """A request that passed every check, with the names that the mail uses. invited_by: the id of the inviting member, or None."""

    wish: InvitationRequest
    email: str
    application: str | None
    application_name: str
    partner_name: str
    by_code: bool
    language: str
    landing: str
    sponsor: str | None
    copy_to: str | None
    inviter: str
    invited_by: str | None


def plan_of(
    settings: Settings, actor: Actor, rights: Rights, wish: InvitationRequest, now: int, *, group_id: str | None = None
) -> CheckedInvitation:
    """Runs every check that needs no database. rights: of the actor, read in this transaction. group_id: the guest gets into it.

    Raises Forbidden, Invalid.
    """
    email = parse(wish.email)
    if is_of_members(settings, email):
        company = settings.broker.organization.name
        raise Invalid(
            f"{domain_of(email)} is a domain of {company}'s own staff: members sign in, and are not invited", "is_member"
        )
    if not may_be_invited(settings, email):
        raise Invalid(f"addresses of {domain_of(email)} may not be invited (invitations: in config/broker.yaml)", "domain_denied")
    application = settings.applications.get(wish.application) if wish.application else None
    if not wish.application and wish.redirect_url:  # FD-17: so that the guest consents once
        application = landings.application_of(settings, wish.redirect_url)
    # Before an error says which applications there are (AD-01)
    check_invite(settings, rights, application.client_id if application else None, group_id)
    if wish.application and application is None:
        raise Invalid(f"there is no application {wish.application!r} in config/applications", "application_unknown")
    language = wish.language or settings.broker.languages[0]
    if language not in settings.broker.languages:
        raise Invalid(f"language {language!r} is not one of {', '.join(settings.broker.languages)}", "language_unknown")
    if len(wish.name) > MAX_NAME or not wish.name.isprintable():
        raise Invalid(f"the name must be one line of at most {MAX_NAME} characters", "name_invalid")
    if len(wish.message) > MAX_MESSAGE:
        raise Invalid(f"the message must have at most {MAX_MESSAGE} characters", "message_invalid")
    if wish.until is not None and not now < wish.until <= LAST:
        raise Invalid("the end of the access must lie in the future, and before the year 2100", "until_invalid")
    landing = wish.redirect_url or (application.launch_url if application else None) or f"{settings.issuer}/apps"
    member = rights.person
    sponsor = parse(wish.sponsor) if wish.sponsor else member.email if member else None
    partner = settings.partner_of_domain(domain_of(email))
    return CheckedInvitation(
        wish=replace(wish, name=wish.name.strip()),  # a name of spaces counts as none (FB-18)
        email=email,
        application=application.client_id if application else None,
        application_name=application.name if application else "",
        partner_name=partner.name if partner else "",
        by_code=is_open_to(settings, email),
        language=language,
        landing=landings.checked(settings, landing),
        sponsor=sponsor,
        copy_to=parse(wish.copy_to) if wish.copy_to else None,
        inviter=(member.email if member else None)
        or sponsor
        or (actor.id if actor.kind is ActorKind.APPLICATION else "")
        or actor.kind.value,
        invited_by=member.id if member else None,
    )


def mails_of(plan: CheckedInvitation, person_id: str, url: str, until: int) -> list[Mail]:
    """The mail to the guest, and the copy: two mails, so that each can be refused or repeated alone."""
    values = {
        "name": plan.wish.name,
        "inviter": plan.inviter if "@" in plan.inviter else "",
        "message": plan.wish.message,
        "application": plan.application_name,
        "partner": plan.partner_name,
        "by_code": plan.by_code,
        "url": url,
        "until": until,
    }
    return [
        Mail(
            kind=MailKind.INVITATION,
            recipient=recipient,
            language=plan.language,
            reply_to=plan.sponsor,
            person=person_id,
            values=values,
        )
        for recipient in (plan.email, plan.copy_to)
        if recipient is not None
    ]


def letter(settings: Settings, invitation: Invitation, guest: Person, url: str, until: int) -> Mail:
    """The mail of an invitation again, with another link."""
    application = settings.applications.get(invitation.application or "")
    partner = settings.partner_of_domain(domain_of(guest.email))
    values = {
        "name": guest.name,
        "inviter": invitation.inviter if "@" in invitation.inviter else "",
        "message": invitation.message,
        "application": application.name if application else "",
        "partner": partner.name if partner else "",
        "by_code": is_open_to(settings, guest.email),
        "url": url,
        "until": until,
    }
    return Mail(
        kind=MailKind.INVITATION,
        recipient=guest.email,
        language=invitation.language,
        reply_to=guest.sponsor,
        person=guest.id,
        values=values,
    )


def may_be_invited(settings: Settings, email: str) -> bool:
    """Whether allow_domains, deny_domains and the domains of members permit this address: exact labels after IDNA (PO-04, FA-07)."""
    rules = settings.broker.invitations
    if is_of_members(settings, email):
        return False
    return not in_domains(email, rules.deny_domains) and (not rules.allow_domains or in_domains(email, rules.allow_domains))
