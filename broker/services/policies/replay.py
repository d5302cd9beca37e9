"""Policy replay: evaluates stored sign-ins under the current policies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.domain.gates import CLOCK_SKEW
from broker.domain.guest import PersonKind
from broker.domain.policy import Circumstances, Rulebook
from broker.domain.receipt import Receipt
from broker.domain.replay import PastSignIn, ReplayChange, ReplayFinding, compare
from broker.storage.engine import Database
from broker.storage.login import receipts

SHOWN = 20  # receipts that a change lists, the newest; the report also has their number
EVERY = 1000  # sign-ins between two reports of progress
_BLOCKS = ("policy_blocked", "policy_error")


@dataclass(slots=True)
class Changed:
    """A change for one person at one application, and its sign-ins. guest: the address, or its mark."""

    finding: ReplayFinding
    partner: str | None
    guest: str
    sign_ins: int = 0
    receipts: deque[str] = field(default_factory=lambda: deque(maxlen=SHOWN))
    last: int = 0


@dataclass(slots=True)
class ReplayReport:
    """The result of a replay. Its size depends on the number of people and applications, not of sign-ins.

    by_network: sign-ins with a shortened address under a policy with networks. An included network matches if it overlaps, an
    excluded one only if it contains the whole, so an ambiguous address counts against the sign-in.
    """

    sign_ins: int = 0
    by_network: int = 0
    changes: dict[tuple[ReplayChange, str, str | None], Changed] = field(default_factory=dict)

    def of(self, change: ReplayChange) -> list[tuple[str, str | None, Changed]]:
        """(person, application, change) of one kind, those with most sign-ins first."""
        found = [(person, application, what) for (kind, person, application), what in self.changes.items() if kind is change]
        return sorted(found, key=lambda entry: (-entry[2].sign_ins, entry[0], entry[1] or ""))


def run(
    book: Rulebook,
    past: Iterable[PastSignIn],
    progress: Callable[[int], None] | None = None,
    *,
    beside: Rulebook | None = None,
) -> ReplayReport:
    """Evaluates every sign-in again. progress: called with their number now and then.

    beside: other policies; a change that they make as well is not counted.
    """
    report = ReplayReport()
    with_networks = {rule.policy.id for rule in book.all() if rule.policy.networks or rule.policy.excluded_networks}
    for sign_in in past:
        report.sign_ins += 1
        if progress is not None and report.sign_ins % EVERY == 0:
            progress(report.sign_ins)
        about = sign_in.circumstances
        if with_networks and "/" in about.address and any(r.policy.id in with_networks for r in book.about(about.application)):
            report.by_network += 1
        finding = compare(book, sign_in)
        if finding is None or (beside is not None and _same(finding, compare(beside, sign_in))):
            continue
        key = (finding.change, sign_in.person, about.application)
        changed = report.changes.setdefault(key, Changed(finding, about.partner, about.guest))
        changed.finding, changed.partner = finding, about.partner
        changed.sign_ins += 1
        changed.last = sign_in.at
        changed.receipts.append(sign_in.receipt)
    return report


def _same(finding: ReplayFinding, other: ReplayFinding | None) -> bool:
    return other is not None and (finding.change, finding.asked) == (other.change, other.asked)


def from_database(db: Database, since: int, newest: int | None = None) -> Iterator[PastSignIn]:
    """Every stored sign-in since a time in which policies were evaluated, in batches. newest: at most so many, the newest."""
    after = (since, "")
    if newest is not None:
        with db.read() as tx:
            after = receipts.before_newest(tx, since, newest) or after
    while True:
        with db.read() as tx:
            batch = receipts.judged(tx, after)
        if not batch:
            return
        for receipt, email, kind in batch:
            yield past_of(receipt, email, kind)
        after = (batch[-1][0].at, batch[-1][0].id)


def past_of(receipt: Receipt, email: str, kind: PersonKind) -> PastSignIn:
    """A receipt as the replay reads it: recorded groups, network and proof, and the person's current address."""
    facts = receipt.facts
    counted = tuple(
        policy["id"] for policy in receipt.policies if policy["state"] != "report_only" and policy["result"] != "not_matched"
    )
    return PastSignIn(
        receipt=receipt.request_id,
        at=receipt.at,
        person=receipt.person_id or "",
        circumstances=Circumstances(
            kind=kind,
            guest=email,
            groups=frozenset(facts.get("groups", ())),
            partner=receipt.partner,
            application=receipt.application,
            address=receipt.address,
            partner_mfa=facts.get("partner_mfa") is True,
        ),
        acr=str(facts.get("acr", "")),
        proof_age=_age(facts),
        terms_accepted=facts.get("terms_accepted") is True,
        blocked=receipt.error == "policy_blocked" and receipt.reason in _BLOCKS,
        required=frozenset(facts.get("required", ())),
        policies=counted,
    )


def _age(facts: Mapping[str, Any]) -> int | None:
    """The age of the sign-in as the gates count it (`is_young`): one of that login at its beginning, with their leeway."""
    known, now = facts.get("auth_time"), facts.get("asserted_now") is True
    began = facts.get("started_at") if now else facts.get("now")
    if known is None or began is None:
        return None
    leeway = 1 + (CLOCK_SKEW if facts.get("freshness_asked") is True else 0) if now else 0
    return max(0, int(began) - int(known) - leeway)


def shown(report: ReplayReport, *, by_address: bool) -> dict[str, Any]:
    """The report as JSON. by_address: the sign-ins are those of our database, not of an export."""

    def change(person: str, application: str | None, what: Changed) -> dict[str, Any]:
        return {
            "user": what.guest if by_address else None,
            "person_id": person,
            "application": application,
            "partner": what.partner,
            "policies": list(what.finding.policies),
            "asked": list(what.finding.asked),
            "reasons": list(what.finding.reasons),
            "sign_ins": what.sign_ins,
            "last": what.last,
            "receipts": list(reversed(what.receipts)),
        }

    changes = {kind.value: [change(*entry) for entry in report.of(kind)] for kind in ReplayChange}
    return {"sign_ins": report.sign_ins, "by_network": report.by_network, **changes}
