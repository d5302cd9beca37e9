"""What a person holds through groups at this moment: rules judged over the answer of the home organization, then written down.

Rules are judged in the dispatcher, whenever an answer is in hand, over what that answer said (never over what is
remembered), and the rows follow at once: a membership that no rule gives any more is gone before any gate is asked, for
running sessions and tokens too. Between sign-ins the rows are the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from broker.domain import group_rule
from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.errors import Invalid
from broker.domain.group_rule import Rule, RuleVerdict
from broker.domain.guest import Person
from broker.domain.login import Login
from broker.domain.trail import TrailEntry, TrailStep, entry
from broker.services.history import audit
from broker.storage.directory import assignments, groups
from broker.storage.directory.assignments import Holding
from broker.storage.engine import Connection

_SHOWN = 20  # rules in one receipt; those that matched come first
_UNREADABLE = RuleVerdict(False, ("rule: cannot be read, or a branch names no partner",))
_OVERTAKEN = RuleVerdict(False, ("a later sign-in said otherwise",))


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One rule at one sign-in. was: whether the person had been in the group until now."""

    group_id: str
    group: str
    verdict: RuleVerdict
    was: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """What holds now. assignments: ids; roles: at the application, without ""; groups: names. judged: the rules of this sign-in."""

    assignments: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    judged: tuple[RuleOutcome, ...] = ()


NOTHING = Memberships()


def look(tx: Connection, person: Person, client_id: str | None, login: Login, now: int) -> Memberships:
    """What a person holds at an application, in one statement. Rules are judged where the login has an answer."""
    said = login.assertion
    rows = assignments.holdings(tx, person.id, client_id or "", now, partner=said.partner if said else None)
    # A login that somebody signed in after, elsewhere, may take away but not give: its answer may be the older one.
    # Its own redemption counts as an answer, and is no other; a visit by a session and a renewal are no answers (FA-26).
    since = login.progress.redeemed_at or login.created_at
    overtaken = person.answered_at is not None and person.answered_at > since
    judged = _judge(rows, said, overtaken=overtaken) if said is not None else {}
    holds = [row for row in rows if _counts(row, judged)]
    return Memberships(
        assignments=tuple(dict.fromkeys(row.assignment_id for row in holds if row.assignment_id is not None)),
        roles=tuple(sorted({row.role for row in holds if row.role})),
        groups=frozenset(row.group for row in holds if row.group_id is not None),
        judged=tuple(sorted(judged.values(), key=lambda one: (not one.verdict.matched, one.group))),
    )


def _judge(rows: Iterable[Holding], said: Assertion, *, overtaken: bool) -> dict[str, RuleOutcome]:
    """Every group with a rule that the person is in, or that this partner's people could be in."""
    ruled = {row.group_id: row for row in rows if row.group_id is not None and row.rule is not None}
    inside = {row.group_id for row in rows if row.member}
    judged = {}
    for group_id, row in ruled.items():
        verdict, was = _verdict(row.rule or "", said.partner, said.claims), group_id in inside
        judged[group_id] = RuleOutcome(
            group_id, row.group, _OVERTAKEN if overtaken and verdict.matched and not was else verdict, was
        )
    return judged


def _verdict(rule: str, partner: str, claims: Mapping[str, Any]) -> RuleVerdict:
    parsed = _parsed(rule)
    return _UNREADABLE if parsed is None else group_rule.judge(parsed, partner, claims)


@lru_cache(maxsize=1000)
def _parsed(rule: str) -> Rule | None:
    """A rule is checked before it is stored; one that cannot be read all the same lets nobody in."""
    try:
        return group_rule.parse(rule)
    except Invalid:
        return None


def _counts(row: Holding, judged: Mapping[str, RuleOutcome]) -> bool:
    if row.group_id is None:
        return True
    ruled = judged.get(row.group_id)
    return row.member if ruled is None else ruled.verdict.matched


def settle(tx: Connection, person_id: str, judged: Iterable[RuleOutcome], now: int) -> None:
    """Make the rows say what the rules said. No statement where nothing changed."""
    for one in judged:
        if one.verdict.matched == one.was:
            continue
        if one.verdict.matched:
            changed, name = groups.add_member(tx, one.group_id, person_id, now), "group.member_added"
        else:
            changed, name = groups.remove_member(tx, one.group_id, person_id), "group.member_removed"
        if changed:
            reason = "; ".join(one.verdict.because)[:500]
            audit.record(
                tx, Event(name=name, actor=Actor.system(), target=one.group_id, subject=person_id, reason=f"rule: {reason}"), now
            )


def trail_entries(judged: tuple[RuleOutcome, ...], now: int) -> list[TrailEntry]:
    """The trail's entry: which rule matched and why (HT-19); none if no rule was evaluated."""
    if not judged:
        return []
    rules = [
        {"group": one.group_id, "name": one.group, "matched": one.verdict.matched, "because": list(one.verdict.because)}
        for one in judged[:_SHOWN]
    ]
    count = sum(one.verdict.matched for one in judged)
    return [entry(now, TrailStep.GROUPS, f"{count} of {len(judged)} rules matched", rules=rules)]
