"""FC-11: what `broker serve` writes is what docs/operations.md describes."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

from tests.cli.conftest import Serving
from tests.house.source import ROOT


def test_fc_11_an_error_page_leaves_one_line_with_its_time(serving: Serving) -> None:
    """The line has time, level, name and reference, and nothing of what was sent."""
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://localhost:{serving.port}/authorize?client_id=s3cret-value", timeout=5)
    lines = [line for line in serving.log().splitlines() if "page_error" in line]
    assert len(lines) == 1
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO page_error code=bad_request reason=client reference=[A-Z0-9-]{14} detail="
    assert re.fullmatch(pattern, lines[0]), lines[0]
    assert "s3cret-value" not in serving.log()


def test_fc_11_every_metric_and_every_line_is_documented(serving: Serving) -> None:
    """The chapters name each metric of /metrics, and each line that the code can write."""
    page = (ROOT / "docs/operations.md").read_text()
    with urllib.request.urlopen(f"http://localhost:{serving.port}/metrics", timeout=5) as answer:
        names = set(re.findall(r"^# TYPE (\w+) ", answer.read().decode(), re.MULTILINE))
    assert names
    assert {name for name in names if f"`{name}`" not in page} == set()
    code = "\n".join(
        path.read_text() for folder in ("web", "services", "server") for path in (ROOT / "broker" / folder).rglob("*.py")
    )
    written = set(re.findall(r'_log\.(?:info|warning|error)\(\s*"([a-z_.]+) ', code))
    assert "mail.failed" in written
    assert {name for name in written if f"`{name}" not in page} == set()
