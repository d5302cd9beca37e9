"""docs/threats.md is true: it defines each code that the project names, and a test names each case that is due."""

from __future__ import annotations

import re
import subprocess

from tests.rules import ROOT, rows

ROW = re.compile(r"^\| ((?:A[LDZ]|CF|EV|F[ABCD]|IN|LP|MF|O[UP]|PO|RX|S[CLMRU]|TK|UI)-\d+) \| (.+)$", re.MULTILINE)
CODE = re.compile(r"\b(?:A[LDZ]|CF|EV|F[ABCD]|H[PSOTW]|IN|LP|MF|OU|PO|RX|S[CLMRU]|TK|UI)-\d+\b")
IN_A_NAME = re.compile(r"_(f[abcd])_(\d\d)(?=_|\b)")  # test_fa_03_...: the code inside a test's name
ROWS = ROW.findall((ROOT / "docs" / "threats.md").read_text("utf-8"))
CASES = dict(ROWS)


def sources(*folders: str) -> list[str]:
    """Tracked text files below these folders."""
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [(ROOT / name).read_text("utf-8") for name in listed if name.endswith((".py", ".md", ".html", ".toml"))]


def named(texts: list[str]) -> set[str]:
    """The codes in these texts, written out or inside the names of tests."""
    found = {code for text in texts for code in CODE.findall(text)}
    return found | {f"{family.upper()}-{number}" for text in texts for family, number in IN_A_NAME.findall(text)}


def test_each_code_is_defined():
    """A reader finds each code of code, tests and documents in threats.md or rules.md."""
    defined = set(CASES) | {rule.id for rule in rows()}
    assert named(sources("broker", "tests", "docs", "bench", "README.md", "CONTRIBUTING.md")) - defined == set()


def test_each_code_is_one_case():
    """A code that two rows have would let one of them go without a test."""
    codes = [code for code, _ in ROWS]
    assert {code for code in codes if codes.count(code) > 1} == set()


def test_each_case_has_a_test():
    """A case whose capability is there is named by a test."""
    due = {code for code, text in CASES.items() if "*later*" not in text}
    assert due - named(sources("tests")) == set()
