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
    "oauth.logout_notices.is_due": lambda tx: logout_notices.is_due(tx, START),
    "oauth.logout_notices.drop_of_others": lambda tx: logout_notices.drop_of_others(tx, {"payroll"}),
    "oauth.logout_notices.lease": lambda tx: logout_notices.lease(tx, holder="h", now=START, until=START + 300, limit=10),
    "oauth.logout_notices.sent": lambda tx: logout_notices.sent(tx, "1", "h", START),
    "oauth.logout_notices.given_up": lambda tx: logout_notices.given_up(tx, "1", "h", START, "no"),
    "oauth.logout_notices.later": lambda tx: logout_notices.later(tx, "1", "h", START, "no"),
    "oauth.logout_notices.postpone": lambda tx: logout_notices.postpone(tx, "payroll", START, START + 10),
    "oauth.logout_notices.let_go": lambda tx: logout_notices.let_go(tx, ["1"], "h"),
    "oauth.logout_notices.counts": lambda tx: logout_notices.counts(tx, "payroll", START),
    "oauth.logout_notices.purge": lambda tx: logout_notices.purge(tx, START),
}
