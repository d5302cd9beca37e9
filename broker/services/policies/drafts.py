"""Drafts of policies: a text is checked as its file would be, replayed over past sign-ins, or written from a form. Nothing is stored."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from broker.domain.audit import Actor
from broker.domain.replay import PastSignIn, ReplayChange
from broker.domain.times import DAY, HOUR
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.policies import catalog, group_uses
from broker.services.policies.policies import rulebook
from broker.services.policies.replay import Changed, ReplayReport, from_database, run
from broker.services.rate_limits import RateLimits
from broker.settings import policy_draft
from broker.settings.draft import written
from broker.settings.policy_draft import PolicyDraft

SIGN_INS = 10_000  # that one replay evaluates, the newest
SECONDS = 10.0  # after which it stops
AN_HOUR = 60  # replays of one person
ROWS = 50  # of each kind of change
REFERENCES = 5  # of each row
LINES = 1_000  # of a difference


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChange:
    """What the draft changes for one person at one application. application: None for our own pages. receipts: the newest references."""

    change: ReplayChange
    person_id: str
    user: str
    application: str | None
    partner: str | None
    asked: tuple[str, ...]
    reasons: tuple[str, ...]
    sign_ins: int
    receipts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftReplay:
    """What a draft would have changed. draft: with its errors; then nothing was evaluated.

    sign_ins, people: by kind of change. is_cut: older sign-ins exist; is_late: the time ran out before the newest. by_network:
    sign-ins of which only the network is known. diff: (" ", "-" or "+", line) against the file in force. missing: in English.
    """

    draft: PolicyDraft
    judged: int = 0
    sign_ins: dict[ReplayChange, int] = field(default_factory=dict)
    people: dict[ReplayChange, int] = field(default_factory=dict)
    by_network: int = 0
    is_cut: bool = False
    is_late: bool = False
    rows: tuple[DraftChange, ...] = ()
    diff: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def unchanged(self) -> int:
        """Sign-ins to which the draft makes no difference."""
        return self.judged - sum(self.sign_ins.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWish:
    """What the form of a new policy asks for; an empty value is left out of the file."""

    id: str
    name: str
    state: str = "report_only"
    include: dict[str, Any] = field(default_factory=dict)
    exclude: dict[str, Any] = field(default_factory=dict)
    applications: tuple[str, ...] = ()
    excluded_applications: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    excluded_networks: tuple[str, ...] = ()
    partner_mfa: bool | None = None
    block: bool = False
    require: tuple[str, ...] = ()
    sign_in_frequency: str = ""


class PolicyDrafts:
    """Questions about policies that are in no file yet. Nothing here changes anything (PO-09)."""

    def __init__(self, core: Core, rate_limits: RateLimits, ticks: Callable[[], float] = time.monotonic) -> None:
        """ticks: seconds that pass, for the end of a replay."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._rate_limits = rate_limits
        self._ticks = ticks

    def text(self, actor: Actor, policy: str) -> str:
        """The text of a policy's file, to begin a draft with; "" if there is none. Raises Forbidden."""
        settings = self._settings()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_POLICIES, self._clock())
        return catalog.text_of(settings, policy) if policy in settings.policies else ""

    def replay(self, actor: Actor, policy: str, text: str, days: int) -> DraftReplay:
        """Evaluates the sign-ins of the last days as if this text were the file of the policy, next to the files in force.

        Raises Forbidden, TooManyAttempts.
        """
        settings, now = self._settings(), self._clock()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_POLICIES, now)
        found = policy_draft.check(settings, policy, text)
        if found.model is None:
            return DraftReplay(draft=found)
        self._rate_limits.hit(f"policy_replay:{actor.id}", limit=AN_HOUR, window=HOUR)
        with self._db.read() as tx:
            missing = tuple(f"policy {one.policy} {one.missing}" for one in group_uses.missing(tx, {policy: found.model}))
        since, watch = now - days * DAY, _Watch(self._ticks)
        past = watch.over(from_database(self._db, since, SIGN_INS))
        report = run(rulebook({**settings.policies, policy: found.model}), past, beside=rulebook(settings.policies))
        earlier = report.sign_ins >= SIGN_INS
        return DraftReplay(
            draft=found,
            judged=report.sign_ins,
            sign_ins={kind: sum(what.sign_ins for *_, what in report.of(kind)) for kind in ReplayChange},
            people={kind: len({person for person, *_ in report.of(kind)}) for kind in ReplayChange},
            by_network=report.by_network,
            is_cut=earlier,
            is_late=watch.is_over,
            rows=tuple(_rows(report)),
            diff=tuple(_diff(catalog.text_of(settings, policy) if policy in settings.policies else "", text)),
            missing=missing,
        )

    def written(self, actor: Actor, wish: PolicyWish) -> tuple[str, PolicyDraft]:
        """The YAML of a new policy, and its check. Raises Forbidden."""
        settings = self._settings()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.KEEP_POLICIES, self._clock())
        text = written(_data(wish))
        return text, policy_draft.check(settings, wish.id, text)


class _Watch:
    """Ends a replay when its time is over, so that no worker is held."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self.is_over = False

    def over(self, past: Iterable[PastSignIn]) -> Iterator[PastSignIn]:
        """The sign-ins, until the time is over."""
        end = self._ticks() + SECONDS
        for sign_in in past:
            if self._ticks() > end:
                self.is_over = True
                return
            yield sign_in


def _rows(report: ReplayReport) -> Iterator[DraftChange]:
    for kind in ReplayChange:
        for person, application, what in report.of(kind)[:ROWS]:
            yield _row(kind, person, application, what)


def _row(kind: ReplayChange, person: str, application: str | None, what: Changed) -> DraftChange:
    return DraftChange(
        change=kind,
        person_id=person,
        user=what.guest,
        application=application,
        partner=what.partner,
        asked=what.finding.asked,
        reasons=what.finding.reasons,
        sign_ins=what.sign_ins,
        receipts=tuple(reversed(what.receipts))[:REFERENCES],
    )


def _diff(before: str, after: str) -> list[tuple[str, str]]:
    """("-", "+" or " ", line) of a draft against the file: of the first lines only, because a comparison takes their square."""
    old, new = before.splitlines()[:LINES], after.splitlines()[:LINES]
    if old == new:
        return [(" ", line) for line in new]
    whole = difflib.unified_diff(old, new, n=LINES, lineterm="")
    return [(line[0], line[1:]) for line in islice(whole, 3, None)]  # its head are three lines


def _data(wish: PolicyWish) -> dict[str, Any]:
    """The keys of the file, in the order of the documents."""
    applications: dict[str, Any] = {"include": list(wish.applications)} if wish.applications else {}
    networks = {"include": list(wish.networks), "exclude": list(wish.excluded_networks)}
    conditions: dict[str, Any] = {"networks": {side: listed for side, listed in networks.items() if listed}}
    if wish.excluded_applications:
        applications["exclude"] = list(wish.excluded_applications)
    grant: dict[str, Any] = {"block": True} if wish.block else {}
    parts = {
        "users": {"include": wish.include, **({"exclude": wish.exclude} if wish.exclude else {})},
        "applications": applications,
        "conditions": {
            key: value for key, value in {**conditions, "partner_mfa": wish.partner_mfa}.items() if value not in ({}, None)
        },
        "grant": {**grant, **({"require": list(wish.require)} if wish.require else {})},
        "session": {"sign_in_frequency": wish.sign_in_frequency} if wish.sign_in_frequency else {},
    }
    return {"name": wish.name, "state": wish.state, **{key: value for key, value in parts.items() if value}}
