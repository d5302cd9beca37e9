"""Policies at their edges: networks beside, above and below, words that nobody knows, and what receipts are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.domain.assurance import MFA, PHISHING_RESISTANT
from broker.domain.guest import PersonKind
from broker.domain.policy import (
    Circumstances,
    Mode,
    Net,
    PersonSelector,
    Policy,
    PolicyVerdict,
    Requirement,
    Result,
    Rulebook,
    unmet,
)
from broker.domain.policy_decision import judge

GUESTS = PersonSelector(all_guests=True)
ADA = Circumstances(
    kind=PersonKind.GUEST, guest="ada@fabrikam.example", groups=frozenset({"contractors"}), partner="fabrikam", application="payroll",
    address="192.0.2.7",
)  # fmt: skip


def policy(**values: Any) -> Policy:
    """A block of all guests everywhere, but for what is given."""
    return Policy(**{"id": "p", "include": GUESTS, "block": True, **values})


def said(*policies: Policy, everything: bool = False, **change: Any) -> PolicyVerdict:
    """What the policies say of Ada, or of somebody who differs from her in this."""
    return judge(Rulebook.of(policies), replace(ADA, **change), everything=everything)


def nets(*texts: str) -> tuple[Net, ...]:
    """Networks."""
    return tuple(map(Net.of, texts))


def test_words_of_the_contract() -> None:
    """PO-02: the words that a policy's file may say are these, exactly."""
    assert [mode.value for mode in Mode] == ["enabled", "report_only", "disabled"]
    assert [word.value for word in Requirement] == ["mfa", "phishing_resistant_mfa", "terms_of_use"]


def test_what_is_not_said_is_no() -> None:
    """PO-02: a policy that does not say block does not block; nothing is proven, known or accepted by leaving it out."""
    asks = Policy(id="p", include=GUESTS, require=frozenset({"mfa"}))
    assert (asks.block, asks.state, asks.applications) == (False, "enabled", None)
    assert said(asks) == PolicyVerdict(
        require=frozenset({"mfa"}),
        results=(Result("p", "enabled", "required", "about all guests: asks for multi-factor authentication"),),
    )
    new = Circumstances(kind=PersonKind.GUEST, guest="", groups=frozenset(), partner=None, application=None, address="")
    assert (new.partner_mfa, new.elsewhere) == (False, False)
    assert PersonSelector() == PersonSelector(
        all_guests=False, guests=frozenset(), groups=frozenset(), partners=frozenset(), members=False
    )
    assert unmet(["terms_of_use", "mfa"], acr=PHISHING_RESISTANT) == ("terms_of_use",)
    assert unmet(["phishing_resistant_mfa"], acr=PHISHING_RESISTANT) == ()
    assert unmet(["phishing_resistant_mfa"], acr=MFA) == ("phishing_resistant_mfa",)


@pytest.mark.parametrize(
    ("values", "address", "matches"),
    [
        ({"networks": nets("203.0.113.0/24")}, "192.0.2.7", False),
        ({"networks": nets("203.0.113.0/24")}, "203.0.112.255", False),
        ({"networks": nets("203.0.113.0/24")}, "203.0.113.0", True),
        ({"networks": nets("203.0.113.0/24")}, "203.0.113.255", True),
        ({"networks": nets("203.0.113.0/24")}, "203.0.114.0", False),
        ({"networks": nets("::/64")}, "192.0.2.7", False),  # the numbers of IPv4 lie within those of IPv6
        ({"networks": nets("0.0.0.0/0")}, "::c000:207", False),
        ({"excluded_networks": nets("203.0.113.0/24")}, "203.0.112.255", True),
        ({"excluded_networks": nets("203.0.113.0/24")}, "203.0.113.0", False),
        ({"excluded_networks": nets("203.0.113.0/24")}, "203.0.113.255", False),
        ({"excluded_networks": nets("203.0.113.0/24")}, "203.0.114.0", True),
        ({"excluded_networks": nets("::/64")}, "192.0.2.7", True),
        ({"excluded_networks": nets("0.0.0.0/0")}, "::c000:207", True),
    ],
)
def test_edges_of_a_network(values: dict[str, Any], address: str, matches: bool) -> None:
    """SC-09, PO-04: first and last address of a network, the ones beside it, and the other family's of the same number."""
    assert (said(policy(**values), address=address).refusal == "policy_blocked") is matches


def test_ipv4_inside_ipv6() -> None:
    """SC-09: an address or a network written in the other family is that one; what holds more than IPv4 is IPv6."""
    assert Net.of("::ffff:192.0.2.7") == Net.of("192.0.2.7")
    assert Net.of("::ffff:192.0.2.0/120") == Net.of("192.0.2.0/24")
    assert Net.of("::ffff:0:0/96") == Net.of("0.0.0.0/0")
    assert [Net.of(text).version for text in ("::fffe:0:0/95", "::/96", "::ffff:0:0:0/96")] == [6, 6, 6]
    assert said(policy(networks=nets("::ffff:192.0.2.0/120"))).refusal == "policy_blocked"


