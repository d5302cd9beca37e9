"""For the browser: the pages between an application's request and its answer. One dispatcher, a file a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from broker.web.pages import Pages
from broker.web.signin import acs, callback, code, consent, factors, flow, home, invitation, terms, vouching, ways
from broker.web.signin.browser import Browser

if TYPE_CHECKING:
    from broker.app import Broker


def blueprint(broker: Broker, pages: Pages) -> Blueprint:
    """Every route of a sign-in."""
    routes = Blueprint("signin", __name__)
    browser = Browser(broker, pages)
    for part in (ways, flow, home, code, callback, acs, consent, factors, vouching, terms, invitation):
        part.register(routes, broker, pages, browser)
    return routes
