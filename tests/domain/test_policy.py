"""Policies as tables, and what must hold for any policies and any sign-in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.assurance import MFA, PHISHING_RESISTANT, SFA
from broker.domain.guest import PersonKind
from broker.domain.policy import Circumstances, Mode, Net, PersonSelector, Policy, PolicyVerdict, Rulebook, span, unmet
from broker.domain.policy_decision import judge

ADA = Circumstances(
    kind=PersonKind.GUEST,
    guest="ada@fabrikam.example",
    groups=frozenset({"Contractors"}),
    partner="fabrikam",
    application="payroll",
    address="192.0.2.7",
)
GUESTS = PersonSelector(all_guests=True)
OFFICE, WORLD = (Net.of("192.0.2.0/24"),), (Net.of("0.0.0.0/0"), Net.of("::/0"))


def policy(**values: Any) -> Policy:
    """A block of all guests everywhere, but for what is given."""
    return Policy(**{"id": "p", "include": GUESTS, "block": True, **values})


def said(*policies: Policy, **change: Any) -> PolicyVerdict:
    """What the policies say of Ada, or of somebody who differs from her in this."""
    return judge(Rulebook.of(policies), replace(ADA, **change))


MATCHES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({}, {"kind": PersonKind.MEMBER}, False),
    ({"include": PersonSelector(members=True)}, {}, False),
    ({"include": PersonSelector(members=True)}, {"kind": PersonKind.MEMBER}, True),
    ({"include": PersonSelector(guests=frozenset({"ada@fabrikam.example"}))}, {}, True),
    ({"include": PersonSelector(guests=frozenset({"ada@fabrikam.example.evil"}))}, {}, False),
    ({"include": PersonSelector(groups=frozenset({"contractors", "auditors"}))}, {}, True),
    ({"include": PersonSelector(groups=frozenset({"contractor"}))}, {}, False),
    ({"include": PersonSelector(partners=frozenset({"fabrikam"}))}, {}, True),
    ({"include": PersonSelector(partners=frozenset({"northwind"}))}, {}, False),
    ({"include": PersonSelector(partners=frozenset({"edu"}))}, {"partner": "edu/0af3"}, True),
    ({"include": PersonSelector(partners=frozenset({"edu/0af3"}))}, {"partner": "edu/0af3"}, True),
    ({"include": PersonSelector(partners=frozenset({"edu/0af3"}))}, {"partner": "edu/0af4"}, False),
    ({"include": PersonSelector(partners=frozenset({"edu/0af3"}))}, {"partner": "edu"}, False),
    ({"include": PersonSelector(partners=frozenset({"staff"}))}, {"kind": PersonKind.MEMBER, "partner": "staff"}, True),
    ({"include": PersonSelector(members=True, groups=frozenset({"contractors"}))}, {}, True),
    ({"exclude": PersonSelector(guests=frozenset({"ada@fabrikam.example"}))}, {}, False),
    ({"exclude": PersonSelector(groups=frozenset({"contractors"}))}, {}, False),
    ({"exclude": PersonSelector(groups=frozenset({"auditors"}))}, {}, True),
    ({"exclude": PersonSelector(partners=frozenset({"fabrikam"}))}, {}, False),
    ({"exclude": GUESTS}, {}, False),
    ({"include": PersonSelector(members=True), "exclude": PersonSelector(members=True)}, {"kind": PersonKind.MEMBER}, False),
    ({"applications": frozenset({"payroll"})}, {}, True),
    ({"applications": frozenset({"travel"})}, {}, False),
    ({"applications": frozenset({"payroll"})}, {"application": None}, False),
    ({"applications": frozenset({"payroll"}), "excluded_applications": frozenset({"payroll"})}, {}, False),
    ({"excluded_applications": frozenset({"payroll"})}, {}, False),
    ({"excluded_applications": frozenset({"payroll"})}, {"application": None}, True),
    ({"excluded_applications": frozenset({"payroll"})}, {"application": "travel"}, True),
    ({"networks": OFFICE}, {}, True),
    ({"networks": OFFICE}, {"address": "192.0.3.7"}, False),
    ({"networks": OFFICE}, {"address": "2001:db8::1"}, False),
    ({"networks": OFFICE}, {"address": "::ffff:192.0.2.7"}, True),
    ({"excluded_networks": OFFICE}, {}, False),
    ({"excluded_networks": OFFICE}, {"address": "198.51.100.1"}, True),
    ({"networks": WORLD, "excluded_networks": OFFICE}, {}, False),
    ({"networks": WORLD, "excluded_networks": OFFICE}, {"address": "2001:db8::1"}, True),
    ({"networks": (Net.of("192.0.2.7"),)}, {}, True),
    ({"networks": (Net.of("192.0.2.7"),)}, {"address": "192.0.2.0/24"}, True),  # shortened: it cannot be told, so it counts
    ({"excluded_networks": (Net.of("192.0.2.7"),)}, {"address": "192.0.2.0/24"}, True),
    ({"excluded_networks": OFFICE}, {"address": "192.0.2.0/24"}, False),
    ({"networks": OFFICE}, {"elsewhere": True}, False),
    ({"excluded_networks": OFFICE}, {"elsewhere": True}, True),
    ({"partner_mfa": True}, {}, False),
    ({"partner_mfa": True}, {"partner_mfa": True}, True),
    ({"partner_mfa": False}, {}, True),
    ({"partner_mfa": False}, {"partner_mfa": True}, False),
]


@pytest.mark.parametrize(("values", "change", "matches"), MATCHES)
def test_whom_a_policy_is_about(values: dict[str, Any], change: dict[str, Any], matches: bool) -> None:
    """PO-04, SC-09: people, applications, networks and the partner's proof; exclude goes before include; names are exact."""
    verdict = said(policy(**values), **change)
    assert (verdict.refusal == "policy_blocked") is matches
    assert verdict.outcome == ("blocked" if matches else "allowed")
    assert all(result.reason for result in verdict.results)


