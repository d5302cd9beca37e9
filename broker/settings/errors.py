"""What can be wrong with a config file: one line each, all of them in one run, never a value that came from a secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from broker.domain.errors import SetupError

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One line. file: relative to the home, with slashes. line: from 1. key: dotted, list positions from 0."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """`FILE:LINE: key: what is wrong; what to write`, always one line: names in files may hold anything."""
        line = f"{self.file}:{self.line}: {self.key}: {self.message}"
        return "".join(c if c.isprintable() else "?" for c in line)


def in_order(errors: Iterable[ConfigError]) -> list[ConfigError]:
    """By file and line, each once; those of one line as they were found."""
    return sorted(dict.fromkeys(errors), key=lambda error: (error.file, error.line))


class ConfigErrors(SetupError):
    """The configuration cannot be used; nothing of it is."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        """errors: at least one; kept in the order of files and lines."""
        self.errors = in_order(errors)
        super().__init__("config_invalid", "\n".join(str(error) for error in self.errors))

    def __str__(self) -> str:
        return self.detail


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value. at: where, below the place that was judged.

    template: the message; the words `{value}` in it stand for `value`, shown only where it stands in the file in clear.
    """

    template: str
    value: object = None
    at: Loc = ()


class Wrong(ValueError):
    """Raised by validators: one or several problems below one place of a file."""

    def __init__(self, *problems: Problem | str, value: object = None) -> None:
        """problems: ready ones, or one template for `value`."""
        self.problems = tuple(Problem(p, value) if isinstance(p, str) else p for p in problems)
        super().__init__(self.problems[0].template)


def dotted(loc: Iterable[str | int]) -> str:
    """A place as people write it: `oidc.client_secret`, `redirect_uris.0`."""
    return ".".join(str(part) for part in loc)
