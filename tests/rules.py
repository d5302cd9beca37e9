"""Which tests name which rule. `python -m tests.rules` writes the last column of docs/rules.md anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "rules.md"
FINISHED = 5  # the capability (issue) whose rules must all be tested; raised with each one that is done
SHOWN = 3
RULE = re.compile(r"\bH[PSOTW]-\d+\b")
ROW = re.compile(r"^\| (H[PSOTW]-\d+) \| (.+) \| (\d+|later) \| `(.+)` \| (.*) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. since: the number of the capability, None for later. tests: files below tests/."""

    id: str
    text: str
    since: int | None
    code: str
    tests: tuple[str, ...]


def rows() -> list[Rule]:
    """The table as it stands."""
    return [
        Rule(rule, text, None if since == "later" else int(since), code, tuple(re.findall(r"`(.+?)`", tests)))
        for rule, text, since, code, tests in ROW.findall(TABLE.read_text())
    ]


def naming_tests() -> dict[str, list[str]]:
    """Rule -> test files that name it, the most specific (fewest rules) first."""
    named = {
        str(path.relative_to(ROOT / "tests")): set(RULE.findall(path.read_text()))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
    }
    rules = {rule for found in named.values() for rule in found}
    return {rule: sorted((n for n in named if rule in named[n]), key=lambda n: (len(named[n]), n)) for rule in rules}


def written(rules: Iterable[Rule]) -> str:
    """The page with its last column made anew."""
    by_rule = naming_tests()
    head = TABLE.read_text().split("| HP-1 |")[0]
    lines = [
        f"| {r.id} | {r.text} | {r.since or 'later'} | `{r.code}` | {', '.join(f'`{t}`' for t in by_rule.get(r.id, [])[:SHOWN])} |"
        for r in rules
    ]
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(written(rows()))
