"""`make conformance` as a whole, but for the suite: a stand-in, our broker behind TLS with the cast, a member of the company in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import __main__ as command
from tests.conformance import report
from tests.conformance.plans import FAPI, PLANS
from tests.conformance.stand_in import HOST, REFUSED, SIGNS_IN, stand_in


def test_against_a_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plan but that of FAPI 2.0, which the stand-in cannot push for: the person signs in, and the error page gets its picture."""
    plans = [plan for plan in PLANS if plan.name != FAPI]
    monkeypatch.setattr(command, "PLANS", plans)
    monkeypatch.setenv("ADDRESS", "127.0.0.1")
    page = tmp_path / "page.md"
    page.write_text(f"{report.BEGIN}\n{report.END}\n")
    with stand_in(SIGNS_IN, REFUSED) as there:
        assert command.main(there.address, page) == 0
        pictures = [one.pictures for one in there.runs.values() if one.module == REFUSED]
    assert len(pictures) == len(plans)
    assert all(len(found) == 1 and found[0].startswith("data:image/png;base64,iVBOR") for found in pictures)
    text = page.read_text()
    assert all(f"| {plan.title} | 2 | 0 |" in text for plan in plans)
    assert HOST in text
