"""The grammar of $filter, as far as Graph's clients use it: text to a tree, or a refusal. No name means anything here.

A recursive descent over the tokens of OData 4.01 (part 2, 5.1.1), one function a rule. Length, depth and the number of tokens are bounded before
anything is built (decision 0019).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from broker.web.graph.query.refusal import bad
from broker.web.graph.refusals import ApiRefused

MAX_LENGTH = 2048  # characters of a $filter
MAX_TOKENS = 400
MAX_DEPTH = 12
MAX_VALUE = 512  # characters of one literal

OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le")
FUNCTIONS = {"startswith": "startswith", "endswith": "endswith", "contains": "contains"}
_RESERVED = {"and", "or", "not", "in", *OPERATORS}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-]))
    | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![\w-]))
    | (?P<number>-?\d{1,18}(?![\w.]))
    | (?P<name>[A-Za-z_]\w{0,127}(?!\w))
    | (?P<mark>[(),:/])
    )""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. kind: text, time, guid, number, word (true, false, null)."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Compared:
    """`path operator value`."""

    path: str
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`path in (value, ...)`."""

    path: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """`name(path, value)`; the name in lower case."""

    name: str
    path: str
    value: Literal


@dataclass(frozen=True, slots=True)
class SomeItem:
    """`path/any(x: inner)`; paths of `inner` have lost their `x/`, and `x` alone is the empty path."""

    path: str
    inner: Node


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: Node


Node = Compared | Membership | Function | SomeItem | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Node:
    """The tree of a $filter. Raises ApiRefused (BadRequest)."""
    if len(text) > MAX_LENGTH:
        raise bad("$filter", f"$filter has at most {MAX_LENGTH} characters.")
    reader = _Reader(_tokens(text))
    found = reader.either(0)
    reader.end()
    return found


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise bad("$filter", f"Invalid filter clause: unexpected character at position {at}.")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        if len(found) > MAX_TOKENS:
            raise bad("$filter", f"$filter has at most {MAX_TOKENS} words.")
        at = match.end()
    return found


class _Reader:
    """The tokens that are not read yet."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._variable: str | None = None  # of the any() that is being read

    # --- rules --------------------------------------------------------------------------------------------------------

    def either(self, depth: int) -> Node:
        """`both (or both)*`."""
        parts = [self.both(depth)]
        while self._word("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self, depth: int) -> Node:
        """`part (and part)*`."""
        parts = [self.part(depth)]
        while self._word("and"):
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def part(self, depth: int) -> Node:
        """`not part`, `(either)` or a predicate."""
        if depth >= MAX_DEPTH:
            raise bad("$filter", f"$filter is nested more than {MAX_DEPTH} levels deep.")
        if self._word("not"):
            return Negation(self.part(depth + 1))
        if self._mark("("):
            found = self.either(depth + 1)
            self._need(")")
            return found
        return self._predicate(depth)

    def _predicate(self, depth: int) -> Node:
        name = self._name()
        if self._mark("("):
            return self._function(name)
        path = [name]
        while self._mark("/"):
            step = self._name()
            if step.lower() == "any" and self._mark("("):
                return self._some(self._inside(path), depth)
            path.append(step)
        if self._word("in"):
            return Membership(self._inside(path), self._list())
        for operator in OPERATORS:
            if self._word(operator):
                return Compared(self._inside(path), operator, self._literal())
        raise self._unexpected()

    def _function(self, name: str) -> Node:
        known = FUNCTIONS.get(name.lower())
        if known is None:
            raise bad("$filter", f"Invalid filter clause: unknown function '{name}'.")
        path = [self._name()]
        while self._mark("/"):
            path.append(self._name())
        self._need(",")
        value = self._literal()
        self._need(")")
        return Function(known, self._inside(path), value)

    def _some(self, path: str, depth: int) -> Node:
        if self._variable is not None:
            raise bad("$filter", "Invalid filter clause: any() inside any().")
        self._variable = self._name()
        self._need(":")
        inner = self.either(depth + 1)
        self._need(")")
        self._variable = None
        return SomeItem(path, inner)

    def _list(self) -> tuple[Literal, ...]:
        self._need("(")
        found = [self._literal()]
        while self._mark(","):
            found.append(self._literal())
        self._need(")")
        return tuple(found)

    def _inside(self, path: list[str]) -> str:
        """A path as text; inside any() it must begin with the variable."""
        if self._variable is None:
            return "/".join(path)
        if path[0] != self._variable:
            raise bad("$filter", f"Invalid filter clause: '{path[0]}' is not the variable of any().")
        return "/".join(path[1:])

    # --- tokens -------------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._tokens):
            raise self._unexpected()

    def _literal(self) -> Literal:
        token = self._take()
        if token.kind == "text":
            value = token.text[1:-1].replace("''", "'")
            if len(value) > MAX_VALUE or not value.isprintable():
                raise bad("$filter", f"A value has at most {MAX_VALUE} printable characters.")
            return Literal("text", value)
        if token.kind in ("time", "guid", "number"):
            return Literal(token.kind, token.text)
        if token.kind == "name" and token.text.lower() in ("true", "false", "null"):
            return Literal("word", token.text.lower())
        self._at -= 1
        raise self._unexpected()

    def _name(self) -> str:
        token = self._take()
        if token.kind != "name" or token.text.lower() in _RESERVED:
            self._at -= 1
            raise self._unexpected()
        return token.text

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self, word: str) -> bool:
        return self._is("name", word)

    def _mark(self, mark: str) -> bool:
        return self._is("mark", mark)

    def _is(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind == kind and token.text.lower() == text:
                self._at += 1
                return True
        return False

    def _need(self, mark: str) -> None:
        if not self._mark(mark):
            raise self._unexpected()

    def _unexpected(self) -> ApiRefused:
        if self._at >= len(self._tokens):
            return bad("$filter", "Invalid filter clause: it ends too early.")
        return bad("$filter", f"Invalid filter clause: unexpected word at position {self._tokens[self._at].at}.")
