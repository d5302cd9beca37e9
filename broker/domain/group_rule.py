r"""Rules of dynamic groups: a small language over the claims that a home organization asserts at a sign-in (PO-05).

    partner = fabrikam and (groups contains "finance" or level = 3)

Every branch names a partner: `partner = NAME`, or `partner = any` (FA-16). Otherwise any partner could put its people into our
groups by asserting a claim.

    rule  := term ("or" term)*            term := test ("and" test)*            test := "(" rule ")" | comparison
    comparison := "partner" "=" NAME | ATTRIBUTE "=" VALUE | ATTRIBUTE "contains" TEXT
    VALUE := TEXT | NUMBER | true | false            TEXT := "..." with \" and \\ inside

There is no `not`: a missing or unknown claim, or one of another type, never matches, so no absent claim makes anybody a member.
`=` requires a value of the same type, `contains` a list; neither searches inside a text, and a text is never a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.domain.claims import PROTOCOL
from broker.domain.errors import Invalid

MAX_LENGTH = 2000  # characters
MAX_TESTS = 50
MAX_DEPTH = 10
PARTNER = "partner"
ANY = "any"  # every partner; no partner can have this id
RESERVED = PROTOCOL | {"email", "email_verified", "name"}  # a person's identity is no subject of rules
_WORDS = frozenset({"and", "or", "not", "contains", "true", "false"})

Value = str | int | float | bool
Finding = Literal["matched", "absent", "other type", "differs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. operator: `=` or `contains`."""

    attribute: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must match."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must match."""

    parts: tuple[Rule, ...]


Rule = Comparison | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """Whether a rule matched, and the result of each deciding test: names of attributes, no values (HT-19)."""

    matched: bool
    because: tuple[str, ...]


# --- judging ----------------------------------------------------------------------------------------------------------


def judge(rule: Rule, partner: str, claims: Mapping[str, Any]) -> RuleVerdict:
    """Evaluates the rule for one sign-in; raises for no input. claims: broker claim -> value."""
    if isinstance(rule, Comparison):
        found = _compare(rule, partner, claims)
        return RuleVerdict(found == "matched", (f"{rule.attribute}: {found}",))
    verdicts = [judge(part, partner, claims) for part in rule.parts]
    wanted = isinstance(rule, AnyOf)
    deciding = [v for v in verdicts if v.matched is wanted][:1] or verdicts  # the first one that decides, or all of them
    return RuleVerdict(deciding[0].matched, tuple(dict.fromkeys(why for v in deciding for why in v.because)))


def _compare(test: Comparison, partner: str, claims: Mapping[str, Any]) -> Finding:
    if test.attribute == PARTNER:
        return "matched" if test.value in (partner, ANY) else "differs"
    found = claims.get(test.attribute)
    if found is None:
        return "absent"
    if test.operator == "contains":
        if not isinstance(found, list | tuple):
            return "other type"
        return "matched" if any(isinstance(item, str) and item == test.value for item in found) else "differs"
    if _kind(found) is not _kind(test.value) or _kind(found) is None:
        return "other type"
    return "matched" if found == test.value else "differs"


def _kind(value: object) -> type | None:
    """The type for comparisons: `true` is no number, "3" is not 3."""
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float):
        return float
    return str if isinstance(value, str) else None


def partner_of(rule: Rule) -> str:
    """The partner that the rule requires; "" without a single one."""
    if isinstance(rule, Comparison):
        return str(rule.value) if rule.attribute == PARTNER and rule.value != ANY else ""
    named = [partner_of(part) for part in rule.parts]
    if isinstance(rule, AllOf):
        return next((name for name in named if name), "")
    return named[0] if len(set(named)) == 1 else ""


def attributes(rule: Rule) -> frozenset[str]:
    """The attributes that the rule asks for, without `partner`."""
    if isinstance(rule, Comparison):
        return frozenset() if rule.attribute == PARTNER else frozenset({rule.attribute})
    return frozenset().union(*(attributes(part) for part in rule.parts))


def partners(rule: Rule) -> frozenset[str]:
    """Every partner that the rule names."""
    if isinstance(rule, Comparison):
        return frozenset({str(rule.value)} - {ANY}) if rule.attribute == PARTNER else frozenset()
    return frozenset().union(*(partners(part) for part in rule.parts))


def names_partner(rule: Rule) -> bool:
    """Whether every branch of the rule names a partner, or `any` (FA-16)."""
    if isinstance(rule, Comparison):
        return rule.attribute == PARTNER
    return (any if isinstance(rule, AllOf) else all)(names_partner(part) for part in rule.parts)


