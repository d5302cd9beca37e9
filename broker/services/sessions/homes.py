"""The home organization of a session or grant, by the current files."""

from __future__ import annotations

from broker.domain import administrator_link
from broker.domain.address import domain_of
from broker.domain.grant_status import Home
from broker.domain.mailbox import PARTNER
from broker.settings.load import Settings


def is_live(settings: Settings, partner_id: str, issuer: str | None) -> bool:
    """Whether the partner is configured with the issuer that vouched (AL-08), or codes by e-mail are enabled.

    issuer: None if it was not recorded; it then counts as another one.
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
    """Whether a person who signed in by a code has a home organization meanwhile, where they must sign in."""
    return partner_id == PARTNER and settings.partner_of_domain(domain_of(email)) is not None


def home_of(settings: Settings, partner_id: str, issuer: str | None, email: str) -> Home:
    """As the check of a grant reads it. email: of the person, canonical."""
    partner, terms = settings.partners.get(partner_id), settings.broker.terms_of_use
    return Home(
        live=is_live(settings, partner_id, issuer) and not has_another(settings, partner_id, email),
        trusted=partner.trust.mfa if partner is not None else (),
        mfa_max_age=partner.trust.mfa_max_age if partner is not None else 0,
        terms=terms.version if terms is not None else None,
    )
