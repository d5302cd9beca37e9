"""Mutants of a module: the same code with one small wrong in it, each of the kind that would weaken or shift a check.

Conditions are forced and negated, comparisons and limits moved by one, members of lists and calls that only check left out,
raises dropped, repetitions in regular expressions widened, and where a module holds a table of models (`_rule`) the models
too. Docstrings, annotations and the sentences of refusals are left alone: they decide nothing.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min", "fullmatch": "match"}
CLEANERS = {"strip", "lstrip", "rstrip", "lower", "casefold"}
MODEL = re.compile(r"([A-Za-z0-9]+:[A-Za-z0-9]+(?:@[a-z]+)?)([?*+]?)")
BOUND = re.compile(r"\{(\d+),(\d+)\}|(?<=[\])])\+")
PROSE = re.compile(r"[A-Za-z].* |.* [A-Za-z]", re.DOTALL)
SHOWN = 220


@dataclass(frozen=True, slots=True)
class Mutant:
    """name: where and what, without a line number, for those move. spot, change: which of the module's, for `changed`."""

    module: str
    name: str
    line: int
    spot: int
    change: int


def mutants(module: str, source: str, errors: frozenset[str] = frozenset()) -> list[Mutant]:
    """Every mutant of one module, in the order of its lines. errors: return types of functions that only word a refusal."""
    found, met = [], Counter[str]()
    for spot, (node, where) in enumerate(_spots(ast.parse(source), "", errors)):
        for change, new in enumerate(_changes(node)):
            name = f"{where}: {_shown(node)} -> {_shown(new)}"
            met[name] += 1
            again = f" (#{met[name]})" if met[name] > 1 else ""
            found.append(Mutant(module, name + again, getattr(node, "lineno", 0), spot, change))
    return found


def changed(source: str, mutant: Mutant, errors: frozenset[str] = frozenset()) -> ast.Module:
    """The module with the mutant in it."""
    tree = ast.parse(source)
    old = list(_spots(tree, "", errors))[mutant.spot][0]
    made: ast.Module = _Put(old, list(_changes(old))[mutant.change]).visit(tree)
    return ast.fix_missing_locations(made)


def _shown(node: ast.AST) -> str:
    """One line; of a branch its condition."""
    if isinstance(node, ast.If | ast.IfExp):
        return f"if {_shown(node.test)}"
    text = " ".join(ast.unparse(node).split()) or "nothing"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 60]} ... {text[-50:]}"


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def _spots(node: ast.AST, where: str, errors: frozenset[str]) -> Iterator[tuple[ast.AST, str]]:
    """What may be changed, with the function or name that it belongs to."""
    keys = (
        {id(value): f"[{ast.unparse(key)}]" for key, value in zip(node.keys, node.values, strict=True) if key}
        if isinstance(node, ast.Dict)
        else {}
    )
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or name in {"annotation", "returns", "decorator_list", "ctx"}:
                continue
            if isinstance(child, ast.Import | ast.ImportFrom | ast.JoinedStr) or _is_prose(child):
                continue
            if isinstance(node, ast.Subscript) and isinstance(child, ast.Tuple | ast.List):  # a type
                continue
            if isinstance(child, ast.Raise) and isinstance(node, ast.If):  # the same as a condition that never holds
                continue
            here = _name(child, where) + keys.get(id(child), "")
            yield child, here
            if isinstance(child, ast.Raise):  # whether it raises counts, what it says does not
                continue
            wording = isinstance(child, ast.FunctionDef) and child.returns is not None and ast.unparse(child.returns) in errors
            for spot, place in _spots(child, here, errors):
                if not (wording and isinstance(spot, ast.Constant | ast.Call)):
                    yield spot, place


