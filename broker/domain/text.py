"""Text from outside, made safe for one line of ours."""

from __future__ import annotations

_LONGEST = 500  # characters


def printable(text: str, limit: int = _LONGEST) -> str:
    """The text on one line: line breaks, escape sequences and invisible characters become a mark (LP-02)."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])
    return shown if len(text) <= limit else f"{shown}..."


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # spreadsheets take the wide ones too


def cell(value: object) -> str:
    """A value in a table that a spreadsheet opens: never a formula (AD-09)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
