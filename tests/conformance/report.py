"""The table of results in docs/conformance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conformance.run import ModuleResult, count

BEGIN = "<!-- The results: `make conformance SUITE=...` writes this part. -->"
END = "<!-- End of the results. -->"


def table(results: Mapping[str, Sequence[ModuleResult]], date: str, suite: str) -> str:
    """Markdown: a row a plan, then a row for each module that did not simply pass."""
    lines = [f"Last run: {date}, at {suite}.", "", "| plan | modules | failed |", "| --- | --- | --- |"]
    lines += [f"| {title} | {modules} | {failed} |" for title, (modules, failed) in ((t, count(r)) for t, r in results.items())]
    notable = [(title, one) for title, found in results.items() for one in found if one.result != "PASSED"]
    if notable:
        lines += ["", "| plan | module | result |", "| --- | --- | --- |"]
        lines += [f"| {title} | `{one.module}` | {_cell(one.result)} |" for title, one in notable]
    return "\n".join(lines)


def write(page: Path, text: str) -> None:
    """Replaces the part between the two marks. Raises ValueError without them."""
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no part for the results")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", "utf-8")


def _cell(text: str) -> str:
    """One line of a table: a suite's message is not trusted with the layout."""
    return " ".join(text.split()).replace("|", "/")[:200]