UNKNOWN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"groups": "contractors"}),
    ({}, {"groups": ["contractors"]}),
    ({}, {"groups": frozenset({7})}),
    ({}, {"groups": None}),
    ({}, {"kind": "guest"}),
    ({}, {"partner_mfa": "true"}),
    ({}, {"partner_mfa": 1}),
    ({}, {"partner_mfa": None}),
    ({}, {"partner": ["fabrikam"]}),
    ({}, {"guest": None}),
    ({}, {"application": ["payroll"]}),
    ({}, {"application": 0}),
    ({}, {"address": None}),
    ({"networks": OFFICE}, {"address": ""}),
    ({"networks": OFFICE}, {"address": "192.0.2.7, 10.0.0.1"}),
    ({"excluded_networks": OFFICE}, {"address": "unknown"}),
    ({"excluded_networks": OFFICE}, {"address": "192.0.2.7/24"}),
    ({"include": PersonSelector(partners=frozenset({"fabrikam"}))}, {"partner": None}),
    ({"exclude": PersonSelector(partners=frozenset({"fabrikam"}))}, {"partner": None}),
    ({"include": PersonSelector(guests=frozenset({"x@y.example"}))}, {"guest": ""}),
    ({"exclude": PersonSelector(guests=frozenset({"x@y.example"}))}, {"guest": ""}),
    ({"state": "enforced"}, {}),
    ({"require": frozenset({"mfa", "retina"}), "block": False}, {}),
]


@pytest.mark.parametrize(("values", "change"), UNKNOWN)
def test_what_cannot_be_judged_is_a_no(values: dict[str, Any], change: dict[str, Any]) -> None:
    """PO-01, PO-02, PO-05, SC-09: unknown words, missing facts and wrong types deny, with a reason; report_only tells only."""
    plain = {"block": False, "require": frozenset({"mfa"})} | values
    verdict = said(policy(**plain), **change)
    assert (verdict.refusal, verdict.outcome) == ("policy_error", "blocked")
    assert [result.result for result in verdict.results] == ["error"]
    assert "could not be judged" in verdict.reasons[0]
    if "state" not in values:
        watched = said(policy(**plain | {"state": Mode.REPORT_ONLY}), **change)
        assert (watched.refusal, [result.result for result in watched.results]) == (None, ["error"])
        assert said(policy(**plain | {"state": Mode.DISABLED}), **change) == PolicyVerdict()


