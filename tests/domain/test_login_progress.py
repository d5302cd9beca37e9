"""What a login remembers of its own way: it decides, so it is typed, and no report of the way stands in for it."""

from __future__ import annotations

import json
from dataclasses import replace

from broker.domain.api_connector import PAUSE, ConnectorProgress
from broker.domain.login_progress import LoginProgress

SKIPPED = LoginProgress(went_without=True)


def test_another_account_decides_for_itself() -> None:
    """A person who goes on without a proof decides for one account: the next one of the same login is asked."""
    assert SKIPPED.started_over().went_without is False
    assert replace(SKIPPED.started_over(), went_without=True).went_without is True
    assert SKIPPED.sent(1, fresh=False).vouched().went_without is True


def test_what_was_done_stays_done() -> None:
    """A method that was added, and an invitation that was accepted, stay so with another account."""
    done = LoginProgress(method_added=True, redeemed_at=7, sent_at=5)
    assert done.started_over() == done


def test_the_answer_of_a_connector_counts_for_what_was_asked() -> None:
    """SU-20, SU-21: another mark is another question; a failure counts for some seconds; a late answer to an older question is not taken."""
    held = replace(ConnectorProgress().asked("ada", 7), outcome="continue")
    assert [held.answer_for(mark, 7) for mark in ("ada", "bo")] == ["continue", ""]
    failed = replace(held, outcome="failed")
    assert [failed.answer_for("ada", 7 + passed) for passed in (0, PAUSE - 1, PAUSE)] == ["failed", "failed", ""]
    over = LoginProgress(connector=held).started_over().connector
    assert (over.answer_for("ada", 7), over.tries, over.asked("ada", 8).tries) == ("", 1, 1)


def test_it_is_saved_as_it_is() -> None:
    """Every field, and a login from before the column has none."""
    asked = ConnectorProgress(mark="ada", asked_at=3, outcome="invalid", wrong_field="company", attributes={"city": "Delft"})
    all_of_it = LoginProgress(went_without=True, method_added=True, redeemed_at=7, connector=asked).sent(3, fresh=True)
    assert LoginProgress.from_json(json.loads(json.dumps(all_of_it.to_json()))) == all_of_it
    assert LoginProgress.from_json({}) == LoginProgress()
