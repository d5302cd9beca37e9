"""Calls of the store for the provider's extensions, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.storage.oauth import pushed_requests, refresh_answers, tokens
from tests.clock import START

OAUTH_CALLS: dict[str, Callable[[Connection], object]] = {
    "oauth.refresh_answers.add": lambda tx: refresh_answers.add(
        tx, "refresh", successor="next", sealed="sealed", expires_at=START + 30
    ),
    "oauth.refresh_answers.find": lambda tx: refresh_answers.find(tx, "refresh", "payroll", START),
    "oauth.refresh_answers.purge": lambda tx: refresh_answers.purge(tx, START),
    "oauth.tokens.keep_refresh": lambda tx: tokens.keep_refresh(tx, "refresh", "payroll", START, START + 60),
    "oauth.pushed_requests.add": lambda tx: pushed_requests.add(tx, "handle", "payroll", [("scope", "openid")], START + 60),
    "oauth.pushed_requests.take": lambda tx: pushed_requests.take(tx, "handle", "payroll", START),
    "oauth.pushed_requests.purge": lambda tx: pushed_requests.purge(tx, START),
}
