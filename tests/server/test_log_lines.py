"""`broker serve --log-format json`: the same events as the text, each value by its name (decision 0024)."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

from broker.server.log_lines import JsonLines
from tests.house.source import BROKER, modules, relative

EVIL = 'x\r\n{"event":"FAKE"} reason=fake \x1b[31m\u2028'


def line(message: str, *values: object, name: str = "broker.web", **more: Any) -> dict[str, Any]:
    """One record as it is written: one line, nothing that a terminal obeys."""
    record = logging.LogRecord(name, logging.INFO, "x.py", 1, message, values, more.get("exc_info"))
    written = JsonLines().format(record)
    assert written.isprintable()
    assert written.isascii()
    found: dict[str, Any] = json.loads(written)
    return found


def test_values_have_names() -> None:
    """Numbers stay numbers, and text that looks like another value is no other value."""
    found = line("request_refused status=%d kind=%s from=%s", 408, EVIL, "192.0.2.1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.pop("time"))
    assert found.pop("message").startswith("request_refused status=408 kind=x")
    del found["process"]
    assert found == {"level": "INFO", "event": "request_refused", "status": 408, "kind": EVIL, "from": "192.0.2.1"}


def test_lines_that_are_not_made_of_values() -> None:
    """Their text is the message; a library's first word is no event of ours."""
    found = line("audit.head %d:%s", 7, "abc")
    assert (found["event"], found["message"]) == ("audit.head", "audit.head 7:abc")
    assert line("worker failed: %s", "x", name="gunicorn.error")["event"] == "message"
    assert line("event=%s level=%s", "FAKE", "FAKE")["level"] == "INFO"
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        assert "ZeroDivisionError" in line("broken", exc_info=sys.exc_info())["exception"]


def test_every_line_of_ours_can_be_taken_by_name() -> None:
    """Each call that logs has an event first, and then only values with names, except the few that are listed here."""
    unnamed = {
        "audit.went_back seen=%d:%s found=%d:%s",
        "audit.head %d:%s",
        "library_message logger=%s at=%s:%s",
        "serve.start %s",
    }
    calls = re.compile(r'\b_log\.(?:debug|info|warning|error|critical|log)\(\s*(?:[a-z_]+,\s*)?(f?"[^"]*")')
    found = {(relative(path), text.strip('"')) for path in modules() for text in calls.findall(path.read_text())}
    assert len(found) > 15
    named = re.compile(r"[a-z_]+(?:\.[a-z_]+)*(?: [a-z_]+=%[sd])*")
    assert {(path, text) for path, text in found if not named.fullmatch(text) and text not in unnamed} == set()
    assert BROKER.is_dir()
