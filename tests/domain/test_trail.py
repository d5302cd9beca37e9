"""The trail of a login as receipts store it."""

from __future__ import annotations

from broker.domain.trail import TrailEntry, TrailStep, entry
from tests.clock import START


def test_an_entry_as_it_is_stored() -> None:
    """HT-19: time, step, result and reason always, details by name, without empty ones."""
    made = entry(START, TrailStep.UPSTREAM, "sent", partner="fabrikam", fresh=False, acr_values=[], max_age=0, skew=None)
    assert made == TrailEntry(
        START,
        TrailStep.UPSTREAM,
        "sent",
        "",
        {"partner": "fabrikam", "fresh": False, "acr_values": [], "max_age": 0, "skew": None},
    )
    assert made.to_json() == {"at": START, "step": "upstream", "result": "sent", "reason": "", "partner": "fabrikam"}
    assert entry(START, TrailStep.DENIED, "not_invited", "unknown").to_json()["reason"] == "unknown"


def test_the_words_of_steps() -> None:
    """Stored receipts and the doctor know these words."""
    assert [step.value for step in TrailStep] == [
        "started", "started_over", "home", "upstream", "code", "passkey", "moved", "groups", "redeem", "sign_up", "connector", "terms", "consent",
        "challenge", "enroll", "issued", "denied", "given_up", "abandoned",
    ]  # fmt: skip
