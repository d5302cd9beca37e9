"""What a receipt keeps where hundreds of policies are about one sign-in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.domain.receipt import POLICIES, bounded

RESULTS = st.lists(
    st.tuples(st.sampled_from(["blocked", "error", "required", "not_matched"]), st.sampled_from(["enabled", "report_only"])),
    max_size=3 * POLICIES,
)


def rows(*said: tuple[str, str]) -> list[dict[str, str]]:
    """Results of policies, in the order of their ids."""
    return [{"id": f"p{n:03}", "state": state, "result": result, "reason": "x"} for n, (result, state) in enumerate(said)]


def test_few_are_kept_as_they_are() -> None:
    """Fifty stand in their order, and nothing is left out."""
    some = rows(*[("not_matched", "enabled"), ("blocked", "enabled")] * (POLICIES // 2))
    assert bounded(some) == (tuple(some), {})


def test_what_counts_goes_first() -> None:
    """A block, an error, a demand; then the same of report-only ones; then what did not match."""
    kinds = [("not_matched", "enabled"), ("required", "report_only"), ("blocked", "report_only"), ("required", "enabled")]
    kept, left_out = bounded(rows(*kinds * 30, ("error", "enabled"), ("blocked", "enabled")))
    assert [row["result"] for row in kept] == ["blocked", "error", *["required"] * 30, *["blocked"] * 18]
    assert {row["state"] for row in kept[32:]} == {"report_only"}
    assert left_out == {"blocked": 12, "required": 30, "not_matched": 30}


@given(RESULTS)
def test_nothing_is_lost_without_being_counted(said: list[tuple[str, str]]) -> None:
    """Kept and counted are all; nothing that counts is left out while something lighter is kept."""
    all_of_them = rows(*said)
    kept, left_out = bounded(all_of_them)
    assert len(kept) == min(len(said), POLICIES)
    assert len(kept) + sum(left_out.values()) == len(said)
    assert {row["id"] for row in kept} <= {row["id"] for row in all_of_them}
    assert "blocked" not in left_out or all(row["result"] == "blocked" or row["state"] == "enabled" for row in kept)