# --- reading ----------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\["\\])*")|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?![\w.-]))|(?P<word>[A-Za-z_][\w.:/#-]*)|(?P<sign>[=()]))"""
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int  # column, from 1


def parse(text: str) -> Rule:
    """The rule of a text. Raises Invalid with the column and what is expected there, or if a branch names no partner."""
    rule = read(text)
    if not names_partner(rule):
        raise Invalid(
            "a branch of this rule names no partner, so any partner could claim it; "
            "add `partner = NAME and ...` to each, or `partner = any` where every partner may",
            "group_rule_partner",
        )
    return rule


def read(text: str) -> Rule:
    """The same for a part of a rule, which may name no partner."""
    if len(text) > MAX_LENGTH:
        raise Invalid(f"a rule has at most {MAX_LENGTH} characters", "group_rule")
    reader = _Reader(list(_tokens(text)))
    rule = reader.rule(0)
    if reader.peek().kind != "end":
        raise reader.wrong("`and`, `or` or the end")
    return rule


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            hint = 'a text begins and ends with "' if text[column - 1] in "\"'" else "nothing in a rule begins so"
            raise Invalid(f"rule, column {column}: {text[column - 1]!r} cannot be read; {hint}", "group_rule")
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1)
        at = found.end()
    yield _Token("end", "the end", end + 1)


class _Reader:
    """Recursive descent with a bounded depth and a bounded number of tests."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._tests = 0

    def peek(self) -> _Token:
        """The next token."""
        return self._tokens[self._next]

    def wrong(self, expected: str) -> Invalid:
        """The error at the next token."""
        token = self.peek()
        if token.text == "not":
            return Invalid(
                f"rule, column {token.at}: there is no `not`: what a partner did not say must never let anybody in", "group_rule"
            )
        shown = token.text if token.kind == "end" else repr(token.text)
        return Invalid(f"rule, column {token.at}: expected {expected}, found {shown}", "group_rule")

    def rule(self, depth: int) -> Rule:
        """`or` over terms."""
        if depth > MAX_DEPTH:
            raise Invalid(f"a rule has at most {MAX_DEPTH} brackets inside each other", "group_rule")
        parts = [self._term(depth)]
        while self._skip("or"):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _term(self, depth: int) -> Rule:
        parts = [self._test(depth)]
        while self._skip("and"):
            parts.append(self._test(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _test(self, depth: int) -> Rule:
        if self._skip("("):
            inner = self.rule(depth + 1)
            if not self._skip(")"):
                raise self.wrong("`)`")
            return inner
        self._tests += 1
        if self._tests > MAX_TESTS:
            raise Invalid(f"a rule has at most {MAX_TESTS} comparisons", "group_rule")
        name = self._attribute()
        if self._skip("="):
            return Comparison(name, "=", self._partner() if name == PARTNER else self._value())
        if name != PARTNER and self._skip("contains"):
            return Comparison(name, "contains", self._text("a text in double quotes"))
        raise self.wrong("`=`" if name == PARTNER else "`=` or `contains`")

    def _attribute(self) -> str:
        token = self.peek()
        if token.kind != "word" or token.text in _WORDS:
            raise self.wrong("`partner` or the name of an attribute")
        if token.text in RESERVED:
            raise Invalid(f"rule, column {token.at}: {token.text} is no attribute that a rule may ask for", "group_rule")
        self._next += 1
        return token.text

    def _partner(self) -> str:
        token = self.peek()
        if token.kind == "text":
            return self._text("a partner")
        if token.kind not in ("word", "number") or token.text in _WORDS:
            raise self.wrong("the id of a partner: its file's name without .yaml")
        self._next += 1
        return token.text

    def _text(self, expected: str) -> str:
        token = self.peek()
        if token.kind != "text":
            raise self.wrong(expected)
        self._next += 1
        return re.sub(r"\\(.)", r"\1", token.text[1:-1])

    def _value(self) -> Value:
        token = self.peek()
        if token.kind == "text":
            return self._text("a text")
        if token.kind == "number":
            self._next += 1
            return float(token.text) if "." in token.text else int(token.text)
        if token.text in ("true", "false") and token.kind == "word":
            self._next += 1
            return token.text == "true"
        raise self.wrong('a text in double quotes ("finance"), a number, true or false')

    def _skip(self, text: str) -> bool:
        token = self.peek()
        if token.kind in ("word", "sign") and token.text == text:
            self._next += 1
            return True
        return False
