"""The page of a set-up link: a partner's IT, without an account, with the link alone.

Owns: `/setup` and everything below it, and the steps at each identity provider.
Does not know: what a link may do, and what makes a good partner's file: services decide it.
Offers: `blueprint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from broker.web.pages import Pages
from broker.web.setup import page
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker


def blueprint(broker: Broker, pages: Pages) -> Blueprint:
    """Every route of set-up links."""
    routes = Blueprint("setup", __name__)
    page.register(routes, broker, pages, BrowserState(broker, pages))
    return routes
