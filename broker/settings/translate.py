"""pydantic's findings in our words: where it stands, what is wrong, what to write, the nearest known key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from broker.settings.errors import ConfigError, Loc, Problem, Wrong
from broker.settings.yaml_tree import Tree

_QUOTED = re.compile(r"'([^']*)'")


def errors_of(model: type[BaseModel], tree: Tree, found: ValidationError) -> Iterator[ConfigError]:
    """Every finding as one line; none about places whose YAML was refused already."""
    for entry in found.errors(include_url=False):
        loc: Loc = tuple(part for part in entry["loc"] if part != "[key]")
        if not tree.is_broken(loc) and entry["type"] != "default_factory_not_called":  # noise behind another finding
            yield from _lines(model, tree, loc, entry)


def of_problems(tree: Tree, problems: Iterable[Problem], loc: Loc = ()) -> Iterator[ConfigError]:
    """Our validators' findings as lines."""
    for problem in problems:
        where = (*loc, *problem.at)
        if not tree.is_broken(where):
            yield tree.error(where, problem.template.replace("{value}", tree.shown(where, problem.value)))


def _lines(model: type[BaseModel], tree: Tree, loc: Loc, entry: Any) -> Iterator[ConfigError]:
    cause = entry.get("ctx", {}).get("error")
    if isinstance(cause, Wrong):
        yield from of_problems(tree, cause.problems, loc)
        return
    kind, given = entry["type"], entry.get("input")
    if kind == "extra_forbidden":
        message = _unknown(model, loc)
    elif kind == "missing":
        message = f"is missing; write {_example(model, loc)}"
    elif given is None:
        message = "is empty; write a value, or remove the key"
    elif kind == "literal_error":
        message = _closed(tree, loc, given, _QUOTED.findall(entry["ctx"]["expected"]))
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        message = "is not a map; write key: value lines below it"
    elif kind == "bool_type":
        message = "is not a yes or no; write true or false, without quotes"
    else:
        message = f"{entry['msg'][:1].lower()}{entry['msg'][1:]}; see: broker schema"
    yield tree.error(loc, message)


def _closed(tree: Tree, loc: Loc, given: object, choices: list[str]) -> str:
    listed = ", ".join(choices)
    if not isinstance(given, str):
        return f"is not a text; write one of {listed}, in quotes if it looks like a number or yes or no"
    near = difflib.get_close_matches(given, choices, 1, 0.5)
    hint = f"did you mean {near[0]}? Write one of {listed}" if near else f"write one of {listed}"
    return f"{tree.shown(loc, given)} is not known here; {hint}"


def _unknown(model: type[BaseModel], loc: Loc) -> str:
    """The nearest key of this map; else the same key where it does belong."""
    key = str(loc[-1])
    here = _keys(_model_at(model, loc[:-1]))
    near = difflib.get_close_matches(key.lower(), here, 1, 0.6)
    if near:
        return f"is an unknown key; did you mean {near[0]}?"
    places = [place for place in _places(model) if place.rpartition(".")[2] == key]
    if places:
        return f"is an unknown key here; did you mean {places[0]}?"
    return f"is an unknown key; write one of {', '.join(here)}"


def _example(model: type[BaseModel], loc: Loc) -> str:
    field = _keys(_model_at(model, loc[:-1])).get(str(loc[-1]))
    examples = (field.examples if field is not None else None) or ["..."]
    return f"{loc[-1]}: {examples[0]}"


def _keys(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """The keys of a map as written in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()} if model is not None else {}


def _model_at(model: type[BaseModel] | None, loc: Loc) -> type[BaseModel] | None:
    for part in loc:
        field = _keys(model).get(str(part))
        model = _section(field.annotation) if field is not None else None
    return model


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model` or `Model | None`."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _places(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every key of a file, dotted."""
    for key, field in _keys(model).items():
        yield above + key
        inner = _section(field.annotation)
        if inner is not None:
            yield from _places(inner, f"{above}{key}.")
