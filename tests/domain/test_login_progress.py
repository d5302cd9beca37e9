"""What a login remembers of its own way: it decides, so it is typed, and no report of the way stands in for it."""

from __future__ import annotations

import json
from dataclasses import replace

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


def test_it_is_saved_as_it_is() -> None:
    """Every field, and a login from before the column has none."""
    all_of_it = LoginProgress(went_without=True, method_added=True, redeemed_at=7).sent(3, fresh=True)
    assert LoginProgress.from_json(json.loads(json.dumps(all_of_it.to_json()))) == all_of_it
    assert LoginProgress.from_json({}) == LoginProgress()