def test_the_shortest_frequency_counts() -> None:
    """PO-04: in whatever order, and beside policies that ask for none."""
    hour, day = (Policy(id=name, include=GUESTS, sign_in_frequency=seconds) for name, seconds in (("h", 3600), ("d", 86400)))
    none = Policy(id="n", include=GUESTS, require=frozenset({"mfa"}))
    for names in (("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")):
        asked = [replace(one, id=name) for one, name in zip((hour, day, none), names, strict=True)]
        assert said(*asked).sign_in_frequency == 3600


def test_what_a_receipt_is_told() -> None:
    """PO-02, HT-19: result and reason of each policy that is about this person here; with `everything` of the others too."""
    elsewhere = policy(id="a", applications=frozenset({"travel"}))
    others = policy(id="b", include=PersonSelector(members=True))
    out = policy(id="c", excluded_applications=frozenset({"payroll"}))
    blocks = policy(id="d")
    asks = policy(id="e", block=False, require=frozenset({"mfa"}), sign_in_frequency=3600)
    verdict = said(elsewhere, others, out, blocks, asks)
    assert verdict.results == (
        Result("c", "enabled", "not_matched", "leaves this application out"),
        Result("d", "enabled", "blocked", "about all guests: denies access"),
        Result(
            "e", "enabled", "required", "about all guests: asks for multi-factor authentication and a sign-in not older than 1h"
        ),
    )
    assert verdict.reasons == tuple(f"{r.id}: {r.reason}" for r in verdict.results[1:])
    told = said(elsewhere, others, out, blocks, asks, everything=True).results
    assert told[:2] == tuple(Result(name, "enabled", "not_matched", "is about other people") for name in "ab")
    assert told[2:] == verdict.results
    assert (
        said(policy(include=PersonSelector(members=True)), kind=PersonKind.MEMBER).results[0].reason.startswith("about members: ")
    )


def test_a_policy_that_is_not_understood_counts_everywhere() -> None:
    """PO-02: a word that this version does not know refuses, also where the file names one application; but it is told once."""
    odd = policy(id="a", applications=frozenset({"payroll"}), require=frozenset({"retina"}))
    plain = policy(id="b", applications=frozenset({"travel"}))
    book = Rulebook.of([odd, plain])
    for application, names in (("payroll", "a"), ("travel", "ab"), ("other", "a"), (None, "a")):
        assert "".join(rule.policy.id for rule in book.about(application)) == names
        assert judge(book, replace(ADA, application=application)).refusal in {"policy_error", "policy_blocked"}
    assert said(odd).results[0].reason == "could not be judged: it has a state or a requirement that this version does not know"
    every = policy(id="c", block=False, require=frozenset(Requirement))
    assert said(every).results[0].result == "required"  # all that are known is still known
    ordered = Rulebook.of([policy(id="b"), policy(id="a", applications=frozenset({"payroll"})), policy(id="c")])
    assert [rule.policy.id for rule in ordered.about("payroll")] == ["a", "b", "c"]
    assert [rule.policy.id for rule in ordered.about(None)] == ["b", "c"]


@pytest.mark.parametrize(
    ("values", "change", "reason"),
    [
        ({"networks": nets("0.0.0.0/0")}, {"address": "nowhere"}, "the network address of the sign-in is not known"),
        ({"include": PersonSelector(guests=frozenset({"x"}))}, {"guest": ""}, "the person's address is not known"),
        ({"include": PersonSelector(partners=frozenset({"x"}))}, {"partner": None}, "the partner is not known"),
        ({}, {"groups": frozenset({"a", 1})}, "the person's groups are not known"),
    ],
)
def test_what_cannot_be_told_is_a_no(values: dict[str, Any], change: dict[str, Any], reason: str) -> None:
    """PO-02, PO-05: a fact that a policy asks for and that is missing refuses, and the receipt says which."""
    verdict = said(policy(**values, state="enabled"), **change)
    assert (verdict.refusal, verdict.results[0].reason) == ("policy_error", f"could not be judged: {reason}")


def test_what_nobody_asks_for_may_be_missing() -> None:
    """PO-05: no partner and no address are no problem for a policy that names neither."""
    asks = policy(block=False, require=frozenset({"mfa"}))
    assert said(asks, partner=None, application=None).refusal is None
    about = policy(include=PersonSelector(groups=frozenset({"auditors"}), members=True))
    assert said(about, guest="", partner=None).refusal is None


@pytest.mark.parametrize(("proven", "word"), [(True, "with"), (False, "without")])
def test_the_partners_proof_in_words(proven: bool, word: str) -> None:
    """PO-04, HT-19: why a policy about the partner's proof is not about this sign-in."""
    told = said(policy(partner_mfa=proven), partner_mfa=not proven).results
    assert [one.reason for one in told] == [f"is about sign-ins {word} a trusted partner's multi-factor authentication"]
