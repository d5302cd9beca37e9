"""`declined`: a login that the person gave up, where no application waits for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from broker.domain.login import Login
from broker.web.pages import Pages

if TYPE_CHECKING:
    from broker.app import Broker


def page(broker: Broker, pages: Pages, given_up: Login) -> Response:
    """What did not happen, and how to begin again: the invitation's link while it is open, else the page that was wanted."""
    invitation = broker.invitations.invitations.by_id(given_up.invitation_id) if given_up.invitation_id else None
    is_open = invitation is not None and invitation.redeemed_at is None
    return pages.render(
        "declined.html",
        ui_locales=(invitation.language,) if invitation else (),
        invited=is_open,
        until=invitation.expires_at if invitation and is_open else 0,
        sign_in_url="" if is_open else pages.path(given_up.return_path or "/apps"),
    )
