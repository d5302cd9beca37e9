"""HT-2: the provider's libraries say where something happened, never what."""

from __future__ import annotations

import io
import logging

import pytest

import broker.provider.pyop_adapter.op  # noqa: F401 - importing it is what puts the relay there


@pytest.mark.parametrize("library", ["pyop", "oic", "jwkest"])
def test_message_is_dropped(library: str):
    """HT-2, LP-01: with every level set to DEBUG, a message with a code in it reaches no log; its place does.

    Not by caplog: pytest puts its own handler on loggers that do not propagate.
    """
    written, root, below = io.StringIO(), logging.getLogger(), logging.getLogger(f"{library}.provider.deep")
    handler, level = logging.StreamHandler(written), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    below.setLevel(logging.DEBUG)
    try:
        for severity in (logging.DEBUG, logging.INFO, logging.WARNING):
            below.log(severity, "code=%s", "s3cret")
        try:
            raise ValueError("s3cret")
        except ValueError:
            below.exception("s3cret")
    finally:
        below.setLevel(logging.NOTSET)
        root.setLevel(level)
        root.removeHandler(handler)
    lines = written.getvalue().splitlines()
    assert "s3cret" not in written.getvalue()
    assert len(lines) == 2
    assert all(f"logger={library}.provider.deep at=test_message_is_dropped" in line for line in lines)
