"""The portal: pages of administrators, owners and the other roles.

Owns: `/admin` and everything below it: who gets to a page, lists, forms, confirmations.
Does not know: what somebody may do, and what an act does: services decide it and do it.
Offers: `blueprint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from broker.web.admin import (
    applications,
    audit,
    groups,
    guests,
    home,
    jobs,
    link,
    partner_new,
    partners,
    policies,
    requests,
    reviews,
    roles,
    setup_links,
    setup_proposals,
    sign_ins,
)
from broker.web.admin.door import Door
from broker.web.pages import Pages
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

ROOMS = (
    link,
    home,
    guests,
    jobs,
    requests,
    reviews,
    groups,
    applications,
    partner_new,
    partners,
    setup_links,
    setup_proposals,
    policies,
    sign_ins,
    audit,
    roles,
)  # each has `register(routes, door)`


def blueprint(broker: Broker, pages: Pages) -> Blueprint:
    """Every route of the portal."""
    routes = Blueprint("admin", __name__)
    door = Door(broker, BrowserState(broker, pages), pages)
    for room in ROOMS:
        room.register(routes, door)
    return routes
