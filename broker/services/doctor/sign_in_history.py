"""Evaluates recent sign-ins at a partner: refusals, people who did not return, missing claims, clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.domain.receipt import Outcome, Receipt
from broker.domain.times import DAY, iso
from broker.services.doctor import advice, assertion_claims
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.settings.model import PartnerFile

NEWEST = 50  # sign-ins that are evaluated
DRIFT = 20  # seconds of difference that get a warning; more than 60 refuse
AWAY = 300  # seconds at the partner after which a person may not return
LOST = 3  # people who did not return, before that counts as a fault

_DISTANCE = re.compile(r"\b(?:iat|IssueInstant) ([+-]\d{1,10})\b")


@dataclass(slots=True)
class Refusal:
    """One reason: how often, when last, and the detail of that time."""

    reason: str
    count: int = 0
    last: int = 0
    detail: str = ""
    reference: str = ""


@dataclass(slots=True)
class Past:
    """The receipts of one partner, newest first, by kind."""

    receipts: Sequence[Receipt]
    refusals: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    vouched: list[Mapping[str, Any]] = field(default_factory=list)
    forced: list[bool] = field(default_factory=list)  # for each required fresh proof: whether auth_time arrived
    last_vouched: int = 0  # when the partner last signed somebody in
    skews: list[tuple[int, int]] = field(default_factory=list)  # (when, seconds that iat or IssueInstant was ahead of our clock)
    waiting: Sequence[int] = ()  # when people were sent to the partner who may still return

    def __post_init__(self) -> None:
        for receipt in self.receipts:
            self._read(receipt)
        self.skews.sort(key=lambda skew: -skew[0])

    def _read(self, receipt: Receipt) -> None:
        told: set[tuple[str, str]] = set()
        asked = False
        for step in receipt.steps:
            name, result = step.get("step"), step.get("result")
            if name == "upstream" and result == "sent":
                fresh = step.get("fresh", step.get("anew"))  # `anew`: receipts before December 2026
                asked = bool(fresh) or step.get("max_age") is not None
            elif name == "upstream" and result == "vouched":
                self.vouched.append(step)
                self.last_vouched = max(self.last_vouched, int(step.get("at", receipt.at)))
                if asked:
                    self.forced.append("auth_time" in step)
                self.skews.append((int(step.get("at", receipt.at)), int(step.get("skew", 0))))
            elif (name == "upstream" and result == "refused") or name == "denied":
                self._refused(receipt, step, told)

    def _refused(self, receipt: Receipt, step: Mapping[str, Any], told: set[tuple[str, str]]) -> None:
        reason, detail = str(step.get("reason", "")), str(step.get("detail", ""))
        key = (reason, advice.of(reason, detail).change)
        found = self.refusals.setdefault(key, Refusal(reason))
        found.count += key not in told
        told.add(key)
        at = int(step.get("at", receipt.at))
        if at >= found.last:
            found.last, found.detail, found.reference = at, detail, receipt.request_id
        distance = _DISTANCE.search(detail) if reason in ("idtoken_time", "saml_time") else None
        if distance:
            self.skews.append((at, int(distance[1])))

    @property
    def last_success(self) -> int:
        """The time of the newest completed sign-in; 0 if there is none."""
        return max((receipt.at for receipt in self.receipts if receipt.outcome is Outcome.ALLOWED), default=0)


def look(past: Past, partner: PartnerFile, registered: str, clock: int | None = None) -> Iterator[Finding]:
    """Everything that past sign-ins show about this partner.

    registered: what must be registered there. clock: seconds that its server is ahead of us now, if that is known.
    """
    yield _summary(past)
    yield from _refusals(past)
    yield from _lost(past, registered)
    yield from _clock(past, clock)
    if past.vouched:
        yield from assertion_claims.look(past.vouched, past.forced, partner)


def _summary(past: Past) -> Finding:
    if not past.receipts:
        return ok("sign_ins", "nobody has signed in here yet, or the receipts are gone (retention.receipts)")
    number = {outcome: sum(r.outcome is outcome for r in past.receipts) for outcome in Outcome}
    counts = ", ".join(f"{count} {outcome.value}" for outcome, count in number.items() if count)
    last = f"; the last success {iso(past.last_success)}" if past.last_success else ""
    newest = f"the newest {len(past.receipts)} sign-ins" if len(past.receipts) > 1 else "the only sign-in"
    seen = f"{newest}: {counts}{last}"
    if past.last_success or not number[Outcome.FAILED]:
        return ok("sign_ins", seen)
    return Finding(
        Level.WARNING, "sign_ins", seen, "at least one that succeeded", Side.OURS, "read the failures below; the newest first"
    )


def _refusals(past: Past) -> Iterator[Finding]:
    """A refusal is a problem until a sign-in succeeds after it; a refusal by a rule or a person is a warning at most."""
    for refusal in sorted(past.refusals.values(), key=lambda r: -r.last):
        said = advice.of(refusal.reason, refusal.detail)
        over = said.rule or past.last_success > refusal.last
        detail = f": {refusal.detail}" if refusal.detail else ""
        since = "; sign-ins succeeded since" if past.last_success > refusal.last and not said.rule else ""
        times = "once" if refusal.count == 1 else f"in {refusal.count} sign-ins"
        seen = f"{refusal.reason} {times}, last {iso(refusal.last)} ({refusal.reference}){detail}{since}"
        level = Level.WARNING if over else Level.PROBLEM
        yield Finding(level, "past_failures", seen, said.expected, said.side, said.change)


def _lost(past: Past, registered: str) -> Iterator[Finding]:
    """People who did not return: a provider shows its own error page for an unknown redirect URI or client."""
    lost = [r for r in past.receipts if r.outcome is Outcome.ABANDONED and r.reason == "left at the partner"]
    away = [at for at in past.waiting if at >= past.last_vouched]
    count = len(lost) + len(past.waiting)
    if count < LOST and not away:
        return
    nobody = not past.vouched
    still = f", {len(past.waiting)} of them within the last hour" if past.waiting else ""
    people = "1 person" if count == 1 else f"{count} people"
    yield Finding(
        Level.PROBLEM if nobody and count >= LOST else Level.WARNING,
        "left_at_partner",
        f"{people} went to the partner and did not come back{still}" + (", and nobody else did" if nobody else ""),
        registered,
        Side.PARTNER,
        "compare what is registered character by character, and who may use our client there",
    )


def _clock(past: Past, now: int | None) -> Iterator[Finding]:
    """The clock by iat or IssueInstant of the last response, accepted or not; a corrected clock counts at once (FC-13)."""
    if not past.skews:
        return
    last = past.skews[0][1]
    if abs(last) <= DRIFT:
        before = next((skew for _, skew in past.skews if abs(skew) > DRIFT), None)
        earlier = f"; earlier it was {before:+d} s" if before is not None else ""
        yield ok("clock_in_tokens", f"the time in the last answer is {last:+d} s from our clock{earlier}")
        return
    is_set = now is not None and abs(now) <= DRIFT
    yield Finding(
        Level.WARNING if abs(last) <= 60 or is_set else Level.PROBLEM,
        "clock_in_tokens",
        f"the time in the last answer is {last:+d} s from our clock" + ("; its server's clock is right by now" if is_set else ""),
        "a few seconds; beyond 60 every sign-in fails (idtoken_time, saml_time)",
        Side.PARTNER if abs(last) < 10 * DAY else Side.OURS,
        "sign in once: the next answer shows whether it was set"
        if is_set
        else "set the clock that is wrong by NTP; compare both with a third one",
    )
