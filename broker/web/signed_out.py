"""`signed-out`: what ended in this browser, and what did not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Response

from broker.domain.login import Session
from broker.web.pages import Pages

if TYPE_CHECKING:
    from broker.app import Broker


def page(broker: Broker, pages: Pages, session: Session | None, ui_locales: Sequence[str] = ()) -> Response:
    """session: the one that ended. Its home organization keeps a sign-in of its own: the page says so, and where that ends."""
    partner = broker.core.settings().partners.get(session.partner) if session else None
    return pages.render(
        "signed_out.html",
        ui_locales=ui_locales,
        partner=partner.name if partner else "",
        partner_url=broker.partners.families.sign_out_url(partner) if partner else "",
        sign_in_url=pages.path("/apps"),
    )
