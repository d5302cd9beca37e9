"""`${env:NAME}` and `${file:PATH}` in any text of a config file, and what is no secret at all (CF-01)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from broker.settings.errors import Loc, Problem, Wrong
from broker.settings.yaml_tree import Tree

LIMIT = 64 * 1024  # bytes of a ${file:...}
SHORTEST = 16  # characters of a client_secret

_REFERENCE = re.compile(r"\$\{([^{}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = re.compile(r"[^a-z0-9]+")
_EXAMPLES = frozenset(
    "a admin api app application are broker change changeit changeme changethis client clientsecret default demo dummy enter"
    " example examplesecret fixme foo foobar goes here insert is key me my mysecret not one pass passwd password placeholder"
    " please put qwerty real replace replaceme sample secret shared some string super supersecret test testing the this to"
    " todo token topsecret value very with xxx xxxx your yoursecret".split()
)


class References:
    """Replaces references by their values, and remembers which files were read."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        """environ: as `os.environ`. Relative paths are relative to `home`."""
        self._home = home
        self._environ = environ
        self.files: set[Path] = set()

    def resolve(self, tree: Tree) -> None:
        """Replace every reference of the file in place; what is missing becomes an error of the tree."""
        tree.data = _walk(tree.data, (), lambda text, loc: self._text(tree, text, loc))

    def _text(self, tree: Tree, text: str, loc: Loc) -> str:
        tree.references[loc] = text
        try:
            return _REFERENCE.sub(self._value, text)
        except Wrong as wrong:
            tree.errors.append(tree.error(loc, wrong.problems[0].template))
            tree.broken.add(loc)
            return text

    def _value(self, match: re.Match[str]) -> str:
        kind, colon, name = match[1].partition(":")
        if not match[0].endswith("}") or not colon or kind not in ("env", "file") or not name:
            raise Wrong("a reference cannot be read; write ${env:NAME} or ${file:PATH}")
        return self._environment(name) if kind == "env" else self._file(name)

    def _environment(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise Wrong(f"${{env:{name}}} names no environment variable; write letters, digits and _")
        if name not in self._environ:
            raise Wrong(f"environment variable {name} is not set; set it, or write ${{file:PATH}}")
        return self._environ[name]

    def _file(self, name: str) -> str:
        path = self._home / name
        self.files.add(path)
        try:
            with path.open("rb") as stream:
                raw = stream.read(LIMIT + 1)
        except (OSError, ValueError):
            raise Wrong(f"file {name} cannot be read; make it readable, a relative path starts at the home") from None
        if len(raw) > LIMIT:
            raise Wrong(f"file {name} is larger than 64 KiB; name a file that holds the value only")
        try:
            return raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise Wrong(f"file {name} is not UTF-8; save it as UTF-8") from None


def _walk(value: Any, loc: Loc, replace: Callable[[str, Loc], str]) -> Any:
    """A copy of the data in which every text that holds `${` was replaced."""
    if isinstance(value, str):
        return replace(value, loc) if "${" in value else value
    if isinstance(value, dict):
        return {key: _walk(item, (*loc, key), replace) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, (*loc, number), replace) for number, item in enumerate(value)]
    return value


def secret_problem(value: object) -> Problem | None:
    """Why this is no client_secret, or None. The value itself is never part of the message."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return Problem("is empty; write ${env:NAME} or ${file:PATH} with a secret, or remove the key")
    if not isinstance(value, str):
        return Problem("is not a text; put it into quotes")
    if is_example(value):
        return Problem("is a well-known example; write a random secret, as from: openssl rand -hex 32")
    if len(value) < SHORTEST:
        return Problem(f"is shorter than {SHORTEST} characters; write a random secret, as from: openssl rand -hex 32")
    if any(not c.isprintable() for c in value):
        return Problem("holds a line break or control character; write the secret in one line")
    return None


def is_example(secret: str) -> bool:
    """Whether it is made of the words of examples only (`changeme`, `your-client-secret-here`), or of few characters."""
    if len(set(secret)) < 5:
        return True
    words = [word for word in _WORDS.split(secret.lower()) if word]
    stripped = [word.rstrip("0123456789") for word in words]
    random = any(not bare and len(word) >= 8 for word, bare in zip(words, stripped, strict=True))  # a long number of its own
    return bool(words) and not random and all(bare in _EXAMPLES or not bare for bare in stripped)
