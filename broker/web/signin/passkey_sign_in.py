"""The button "Sign in with your passkey", on the pages that offer it; they look the same for every address (LP-04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from broker.services.login.context import LoginContext
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

ACTION = "passkey-sign-in"


def offered(broker: Broker, browser: BrowserState, found: LoginContext, *, refused: bool) -> dict[str, Any]:
    """What the template needs of it. refused: the last passkey did not sign in here."""
    return {
        "passkey_options": broker.login.passkey_sign_in.offer(found),
        "passkey_action": browser.path(found.login.id, ACTION),
        "passkey_refused": refused,
    }
