"""What the files of this moment say of the home organization that somebody came from."""

from __future__ import annotations

from broker.domain import administrator_link
from broker.domain.address import domain_of
from broker.domain.grant_status import Home
from broker.domain.mailbox import PARTNER
from broker.settings.load import Settings


def is_live(settings: Settings, partner_id: str, issuer: str | None) -> bool:
    """The partner is in the files under the issuer that it had when it vouched (AL-08); the code by mail is still on.

    issuer: None where nobody wrote it down; then it counts as another one.
    """
    if partner_id == PARTNER:
        return settings.broker.guests.email_one_time_code and issuer == settings.issuer
    if partner_id == administrator_link.PARTNER:
        return issuer == settings.issuer
    partner = settings.partners.get(partner_id)
    if partner is None:
        return False
    return partner.section.names_issuer in (issuer, None)  # None: its metadata names it


def has_another(settings: Settings, partner_id: str, email: str) -> bool:
    """Somebody who came by a code by mail has a home organization by now: they sign in there from then on."""
    return partner_id == PARTNER and settings.partner_of_domain(domain_of(email)) is not None


def home_of(settings: Settings, partner_id: str, issuer: str | None, email: str) -> Home:
    """For what a grant stands on. email: of the person, canonical."""
    partner, asked = settings.partners.get(partner_id), settings.broker.terms_of_use
    return Home(
        live=is_live(settings, partner_id, issuer) and not has_another(settings, partner_id, email),
        trusted=partner.trust.mfa if partner is not None else (),
        mfa_max_age=partner.trust.mfa_max_age if partner is not None else 0,
        terms=asked.version if asked is not None else None,
    )
