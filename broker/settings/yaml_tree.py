"""YAML as config files need it: plain data with the line of every key, in one pass over the parser's events.

PyYAML's safe loader gives the events (the C one where it is built in); nothing is constructed but maps, lists, texts, whole
numbers, booleans and null. What YAML offers beyond that is refused: anchors, aliases and merge keys (bombs), tags (objects),
duplicate keys, several documents. Dates, fractions and 1:30 stay the texts they look like (CF-02).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from broker.settings.errors import ConfigError, Loc, dotted

LIMIT = 256 * 1024  # bytes a file
DEPTH = 16  # maps and lists within each other; the deepest file has five

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
for _word, _truth in SafeConstructor.bool_values.items():
    _WORDS.update({_word: _truth, _word.capitalize(): _truth, _word.upper(): _truth})
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")


class Tree:
    """One file: its data, where everything stands, and what is wrong with its YAML."""

    def __init__(self, file: str) -> None:
        """file: the name for messages, relative to the home."""
        self.file = file
        self.data: Any = None
        self.lines: dict[Loc, int] = {}
        self.errors: list[ConfigError] = []
        self.broken: set[Loc] = set()  # places already reported: what validation says about them is noise
        self.references: dict[Loc, str] = {}  # texts that held ${...}, as written; their values are never shown

    def line(self, loc: Loc) -> int:
        """The line of a place; of its nearest parent, if the place does not exist."""
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.lines:
                return self.lines[loc[:end]]
        return self.lines.get((), 1)

    def error(self, loc: Loc, message: str, line: int | None = None) -> ConfigError:
        """One line about a place."""
        return ConfigError(self.file, self.line(loc) if line is None else line, dotted(loc) or "file", message)

    def is_broken(self, loc: Loc) -> bool:
        """Whether this place, or one above it, was reported already."""
        return any(loc[:end] in self.broken for end in range(len(loc) + 1))

    def shown(self, loc: Loc, value: object) -> str:
        """A value as a message may quote it: one line, not long, and never what ${...} stood for (CF-09)."""
        written = next((self.references[loc[:end]] for end in range(len(loc), -1, -1) if loc[:end] in self.references), None)
        text = value if isinstance(value, str) else _plain(value)
        quoted = "'" + "".join(c if c.isprintable() else "?" for c in (written or text)[:80]) + "'"
        return f"what {quoted} stands for" if written is not None else quoted


def _plain(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | dict):
        return "[...]" if isinstance(value, list) else "{...}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(raw: bytes, file: str) -> Tree:
    """The file's tree; its errors are in `.errors`, never raised."""
    tree = Tree(file)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        tree.errors.append(ConfigError(file, line, "file", "is not UTF-8; save it as UTF-8"))
        return tree
    try:
        _Builder(tree, yaml.parse(text, Loader=_Loader)).document()
    except yaml.YAMLError as error:
        tree.data = None
        tree.errors.append(_syntax(file, text, error))
    return tree


def _syntax(file: str, text: str, error: yaml.YAMLError) -> ConfigError:
    """The parser's complaint as one line with its place."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return ConfigError(file, 1, "yaml", "holds a character that YAML does not allow; save it as plain UTF-8 text")
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    rows = text.splitlines()
    near = rows[max(0, line - 1) : line + 1]
    hint = "put texts with ${...} into quotes" if any("${" in row for row in near) else "check indentation, colons and quotes"
    return ConfigError(file, max(1, min(line + 1, len(rows))), "yaml", f"{error.problem or 'cannot be read'}; {hint}")


class _TooDeep(yaml.MarkedYAMLError):
    """More maps within maps than any file of ours has."""


class _Builder:
    """Events to data: recursion of at most DEPTH."""

    def __init__(self, tree: Tree, events: Iterator[Any]) -> None:
        self.tree = tree
        self.events = events

    def document(self) -> None:
        """The one document of the file, which must be a map."""
        tree = self.tree
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if tree.lines:
                    tree.errors.append(tree.error((), "holds a second document; write one a file", _line(event)))
                    return
                first = next(self.events)
                tree.lines[()] = _line(first)
                tree.data = self.value(first, (), 0)
        if tree.data is None and not tree.errors:
            tree.lines.setdefault((), 1)
            tree.errors.append(tree.error((), "is empty; write its keys, or delete it", 1))
        elif not isinstance(tree.data, dict) and not tree.errors:
            tree.errors.append(tree.error((), "is not a map; write lines of the form key: value"))

    def value(self, event: Any, loc: Loc, depth: int) -> Any:
        """The data that begins with this event."""
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self._refuse(loc, line, f"*{event.anchor} is an alias; write the value itself")
        if event.anchor is not None:
            self._refuse(loc, line, f"&{event.anchor} is an anchor; remove it")
        if event.tag is not None:
            self._refuse(loc, line, f"{event.tag} is a tag; write plain values without !")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if depth >= DEPTH:
            raise _TooDeep(problem=f"more than {DEPTH} levels", problem_mark=event.start_mark)
        return self._map(loc, depth) if isinstance(event, yaml.MappingStartEvent) else self._list(loc, depth)

    def _refuse(self, loc: Loc, line: int, message: str) -> None:
        self.tree.errors.append(self.tree.error(loc, message, line))
        self.tree.broken.add(loc)

    def _list(self, loc: Loc, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in takewhile(lambda event: not isinstance(event, yaml.SequenceEndEvent), self.events):
            here = (*loc, len(items))
            self.tree.lines[here] = _line(event)
            items.append(self.value(event, here, depth + 1))
        return items

    def _map(self, loc: Loc, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in takewhile(lambda event: not isinstance(event, yaml.MappingEndEvent), self.events):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
                self._refuse((*loc, "?"), line, "a key is not a plain word; write key: value")
                self.value(event, (*loc, "?"), depth + 1)
                self.value(next(self.events), (*loc, "?"), depth + 1)
                continue
            here = (*loc, event.value)
            if event.value in result:
                message = f"stands here a second time, first in line {self.tree.lines[here]}; keep one"
                self.tree.errors.append(self.tree.error(here, message, line))
                _Builder(Tree(self.tree.file), self.events).value(next(self.events), here, depth + 1)
                continue
            self.tree.lines[here] = line
            result[event.value] = None
            result[event.value] = self.value(next(self.events), here, depth + 1)
        return result


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: Any) -> object:
    """A quoted text is a text; a plain word may be null, true, false or a whole number."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
