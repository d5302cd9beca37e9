"""FA-27: an earlier visit that was asked for a fresh sign-in made a later one count as fresh, too."""

from __future__ import annotations

import pytest

from broker.domain.login_progress import LoginProgress

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
    progress = LoginProgress()
    for result, fresh_asked in visits:
        if result == "sent":
            progress = progress.sent(1, fresh=bool(fresh_asked))
        elif result == "vouched":
            progress = progress.vouched()
        elif result == "started_over":
            progress = progress.started_over()
    assert progress.fresh_answered is fresh
