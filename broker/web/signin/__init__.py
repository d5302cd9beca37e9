"""The pages between an application's request and its answer.

Owns: one dispatcher, and a file a step.
Does not know: why a step is due: the gates decide it.
Offers: `blueprint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from broker.web.pages import Pages
from broker.web.signin import (
    acs,
    callback,
    consent,
    device,
    dispatcher,
    email_code,
    error_recovery,
    factors,
    home,
    home_sign_out,
    invitation,
    partner_logout,
    sign_up,
    slo,
    terms,
    vouching,
)
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def blueprint(broker: Broker, pages: Pages) -> Blueprint:
    """Every route of a sign-in."""
    routes = Blueprint("signin", __name__)
    browser = BrowserState(broker, pages)
    for part in (
        error_recovery,
        dispatcher,
        device,
        home,
        email_code,
        callback,
        acs,
        partner_logout,
        home_sign_out,
        slo,
        consent,
        factors,
        vouching,
        terms,
        invitation,
        sign_up,
    ):
        part.register(routes, broker, pages, browser)
    sign_up.register_correction(routes, broker, pages, browser)
    return routes
