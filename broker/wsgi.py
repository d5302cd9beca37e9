"""For a WSGI server of one's own: `broker.wsgi:application()`, with BROKER_HOME naming the home."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from broker.app import build
from broker.web import create_web

_THREADS = 16  # of each process, as `broker serve` has them: calls to partners hold at most half


def application() -> Flask:
    """The application of the home in BROKER_HOME, or of the current folder."""
    broker = build(Path(os.environ.get("BROKER_HOME") or ".").resolve(), threads=_THREADS)
    broker.in_background().start()
    return create_web(broker)
