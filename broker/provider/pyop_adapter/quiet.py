"""What the provider's libraries may say in our log: that something happened, and where; never what (HT-2)."""

from __future__ import annotations

import logging

_log = logging.getLogger("broker.library")


class Relay(logging.Handler):
    """Stands between a library and the log: passes on level and place, drops message and arguments, which hold input."""

    def emit(self, record: logging.LogRecord) -> None:
        """Only warnings and worse, whatever levels somebody has set."""
        if record.levelno >= logging.WARNING:
            _log.log(record.levelno, "library_message logger=%s at=%s:%s", record.name, record.funcName, record.lineno)


def quiet(*libraries: str) -> None:
    """Put a relay before these loggers and all below them; safe to call again."""
    for name in libraries:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)  # below it they log codes and tokens
        logger.propagate = False
        logger.handlers = [Relay()]