def test_an_internal_error_is_a_no() -> None:
    """PO-02: a policy that makes the judge stumble denies; the others are judged all the same."""
    broken = policy(id="a", networks=(None,), block=False, require=frozenset({"mfa"}))
    verdict = said(broken, policy(id="b", block=False, require=frozenset({"terms_of_use"})))
    assert verdict.refusal == "policy_error"
    assert verdict.require == {"terms_of_use"}
    assert verdict.results[0].reason == "could not be judged: internal error (TypeError)"


def test_how_policies_add_up() -> None:
    """Requirements add up, the shortest frequency counts, a block wins over all and over errors; without any, a reason too."""
    mfa = policy(id="a", block=False, require=frozenset({"mfa"}), sign_in_frequency=14_400)
    terms = policy(id="b", block=False, require=frozenset({"terms_of_use"}))
    often = policy(id="c", block=False, sign_in_frequency=600)
    verdict = said(mfa, terms, often)
    assert (verdict.refusal, sorted(verdict.require), verdict.sign_in_frequency) == (None, ["mfa", "terms_of_use"], 600)
    assert verdict.reasons == (
        "a: about all guests: asks for multi-factor authentication and a sign-in not older than 4h",
        "b: about all guests: asks for the terms of use",
        "c: about all guests: asks for a sign-in not older than 10m",
    )
    assert said(mfa, policy(id="d"), policy(id="e", state="?")).refusal == "policy_blocked"
    assert said(policy(id="d", state="?"), policy(id="e")).refusal == "policy_blocked"
    assert said().reasons == ("no policy in force is about this sign-in",)
    assert said(policy(id="d", state=Mode.REPORT_ONLY)).reasons == ("no policy in force is about this sign-in",)
    assert said(mfa, address="nowhere").sign_in_frequency == 14_400


def test_what_is_told_of_whom() -> None:
    """Policies about other people and applications are left out of receipts; what-if (`everything`) tells of all."""
    others = policy(id="a", include=PersonSelector(partners=frozenset({"northwind"})))
    elsewhere = policy(id="b", applications=frozenset({"travel"}))
    near = policy(id="c", excluded_networks=OFFICE)
    assert [r.id for r in said(others, elsewhere, near).results] == ["c"]
    found = judge(Rulebook.of([others, elsewhere, near, policy(id="d", state=Mode.DISABLED)]), ADA, everything=True).results
    assert [(r.id, r.result) for r in found] == [("a", "not_matched"), ("b", "not_matched"), ("c", "not_matched")]
    assert found[2].reason == "leaves out the network 192.0.2.0/24"
    assert all(r.reason for r in found)


@pytest.mark.parametrize(
    ("required", "acr", "terms", "missing"),
    [
        ((), SFA, False, ()),
        (("mfa",), SFA, False, ("mfa",)),
        (("mfa",), MFA, False, ()),
        (("mfa",), PHISHING_RESISTANT, False, ()),
        (("phishing_resistant_mfa", "mfa"), MFA, False, ("phishing_resistant_mfa",)),
        (("phishing_resistant_mfa", "mfa"), "unknown", False, ("mfa", "phishing_resistant_mfa")),
        (("terms_of_use",), PHISHING_RESISTANT, False, ("terms_of_use",)),
        (("terms_of_use",), SFA, True, ()),
        (("retina",), PHISHING_RESISTANT, True, ("retina",)),
    ],
)
def test_unmet(required: tuple[str, ...], acr: str, terms: bool, missing: tuple[str, ...]) -> None:
    """PO-02: a higher acr meets a lower demand; an unknown demand is never met."""
    assert unmet(required, acr=acr, terms_accepted=terms) == missing


def test_span() -> None:
    """The largest unit that divides it."""
    assert [span(n) for n in (1, 60, 90, 3600, 5400, 86_400, 172_800)] == ["1s", "1m", "90s", "1h", "90m", "1d", "2d"]


