"""FA-27: an earlier visit that was asked for a fresh sign-in made a later one count as fresh, too."""

from __future__ import annotations

import pytest

from broker.domain.login import Login, LoginPurpose, Stage
from broker.services.history import login_trail

SENT, ANEW, VOUCHED, NO_MORE = ("sent", False), ("sent", True), ("vouched", None), ("no more proof", None)
OVER = ("started_over", None)


@pytest.mark.parametrize(
    ("visits", "fresh"),
    [
        ([], False),
        ([ANEW], False),
        ([SENT, VOUCHED], False),
        ([ANEW, VOUCHED], True),
        ([ANEW, VOUCHED, SENT, VOUCHED], False),  # the attack: the last word was not asked for anew
        ([SENT, VOUCHED, ANEW, VOUCHED], True),
        ([ANEW, SENT, VOUCHED], False),  # came back from the first by themselves
        ([ANEW, VOUCHED, SENT, NO_MORE], True),  # asked for more proof: what was said before stays the last word
        ([ANEW, VOUCHED, OVER, SENT, VOUCHED], False),
    ],
)
def test_fa_27_the_last_visit_decides(visits: list[tuple[str, bool | None]], fresh: bool) -> None:
    """Only the visit that the word in hand is from."""
    steps = [
        login_trail.entry(1, "started_over", "another account")
        if result == "started_over"
        else login_trail.entry(1, "upstream", result, anew=anew)
        for result, anew in visits
    ]
    login = Login(
        id="", reference="", purpose=LoginPurpose.PANEL, stage=Stage.OPEN, created_at=0, expires_at=9, trail=tuple(steps)
    )
    assert login_trail.answered_anew(login) is fresh
