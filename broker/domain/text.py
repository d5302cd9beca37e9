"""Text from outside, made safe for one line of ours."""

from __future__ import annotations

_LONGEST = 500  # characters


def printable(text: str, limit: int = _LONGEST) -> str:
    """The text on one line: line breaks, escape sequences and invisible characters become a mark (LP-02)."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])
    return shown if len(text) <= limit else f"{shown}..."
