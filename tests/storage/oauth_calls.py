"""Calls of the store for the provider's extensions, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.storage.oauth import device_codes, pushed_requests, refresh_answers, tokens
from tests.clock import START

NOBODY = "00000000-0000-4000-8000-000000000000"

OAUTH_CALLS: dict[str, Callable[[Connection], object]] = {
    "oauth.device_codes.add": lambda tx: device_codes.add(
        tx, device_code="d", user_code="u", client_id="payroll", scopes=("openid",), pause=5, now=START, expires_at=START + 600
    ),
    "oauth.device_codes.of_user_code": lambda tx: device_codes.of_user_code(tx, "u", START),
    "oauth.device_codes.of_device_code": lambda tx: device_codes.of_device_code(tx, "d", "payroll"),
    "oauth.device_codes.begin": lambda tx: device_codes.begin(tx, "u", "handle", START),
    "oauth.device_codes.allow": lambda tx: device_codes.allow(tx, "handle", NOBODY, "payroll", START),
    "oauth.device_codes.deny": lambda tx: device_codes.deny(tx, START, user_code="u"),
    "oauth.device_codes.note": lambda tx: device_codes.note(tx, "d", START, 5),
    "oauth.device_codes.take": lambda tx: device_codes.take(tx, "d", "payroll", START),
    "oauth.device_codes.purge": lambda tx: device_codes.purge(tx, START),
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
