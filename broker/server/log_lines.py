"""The log of `broker serve` on standard error: text for people, or one JSON object a line for programs (decision 0024).

Both write the same events. The code logs a template (`event key=%s ...`) and its values, so that no text is taken apart for the members.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar

from gunicorn.glogging import Logger

from broker.domain.times import ISO, iso

_EVENT = re.compile(r"[a-z][a-z_]*(?:\.[a-z_]+)*")
_MEMBER = re.compile(r"([a-z_]+)=%([sd])")
_OWN = frozenset({"time", "level", "event", "message", "process", "request_id"})


class LogFormat(StrEnum):
    """`--log-format`."""

    TEXT = "text"
    JSON = "json"


class JsonLines(logging.Formatter):
    """One line, one object: time, level, event, its values by name, the whole message, the process, and the request."""

    request_id: ClassVar[Callable[[], str | None]] = staticmethod(lambda: None)  # a worker says how its requests are named

    def format(self, record: logging.LogRecord) -> str:
        """The line. Every character that a terminal obeys is escaped."""
        message = record.getMessage()
        event = _EVENT.match(message)
        line: dict[str, object] = {
            "time": iso(int(record.created)),
            "level": record.levelname,
            "event": event[0] if event and record.name.startswith("broker") else "message",
            **_members(record),
            "message": message,
            "process": record.process,
            "request_id": type(self).request_id(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's own lines in the same format."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does, with our format."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


def to_standard_error(log_format: LogFormat) -> None:
    """Our own lines from INFO on, with their time in UTC; libraries keep theirs to warnings (LP-01)."""
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", ISO)
    text.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format is LogFormat.JSON else text)
    ours = logging.getLogger("broker")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    if log_format is LogFormat.JSON:
        logging.getLogger().addHandler(handler)  # a library's warning is an object, too


def _members(record: logging.LogRecord) -> dict[str, object]:
    """The values of `key=%s`, by name, where the whole line is made of them."""
    template, values = str(record.msg), record.args
    found = _MEMBER.findall(template)
    if not isinstance(values, tuple) or not len(values) == len(found) == template.count("%"):
        return {}
    return {
        name: value if kind == "d" else str(value) for (name, kind), value in zip(found, values, strict=True) if name not in _OWN
    }
