"""The relay between the provider's libraries and our log: it logs level and place of a message, never its content (HT-2)."""

from __future__ import annotations

import logging

_log = logging.getLogger("broker.library")


class Relay(logging.Handler):
    """Passes on level and place; drops the message and its arguments, which contain input."""

    def emit(self, record: logging.LogRecord) -> None:
        """Warnings and errors only, at every configured level."""
        if record.levelno >= logging.WARNING:
            _log.log(record.levelno, "library_message logger=%s at=%s:%s", record.name, record.funcName, record.lineno)


def quiet(*libraries: str) -> None:
    """Installs the relay for these loggers and their children. Calling it again is harmless."""
    for name in libraries:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)  # at lower levels they log codes and tokens
        logger.propagate = False
        logger.handlers = [Relay()]