NAMES = st.frozensets(st.sampled_from(["contractors", "auditors", "x"]), max_size=2)
WHOM = st.builds(
    PersonSelector,
    all_guests=st.booleans(),
    members=st.booleans(),
    guests=st.frozensets(st.sampled_from(["ada@fabrikam.example", "bo@fabrikam.example"]), max_size=1),
    groups=NAMES,
    partners=st.frozensets(st.sampled_from(["fabrikam", "northwind"]), max_size=1),
)
NETS = st.sampled_from([(), OFFICE, WORLD, (Net.of("192.0.2.7"),)])
POLICIES = st.lists(
    st.builds(
        Policy,
        id=st.integers(0, 10**6).map(str),
        include=WHOM,
        exclude=st.just(PersonSelector()) | WHOM,
        state=st.sampled_from(["enabled", "enabled", "enabled", "report_only", "disabled", "?"]),
        applications=st.none() | st.frozensets(st.sampled_from(["payroll", "travel"]), max_size=2),
        excluded_applications=st.frozensets(st.sampled_from(["payroll", "travel"]), max_size=1),
        networks=NETS,
        excluded_networks=NETS,
        partner_mfa=st.none() | st.booleans(),
        block=st.booleans(),
        require=st.frozensets(st.sampled_from(["mfa", "phishing_resistant_mfa", "terms_of_use"])),
        sign_in_frequency=st.none() | st.integers(1, 10_000),
    ),
    max_size=5,
    unique_by=lambda p: p.id,
)
SIGN_INS = st.builds(
    Circumstances,
    kind=st.sampled_from(list(PersonKind)),
    guest=st.sampled_from(["ada@fabrikam.example", "bo@fabrikam.example", ""]),
    groups=NAMES,
    partner=st.sampled_from([None, "fabrikam", "northwind"]),
    application=st.sampled_from([None, "payroll", "travel", "other"]),
    address=st.sampled_from(["192.0.2.7", "192.0.2.0/24", "2001:db8::1", "::ffff:192.0.2.7", "", "nowhere"]),
    partner_mfa=st.booleans(),
    elsewhere=st.booleans(),
)


def grants_more(one: PolicyVerdict, other: PolicyVerdict) -> bool:
    """Whether `one` lets in what `other` does not, or asks for less."""
    if other.refusal is None:
        older = 10**9
        return not one.require >= other.require or (one.sign_in_frequency or older) > (other.sign_in_frequency or older)
    return one.refusal is None


@given(POLICIES, SIGN_INS)
def test_one_more_policy_never_grants_more(policies: list[Policy], c: Circumstances) -> None:
    """PO-02: whatever is added, nobody gets in who did not before, and no less is asked for."""
    for n in range(len(policies)):
        without = judge(Rulebook.of(policies[:n] + policies[n + 1 :]), c)
        assert not grants_more(judge(Rulebook.of(policies), c), without)


@given(POLICIES.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))), SIGN_INS)
def test_the_order_never_matters(orders: tuple[list[Policy], list[Policy]], c: Circumstances) -> None:
    """The same policies say the same, in whatever order the files are read."""
    assert judge(Rulebook.of(orders[0]), c) == judge(Rulebook.of(orders[1]), c)


@given(POLICIES, SIGN_INS)
def test_every_answer_has_a_reason(policies: list[Policy], c: Circumstances) -> None:
    """Each result, the verdict as a whole, and every no by the id of the policy that says it."""
    verdict = judge(Rulebook.of(policies), c)
    assert verdict.reasons
    assert all(r.reason and r.id and r.state != "disabled" for r in verdict.results)
    word = {"policy_blocked": "blocked", "policy_error": "error"}.get(verdict.refusal or "")
    if word is not None:
        assert any(r.result == word and r.state != "report_only" for r in verdict.results)


@given(POLICIES, SIGN_INS)
def test_report_only_never_changes_the_outcome(policies: list[Policy], c: Circumstances) -> None:
    """Without them the verdict is the same, and they are told all the same."""
    watched = [replace(p, state="report_only") if n % 2 else p for n, p in enumerate(policies)]
    whole = judge(Rulebook.of(watched), c)
    without = judge(Rulebook.of([p for p in watched if p.state != "report_only"]), c)
    assert (whole.refusal, whole.require, whole.sign_in_frequency) == (
        without.refusal,
        without.require,
        without.sign_in_frequency,
    )
    assert [r for r in whole.results if r.state != "report_only"] == list(without.results)


@given(POLICIES, SIGN_INS)
def test_telling_of_everything_changes_nothing(policies: list[Policy], c: Circumstances) -> None:
    """The index by application leaves out only what is not about the sign-in: what-if and the sign-in agree."""
    book = Rulebook.of(policies)
    short, long = judge(book, c), judge(book, c, everything=True)
    assert (short.refusal, short.require, short.sign_in_frequency) == (long.refusal, long.require, long.sign_in_frequency)
    assert set(short.results) <= set(long.results)
