"""What a login asks of the partner's identity provider, in the connector's terms."""

from __future__ import annotations

from dataclasses import replace

from broker.connectors.registry import FAMILIES
from broker.domain import assurance
from broker.domain.connector import Ask
from broker.domain.login import Login
from broker.domain.next_step import How
from broker.settings.model import PartnerFile

MARGIN = 60  # seconds that a proof must be younger than its limit, so that it is valid still when it is judged


def ask_of(login: Login, state: str, partner: PartnerFile | None, how: How | None, *, with_more: bool) -> tuple[Ask, bool]:
    """What to ask of the partner, and whether it asks for more proof than a sign-in: once a login (HO-15).

    with_more: the sign-in is to include multi-factor authentication.
    """
    request = login.request
    ask = Ask(
        state=state,
        login_hint=login.login_hint,
        force=login.another_account_asked or how is How.FRESH,
        max_age=login.fresh_within,
        any_subject=login.progress.format_refused,
    )
    acr_values: tuple[str, ...] = ()
    if request is not None:
        acr_values = request.acr_values
        ask = replace(
            ask,
            force=ask.force or "login" in request.prompt or request.max_age == 0,
            max_age=min((age for age in (request.max_age, login.fresh_within) if age is not None), default=None),
            ui_locales=request.ui_locales,
        )
    mfa_satisfies = assurance.satisfies(assurance.MFA, acr_values)  # the most that a partner's assertion counts for
    needs_more = with_more or how is How.MORE or (mfa_satisfies and not assurance.satisfies(assurance.SFA, acr_values))
    step_up_values = _step_up_values(partner) if needs_more else None
    if step_up_values is not None and login.step_up_asked and how is not How.MORE:
        return ask, False  # the partner was asked in this login, and gave no more
    if step_up_values is None or partner is None:
        passed_on = mfa_satisfies and (partner is None or not FAMILIES[partner.protocol].exact_contexts)
        return replace(ask, acr_values=acr_values if passed_on else ()), False
    age = partner.trust.mfa_max_age
    ages = [max(age - MARGIN, age // 2), *([ask.max_age] if ask.max_age is not None else [])]
    return replace(ask, acr_values=step_up_values, max_age=min(ages)), True


def _step_up_values(partner: PartnerFile | None) -> tuple[str, ...] | None:
    """The partner's own values for multi-factor authentication that a request can carry; None if its file allows no step-up."""
    if partner is None or not partner.trust.step_up or not partner.trust.mfa:
        return None
    contexts = tuple(value for value in partner.trust.mfa if ":" in value)  # an AuthnContextClassRef is a URI (core 2.7.2.2)
    return contexts if contexts or FAMILIES[partner.protocol].exact_contexts else tuple(partner.trust.mfa)
