"""Evaluates the policies for one sign-in. It is pure and total: an unknown fact or a failure denies (PO-02).

Every policy that matches applies: a block wins, requirements add up, the shortest frequency counts. One more policy never
grants more, and the order of policies does not matter.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from broker.domain.group import folded
from broker.domain.guest import PersonKind
from broker.domain.policy import Circumstances, Mode, Net, PersonSelector, Policy, PolicyVerdict, Result, Rulebook

# An enum's member costs more to look up than to compare.
_GUEST, _MEMBER, _REPORT_ONLY = PersonKind.GUEST, PersonKind.MEMBER, str(Mode.REPORT_ONLY)


class _CannotTell(Exception):
    """A fact that this policy reads is missing or invalid."""


class _Known:
    """What several policies read of one sign-in, computed when the first one needs it."""

    def __init__(self, c: Circumstances) -> None:
        self._c = c

    @cached_property
    def groups(self) -> dict[str, str]:
        """Names of groups as they are compared -> as they are written."""
        return {folded(name): name for name in sorted(self._c.groups)}

    @cached_property
    def folded(self) -> frozenset[str]:
        """As they are compared, for the look-up of a policy's names."""
        return frozenset(self.groups)

    @cached_property
    def net(self) -> Net:
        """The network that the sign-in came from, usually one address. SC-09: an unreadable one denies."""
        try:
            return Net.of(self._c.address)
        except ValueError:
            raise _CannotTell("the network address of the sign-in is not known") from None


def judge(book: Rulebook, c: Circumstances, *, everything: bool = False) -> PolicyVerdict:
    """The verdict of all policies. everything: include results of policies about other people or applications."""
    problem = _problem(c)
    rules = book.all() if everything or problem is not None else book.about(c.application)
    if not rules:
        return PolicyVerdict()
    known = _Known(c)
    results: list[Result] = []
    counting: list[tuple[Policy, str]] = []
    for policy, wants, is_known, excludes in rules:
        try:
            if problem is not None or not is_known:
                raise _CannotTell(problem or "it has a state or a requirement that this version does not know")
            matched, reason = _matches(policy, c, known, excludes=excludes)
            if not matched and not reason and not everything:
                continue
            result = "not_matched" if not matched else "blocked" if policy.block else "required"
            reason = f"about {reason}: {wants}" if matched else reason or "is about other people"
        except Exception as error:  # noqa: BLE001 - any failure denies; an exception never grants access
            matched, result, reason = True, "error", f"could not be judged: {_problem_of(error)}"
        results.append(Result(policy.id, policy.state, result, reason))
        if matched and policy.state != _REPORT_ONLY:
            counting.append((policy, result))
    return _sum(counting, tuple(results))


def _sum(counting: list[tuple[Policy, str]], results: tuple[Result, ...]) -> PolicyVerdict:
    """Combines the policies that match and are in force: a block wins, then an error; requirements add up."""
    refusal: str | None = None
    require: frozenset[str] = frozenset()
    frequency: int | None = None
    for policy, result in counting:
        if result == "error":
            refusal = refusal or "policy_error"
        elif policy.block:
            refusal = "policy_blocked"
        else:
            if not policy.require <= require:
                require |= policy.require
            if policy.sign_in_frequency is not None and (frequency is None or policy.sign_in_frequency < frequency):
                frequency = policy.sign_in_frequency
    return PolicyVerdict(refusal=refusal, require=require, sign_in_frequency=frequency, results=results)


def _problem_of(error: Exception) -> str:
    return str(error) if isinstance(error, _CannotTell) else f"internal error ({type(error).__name__})"


def _problem(c: Circumstances) -> str | None:
    """PO-05: facts of a wrong type are never compared; every policy in force denies then."""
    texts: tuple[Any, ...] = (
        c.guest,
        c.address,
        "" if c.partner is None else c.partner,
        "" if c.application is None else c.application,
    )
    kind: Any = c.kind
    groups: Any = c.groups
    if type(kind) is not PersonKind or any(type(text) is not str for text in texts):
        return "the person, the partner, the application or the network address is not known"
    if type(groups) is not frozenset or any(type(name) is not str for name in groups):
        return "the person's groups are not known"
    proven: Any = c.partner_mfa
    if type(proven) is not bool:
        return "whether the partner did multi-factor authentication is not known"
    return None


def _matches(p: Policy, c: Circumstances, known: _Known, *, excludes: bool) -> tuple[bool, str]:
    """Whether the policy is about this sign-in, and through what; or why not, empty for other people and applications."""
    if p.applications is not None and c.application not in p.applications:
        return False, ""
    if c.application in p.excluded_applications:
        return False, "leaves this application out"
    who = _named(p.include, c, known)
    if who is None:
        return False, ""
    left_out = _named(p.exclude, c, known) if excludes else None
    if left_out is not None:
        return False, f"leaves out {left_out}"
    if p.partner_mfa is not None and c.partner_mfa is not p.partner_mfa:
        word = "with" if p.partner_mfa else "without"
        return False, f"is about sign-ins {word} a trusted partner's multi-factor authentication"
    if p.networks or p.excluded_networks:
        return _from_where(p, c, who, known)
    return True, who


def _from_where(p: Policy, c: Circumstances, who: str, known: _Known) -> tuple[bool, str]:
    """The network conditions. A shortened address counts against the sign-in where it is ambiguous (HT-19)."""
    if c.elsewhere:
        return (False, "is about other networks") if p.networks else (True, who)
    version, first, last, _ = known.net
    for net in p.networks:
        if net[0] == version and first <= net[2] and net[1] <= last:
            break
    else:
        if p.networks:
            return False, "is about other networks"
    for net in p.excluded_networks:
        if net[0] == version and net[1] <= first and last <= net[2]:
            return False, f"leaves out the network {net.text}"
    return True, who


def _named(selector: PersonSelector, c: Circumstances, known: _Known) -> str | None:
    """The part of the selector that names this person; None if none does."""
    if selector.all_guests and c.kind is _GUEST:
        return "all guests"
    if selector.members and c.kind is _MEMBER:
        return "members"
    if selector.guests:
        if not c.guest:
            raise _CannotTell("the person's address is not known")
        if c.guest in selector.guests:
            return "this guest by address"
    if selector.groups and not selector.groups.isdisjoint(known.folded):
        return f"the group {known.groups[min(selector.groups & known.folded)]}"
    if selector.partners:
        if c.partner is None:
            raise _CannotTell("the partner is not known")
        federation, _, entity = c.partner.partition("/")
        if c.partner in selector.partners or (entity and federation in selector.partners):
            return f"people of {c.partner}"
    return None
