"""Calls of the store that end sessions and tell applications, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.ids import new_id
from broker.storage.oauth import grants, logout_notices, sessions
from tests.clock import START

LOGOUT_CALLS: dict[str, Callable[[Connection], object]] = {
    "oauth.sessions.of_home": lambda tx: [
        sessions.of_home(tx, "fabrikam", name=name, session=session) for name, session in (("n", ""), ("", "s"), ("n", "s"))
    ],
    "oauth.sessions.end_of_person": lambda tx: sessions.end_of_person(tx, new_id(), START),
    "oauth.grants.end_reused": lambda tx: grants.end_reused(tx, new_id(), START),
    "oauth.logout_notices.add": lambda tx: logout_notices.add(tx, {("payroll", new_id()): "sub"}, START),
}
