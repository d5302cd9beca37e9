"""Policies of conditional access: their records, and what they can read of a sign-in.

broker/services/policies/policies.py makes them from config/policies/; domain/policy_decision.py evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Self

from broker.domain import assurance
from broker.domain.guest import PersonKind
from broker.domain.network import network_of
from broker.domain.times import DAY, HOUR, MINUTE


class Net(NamedTuple):
    """A network as two numbers, which are ten times faster to compare than those of `ipaddress`."""

    version: int
    first: int
    last: int
    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        """An address or a network; IPv4 inside IPv6 is IPv4. Raises ValueError."""
        parsed = network_of(text)
        return cls(parsed.version, int(parsed.network_address), int(parsed.broadcast_address), str(parsed))


class Mode(StrEnum):
    """Whether a policy is in force: report_only is evaluated and shown in receipts, but changes nothing."""

    ENABLED = "enabled"
    REPORT_ONLY = "report_only"
    DISABLED = "disabled"


class Requirement(StrEnum):
    """What a policy can require; every requirement must be met."""

    MFA = "mfa"
    PHISHING_RESISTANT = "phishing_resistant_mfa"
    TERMS = "terms_of_use"


WORDS: Mapping[str, str] = {
    Requirement.MFA: "multi-factor authentication",
    Requirement.PHISHING_RESISTANT: "phishing-resistant multi-factor authentication",
    Requirement.TERMS: "the terms of use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSelector:
    """Selects the people whom any of its keys names.

    guests: canonical addresses, or their marks in an export. groups: names of our groups, folded.
    """

    all_guests: bool = False
    guests: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()
    members: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One file. applications: None selects all, our own pages included. sign_in_frequency: seconds that a sign-in lasts."""

    id: str
    include: PersonSelector
    state: str = Mode.ENABLED
    exclude: PersonSelector = PersonSelector()
    applications: frozenset[str] | None = None
    excluded_applications: frozenset[str] = frozenset()
    networks: tuple[Net, ...] = ()
    excluded_networks: tuple[Net, ...] = ()
    partner_mfa: bool | None = None
    block: bool = False
    require: frozenset[str] = frozenset()
    sign_in_frequency: int | None = None

    @property
    def wants(self) -> str:
        """What the policy requires, in plain language."""
        if self.block:
            return "denies access"
        asked = [WORDS.get(word, word) for word in sorted(self.require)]
        if self.sign_in_frequency is not None:
            asked.append(f"a sign-in not older than {span(self.sign_in_frequency)}")
        return f"asks for {' and '.join(asked)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What policies can read of one sign-in.

    guest: the canonical address of the person's record, or its mark in an export. application: None for our own pages. address:
    of the browser, or the network that a stored address was shortened to. elsewhere: no address is given, and the sign-in is in
    none of the networks that a policy names (what-if without --ip).
    """

    kind: PersonKind
    guest: str
    groups: frozenset[str]
    partner: str | None
    application: str | None
    address: str
    partner_mfa: bool = False
    elsewhere: bool = False


class Result(NamedTuple):
    """The result of one policy: blocked, required, not_matched or error. reason: in plain language, without personal values."""

    id: str
    state: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVerdict:
    """The combined result of all policies. refusal: None, `policy_blocked` or `policy_error`.

    require and sign_in_frequency are those of enabled policies that match; results: of every policy that is about this
    person at this application, report-only ones too, in the order of their ids.
    """

    refusal: str | None = None
    require: frozenset[str] = frozenset()
    sign_in_frequency: int | None = None
    results: tuple[Result, ...] = ()

    @property
    def outcome(self) -> str:
        """`allowed` or `blocked`."""
        return "allowed" if self.refusal is None else "blocked"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in plain language: one sentence for each policy that counted; never empty."""
        counted = tuple(f"{r.id}: {r.reason}" for r in self.results if r.state != Mode.REPORT_ONLY and r.result != "not_matched")
        return counted or ("no policy in force is about this sign-in",)


class PolicyRule(NamedTuple):
    """A prepared policy: its requirements in words, whether this version knows all of them, and whether it excludes people."""

    policy: Policy
    wants: str
    is_known: bool
    excludes: bool

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Called once for each version of the files."""
        return cls(policy, policy.wants, policy.state in _STATES and policy.require <= _WORDS, policy.exclude != PersonSelector())


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Prepared policies by application, in the order of their ids, without disabled ones.

    everywhere: for our own pages and for applications that no policy names; a policy with unknown words applies everywhere.
    """

    everywhere: tuple[PolicyRule, ...] = ()
    named: Mapping[str, tuple[PolicyRule, ...]] = field(default_factory=dict)
    by_id: Mapping[str, PolicyRule] = field(default_factory=dict)

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> Rulebook:
        """Called once for each version of the files: 1,000 policies take some milliseconds."""
        ready = [PolicyRule.of(p) for p in sorted(policies, key=lambda p: p.id) if p.state != Mode.DISABLED]
        everywhere = tuple(rule for rule in ready if rule.policy.applications is None or not rule.is_known)
        named: dict[str, list[PolicyRule]] = {}
        for rule in ready:
            for client in rule.policy.applications or ():
                named.setdefault(client, []).extend([rule] if rule.is_known else [])
        at = {client: tuple(sorted((*rules, *everywhere), key=lambda rule: rule.policy.id)) for client, rules in named.items()}
        return cls(everywhere, at, {rule.policy.id: rule for rule in ready})

    def about(self, application: str | None) -> tuple[PolicyRule, ...]:
        """The policies that can be about sign-ins at an application; None: at our own pages."""
        return self.everywhere if application is None else self.named.get(application, self.everywhere)

    def all(self) -> tuple[PolicyRule, ...]:
        """Every policy that is not disabled."""
        return tuple(self.by_id.values())


_STATES = frozenset(mode.value for mode in Mode)
_WORDS = frozenset(word.value for word in Requirement)


def unmet(required: Iterable[str], *, acr: str, terms_accepted: bool = False) -> tuple[str, ...]:
    """The requirements that a proof does not meet, sorted; an unknown requirement is never met (PO-02)."""
    rank = assurance.rank(acr)
    met: dict[str, bool] = {
        Requirement.MFA: rank >= assurance.rank(assurance.MFA),
        Requirement.PHISHING_RESISTANT: rank >= assurance.rank(assurance.PHISHING_RESISTANT),
        Requirement.TERMS: terms_accepted,
    }
    return tuple(word for word in sorted(required) if not met.get(word, False))


def span(seconds: int) -> str:
    """`4h` of 14400: the largest unit that divides it."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
