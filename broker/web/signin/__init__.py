"""For the browser: the pages between an application's request and its answer. One dispatcher, a file a step."""

from __future__ import annotations

from flask import Blueprint

from broker.app import Broker
from broker.web.pages import Pages
from broker.web.signin import callback, consent, flow, home, invitation
from broker.web.signin.browser import Browser


def blueprint(broker: Broker, pages: Pages) -> Blueprint:
    """Every route of a sign-in."""
    routes = Blueprint("signin", __name__)
    browser = Browser(broker, pages)
    for part in (flow, home, callback, consent, invitation):
        part.register(routes, broker, pages, browser)
    return routes
