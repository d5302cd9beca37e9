"""The login that a request is about: live, and of this browser."""

from __future__ import annotations

from broker.domain.errors import LoginExpired
from broker.domain.ids import digest
from broker.domain.login import Login, Stage
from broker.domain.visitor import Visitor
from broker.storage.engine import Connection
from broker.storage.login import logins


def live(tx: Connection, login_id: str, visitor: Visitor, now: int) -> Login:
    """The live login of this browser, or LoginExpired with the precise reason."""
    login = logins.of_browser(tx, login_id, digest(visitor.binding)) if visitor.binding else None
    if login is None:
        known = logins.by_id(tx, login_id) is not None
        raise LoginExpired("login_browser_mismatch" if known else "login_unknown")
    if login.stage is Stage.CLOSED:
        raise LoginExpired("login_used")
    if now >= login.expires_at:
        raise LoginExpired("login_expired")
    return login
