"""Memberships by rule: evaluates the rules of dynamic groups with the assertion of a sign-in, then updates the rows.

The dispatcher evaluates rules when it has an assertion, with the values of that assertion only (never with stored ones). The rows are
updated before a gate reads them, so that a lost membership also ends in running sessions and tokens. Between sign-ins the rows decide.
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

_SHOWN = 20  # rules in one receipt; matching ones come first
_UNREADABLE = RuleVerdict(False, ("rule: cannot be read, or a branch names no partner",))
_OVERTAKEN = RuleVerdict(False, ("a later sign-in said otherwise",))


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One rule at one sign-in. was: whether the person was in the group before it."""

    group_id: str
    group: str
    verdict: RuleVerdict
    was: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """What a person has now. assignments: ids; roles: of the application, without ""; groups: names. judged: the rules of this sign-in."""

    assignments: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    judged: tuple[RuleOutcome, ...] = ()


NOTHING = Memberships()


def current(tx: Connection, person: Person, client_id: str | None, login: Login, now: int) -> Memberships:
    """A person's memberships and assignments at an application, in one statement. Evaluates rules if there is an assertion."""
    assertion = login.assertion
    rows = assignments.holdings(tx, person.id, client_id or "", now, partner=assertion.partner if assertion else None)
    # If the person signed in elsewhere after this login began, its assertion may be the older one: it can end memberships but
    # not give any. The login's own redemption does not count as another sign-in; neither does a session's visit (FA-26).
    since = login.progress.redeemed_at or login.created_at
    overtaken = person.answered_at is not None and person.answered_at > since
    judged = _judge(rows, assertion, overtaken=overtaken) if assertion is not None else {}
    holds = [row for row in rows if _counts(row, judged)]
    return Memberships(
        assignments=tuple(dict.fromkeys(row.assignment_id for row in holds if row.assignment_id is not None)),
        roles=tuple(sorted({row.role for row in holds if row.role})),
        groups=frozenset(row.group for row in holds if row.group_id is not None),
        judged=tuple(sorted(judged.values(), key=lambda one: (not one.verdict.matched, one.group))),
    )


def _judge(rows: Iterable[Holding], assertion: Assertion, *, overtaken: bool) -> dict[str, RuleOutcome]:
    """Evaluates the rule of every group that the person is in, or that this partner's people can be in."""
    ruled = {row.group_id: row for row in rows if row.group_id is not None and row.rule is not None}
    inside = {row.group_id for row in rows if row.member}
    judged = {}
    for group_id, row in ruled.items():
        verdict, was = _verdict(row.rule or "", assertion.partner, assertion.claims), group_id in inside
        judged[group_id] = RuleOutcome(
            group_id, row.group, _OVERTAKEN if overtaken and verdict.matched and not was else verdict, was
        )
    return judged


def _verdict(rule: str, partner: str, claims: Mapping[str, Any]) -> RuleVerdict:
    parsed = _parsed(rule)
    return _UNREADABLE if parsed is None else group_rule.judge(parsed, partner, claims)


@lru_cache(maxsize=1000)
def _parsed(rule: str) -> Rule | None:
    """A rule is checked before it is stored; a rule that cannot be read matches nobody."""
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
    """Updates the rows to the result of the rules; without a change it runs no statement."""
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
