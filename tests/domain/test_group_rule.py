"""Rules of dynamic groups: read with clear errors, judged without surprises, never a grant by what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain import group_rule
from broker.domain.errors import Invalid
from broker.domain.group import folded, group_name
from broker.domain.group_rule import AllOf, AnyOf, Comparison, Rule, judge, parse, read

RULE = 'partner = fabrikam and groups contains "finance"'
NAMES = st.sampled_from(["groups", "level", "department", "manager"])
TEXTS = st.sampled_from(["finance", "", "3", "true", "Finance"])
VALUES = TEXTS | st.booleans() | st.sampled_from([0, 1, 3, 3.0, -2])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.dictionaries(NAMES | st.text(max_size=4), JSON, max_size=5)
TESTS = st.builds(Comparison, NAMES, st.just("="), VALUES) | st.builds(Comparison, NAMES, st.just("contains"), TEXTS)
PARTNERS = st.builds(Comparison, st.just("partner"), st.just("="), st.sampled_from(["fabrikam", "northwind"]))
RULES: st.SearchStrategy[Rule] = st.recursive(
    TESTS | PARTNERS,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)), st.sampled_from([AllOf, AnyOf]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def matches(rule: str, claims: dict[str, object], partner: str = "fabrikam") -> bool:
    """What a rule says of one sign-in."""
    return judge(read(rule), partner, claims).matched


@pytest.mark.parametrize(
    ("rule", "claims", "expected"),
    [
        (RULE, {"groups": ["staff", "finance"]}, True),
        (RULE, {"groups": ["finance-readers"]}, False),
        (RULE, {"groups": "finance"}, False),  # one text is no list, and is never looked into
        (RULE, {"groups": ["Finance"]}, False),
        (RULE, {"groups": [3, True, None]}, False),
        (RULE, {}, False),
        ('department = "finance"', {"department": "finance"}, True),
        ('department = "finance"', {"department": ["finance"]}, False),
        ("manager = true", {"manager": True}, True),
        ("manager = true", {"manager": "true"}, False),
        ("manager = true", {"manager": 1}, False),
        ("manager = false", {}, False),
        ("level = 3", {"level": 3}, True),
        ("level = 3", {"level": 3.0}, True),
        ("level = 3", {"level": "3"}, False),
        ("level = 1", {"level": True}, False),
        ('level = "3"', {"level": 3}, False),
        ("level = 3 or manager = true", {"level": 3}, True),
        ("level = 3 and manager = true", {"level": 3}, False),
        ("partner = northwind or level = 3 and manager = true", {"level": 3}, False),  # `and` binds closer
        ("(partner = fabrikam or level = 3) and manager = true", {"manager": True}, True),
        ('department = "say \\"hi\\" \\\\ bye"', {"department": 'say "hi" \\ bye'}, True),
    ],
)
def test_comparison_is_typed(rule: str, claims: dict[str, object], expected: bool):
    """PO-05: a list is no text, "true" is not true, "3" is not 3; what does not fit counts against the sign-in."""
    assert matches(rule, claims) is expected


def test_another_partner_never_matches():
    """A partner's people are those that it vouched for just now, whatever they claim."""
    assert not matches(RULE, {"groups": ["finance"], "partner": "fabrikam"}, "northwind")


@given(RULES, st.sampled_from(["fabrikam", "northwind", ""]), CLAIMS)
def test_judging_is_total(rule: Rule, partner: str, claims: dict[str, object]):
    """PO-02, PO-05: no claims whatever make it raise, and it says why by names alone."""
    verdict = judge(rule, partner, claims)
    names = group_rule.attributes(rule) | {"partner"}
    assert verdict.because
    assert all(why.partition(": ")[0] in names for why in verdict.because)
    assert all(why.partition(": ")[2] in ("matched", "absent", "other type", "differs") for why in verdict.because)


@given(RULES, CLAIMS, NAMES)
def test_less_said_never_lets_in(rule: Rule, claims: dict[str, object], name: str):
    """PO-02: taking a claim away never turns a no into a yes."""
    less = {key: value for key, value in claims.items() if key != name}
    assert judge(rule, "fabrikam", claims).matched or not judge(rule, "fabrikam", less).matched


@given(RULES, CLAIMS)
def test_the_partner_it_needs(rule: Rule, claims: dict[str, object]):
    """A rule that is looked up by its partner would not have matched for another one."""
    needed = group_rule.partner_of(rule)
    if needed:
        other = "northwind" if needed == "fabrikam" else "fabrikam"
        assert not judge(rule, other, claims).matched


@given(st.text(max_size=60) | st.text('() =andorctis"\\3.-truefg_', max_size=60))
def test_reading_ends_in_a_rule_or_one_clear_line(text: str):
    """Whatever is typed: a rule that can be judged, or Invalid."""
    try:
        rule: Rule | None = read(text)
    except Invalid:
        rule = None
    if rule is not None:
        judge(rule, "fabrikam", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: expected `partner` or the name of an attribute, found the end"),
        ("partner", "column 8: expected `=`, found the end"),
        ("partner contains fabrikam", "column 9: expected `=`, found 'contains'"),
        ("groups = finance", "column 10: expected a text in double quotes"),
        ("groups contains finance", "column 17: expected a text in double quotes, found 'finance'"),
        ('groups contains "fin', "column 17: '\"' cannot be read; a text begins and ends with \""),
        ("not partner = fabrikam", "column 1: there is no `not`"),
        ('partner = fabrikam AND groups contains "a"', "column 20: expected `and`, `or` or the end, found 'AND'"),
        ("(partner = fabrikam", "column 20: expected `)`, found the end"),
        ("partner = fabrikam)", "column 19: expected `and`, `or` or the end"),
        ('email = "ada@fabrikam.example"', "column 1: email is no attribute that a rule may ask for"),
        ("sub = 3", "column 1: sub is no attribute"),
        ("level != 3", "column 7: '!' cannot be read"),
        ("(" * 11 + "level = 3" + ")" * 11, "at most 10 brackets"),
        (" and ".join(["level = 3"] * 51), "at most 50 comparisons"),
        ("x" * 2001, "at most 2000 characters"),
    ],
)
def test_errors_name_the_place(text: str, message: str):
    """PO-01: nothing that cannot be read is a rule, and the error says where and what was expected."""
    with pytest.raises(Invalid) as error:
        parse(text)
    assert message in error.value.message


@pytest.mark.parametrize("name", ["", "  ", "a@b", "x" * 129, "0b5d2c0e-7f3a-4a3e-9d55-6a1b2c3d4e5f", "a\u202eb", "a\x00b"])
def test_names_that_are_none(name: str):
    """A name is never taken for an address or an id, and never breaks a line."""
    with pytest.raises(Invalid):
        group_name(name)


def test_names_are_one_whatever_their_case():
    """Ligatures, full width and sharp s fold; spaces are one."""
    assert group_name("  Night   shift ") == "Night shift"
    assert folded("STRASSE") == folded("straße")
    assert folded("\uff26inance") == folded("finance")
