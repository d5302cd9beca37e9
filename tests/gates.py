"""The table of gates in docs/architecture.md, written from `GATES`: `.venv/bin/python -m tests.gates`."""

from __future__ import annotations

import re
from pathlib import Path

from broker.domain.gates import GATES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
BEGIN = "<!-- The gates: `.venv/bin/python -m tests.gates` writes this table. -->"
END = "<!-- End of the gates. -->"


def table() -> str:
    """One row a gate, in their order."""
    rows = [f"| {number} | `{gate.name}` | {gate.description} |" for number, gate in enumerate(GATES, 1)]
    return "\n".join(["| | gate | is satisfied when |", "| --- | --- | --- |", *rows])


def page() -> str:
    """The document with the table in its place."""
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    text, count = between.subn(lambda _: f"{BEGIN}\n\n{table()}\n\n{END}", PAGE.read_text())
    if count != 1:
        raise SystemExit(f"{PAGE} must contain the lines {BEGIN} and {END} once")
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
