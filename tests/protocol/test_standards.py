"""docs/standards.md says what is supported and where its test is."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "standards.md").read_text()
OTHER = {"test_standards.py", "test_quiet.py", "test_what_if.py"}  # about this page, logs and policies


def test_page_and_files_name_one_another():
    """Each test that the page names is there, and each file of this folder stands on the page."""
    assert set(re.findall(r"`(test_\w+\.py)`", PAGE)) == {path.name for path in HERE.glob("test_*.py")} - OTHER


def test_every_row_has_a_clause_and_a_test():
    """Three columns, none empty."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    assert [row for row in rows if len(row) != 3 or not all(cell.strip() for cell in row)] == []