def _name(node: ast.AST, where: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return f"{where}.{node.name}" if where else node.name
    if isinstance(node, ast.keyword) and node.arg:
        return f"{where}({node.arg}=)"
    if not where and isinstance(node, ast.Assign | ast.AnnAssign):
        return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return where


def _is_prose(node: ast.AST) -> bool:
    """A docstring, a sentence for people, or a list for tools."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and PROSE.match(node.value) is not None


def _changes(node: Any) -> Iterator[ast.AST]:
    yield from CHANGES.get(type(node), _none)(node)


def _none(_: ast.AST) -> Iterator[ast.AST]:
    return iter(())


def _branch(node: Any) -> Iterator[ast.AST]:
    yield from (_with(node, test=ast.Constant(always)) for always in (False, True))


def _filter(node: ast.comprehension) -> Iterator[ast.AST]:
    if node.ifs:
        yield _with(node, ifs=[])


def _logic(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    for index in range(len(node.values)):
        rest = [*node.values[:index], *node.values[index + 1 :]]
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _negation(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for index, op in enumerate(node.ops):
        yield _with(node, ops=[*node.ops[:index], OPPOSITES[type(op)](), *node.ops[index + 1 :]])


def _statement(_: ast.AST) -> Iterator[ast.AST]:
    """A check that is only called; a refusal."""
    yield ast.Pass()


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    yield from (ast.Constant(value) for value in _constants(node.value))


def _list(node: Any) -> Iterator[ast.AST]:
    if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from (_with(node, elts=[*node.elts[:index], *node.elts[index + 1 :]]) for index in range(len(node.elts)))


def _part(node: ast.Subscript) -> Iterator[ast.AST]:
    if isinstance(node.slice, ast.Slice):
        yield node.value


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    swaps: dict[type[ast.operator], type[ast.operator]] = {
        ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    }  # fmt: skip
    if type(node.op) in swaps:
        yield _with(node, op=swaps[type(node.op)]())


def _constants(value: object) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield value + "X"
        yield from (_wider(value, found) for found in BOUND.finditer(value))
    elif isinstance(value, bytes):
        yield value + b"X"
        text = value.decode("latin-1")
        yield from (_wider(text, found).encode("latin-1") for found in BOUND.finditer(text))


def _wider(pattern: str, found: re.Match[str]) -> str:
    """One more, or one fewer at the other end: the repetition of a regular expression."""
    mark = f"{{{found[1]},{int(found[2]) + 1}}}" if found[1] else "*"
    return pattern[: found.start()] + mark + pattern[found.end() :]


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    function = node.func
    if isinstance(function, ast.Name):
        if function.id in NAMES:
            yield _with(node, func=ast.Name(NAMES[function.id], ast.Load()))
        if function.id == "_rule":
            yield from _models(node)
            if not any(keyword.arg == "anything" for keyword in node.keywords):
                yield _with(node, keywords=[*node.keywords, ast.keyword("anything", ast.Constant(value=True))])
    elif isinstance(function, ast.Attribute):
        if function.attr in NAMES:
            yield _with(node, func=ast.Attribute(function.value, NAMES[function.attr], ast.Load()))
        if function.attr in CLEANERS:
            yield function.value
        if function.attr == "split" and isinstance(function.value, ast.Constant):  # a list of words
            yield from _words(node, function)


def _words(node: ast.Call, function: ast.Attribute) -> Iterator[ast.AST]:
    """Each word of a list left out."""
    words = ast.literal_eval(function.value).split()
    for index in range(len(words)):
        rest = ast.Constant(" ".join([*words[:index], *words[index + 1 :]]))
        yield _with(node, func=_with(function, value=rest))


def _models(node: ast.Call) -> Iterator[ast.AST]:
    """A wider vocabulary: one more attribute, those of other namespaces, any content at all, an attribute or child that may be absent or come twice, text beside elements."""
    given: list[ast.expr] = [*node.args, *[ast.Constant("")] * max(0, 2 - len(node.args))]
    first, second, *rest = given
    if not isinstance(first, ast.Constant):
        return
    attributes, children = str(first.value), _model(second)

    def rule(known: str, model: str, others: list[ast.expr]) -> ast.Call:
        made = [ast.Constant(known), ast.Constant(model) if model != children else second, *others]
        twin: ast.Call = _with(node, args=made)
        return twin

    yield rule(f"{attributes} {'Id' if 'ID' in attributes.split() else 'ID'}?", children, rest)
    if FOREIGN not in attributes.split():
        yield rule(f"{attributes} {FOREIGN}", children, rest)
    for word in attributes.split():
        if not word.endswith(("?", "*")):
            yield rule(re.sub(rf"(?<!\S){word}(?!\S)", f"{word}?", attributes), children, rest)
    for found in MODEL.finditer(children):
        for mark in {"": "?+", "?": "*", "+": "*", "*": ""}[found[2]]:
            yield rule(attributes, children[: found.end(1)] + mark + children[found.end() :], rest)
    if isinstance(second, ast.Constant):
        yield rule(attributes, f"({children})? saml:Issuer?" if children else "saml:Issuer?", rest)
    if not rest:
        yield rule(attributes, children, [ast.parse("TextRule.ONLY", mode="eval").body])


FOREIGN = "other:*"


def _model(node: ast.expr) -> str:
    """The text of a model; one with a name in it is left as it is."""
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _with(node: Any, **fields: object) -> Any:
    twin = copy.copy(node)
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin


CHANGES: Mapping[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.If: _branch, ast.IfExp: _branch, ast.comprehension: _filter, ast.BoolOp: _logic, ast.UnaryOp: _negation,
    ast.Compare: _comparison, ast.BinOp: _arithmetic, ast.Expr: _statement, ast.Raise: _statement, ast.Constant: _constant,
    ast.Tuple: _list, ast.Set: _list, ast.List: _list, ast.Subscript: _part, ast.Call: _calls,
}  # fmt: skip
