"""What a valid file may still regret: `broker check` warns of it, and nothing is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from broker.settings.errors import ConfigError, Loc, dotted, in_order
from broker.settings.sources import Reading, Source

_SECRETS: tuple[tuple[str, Loc], ...] = (
    ("application", ("client_secret",)),
    ("partner", ("oidc", "client_secret")),
)
_URLS: tuple[tuple[str, Loc], ...] = (("broker", ("database",)), ("broker", ("mail", "server")))
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")

LITERAL = "the secret stands in the file itself; write ${env:NAME} or ${file:PATH}, so that it is in no backup and no repository"
ESCAPED = (
    "the secret holds a + or %, which programs that do not encode it for HTTP Basic (RFC 6749 2.3.1) send as something else; "
    "where you choose it, take one from: openssl rand -hex 32"
)


def notes(reading: Reading) -> list[ConfigError]:
    """One line for each; only of files without errors."""
    return in_order(note for source in reading.sources if source.model is not None for note in _of(source))


def _of(source: Source) -> Iterator[ConfigError]:
    for kind, loc in _SECRETS:
        value = _text(source, loc) if source.kind == kind else None
        if value is None:
            continue
        if loc not in source.tree.references:
            yield _note(source, loc, LITERAL)
        if "+" in value or "%" in value:
            yield _note(source, loc, ESCAPED)
    webhooks = source.tree.data.get("webhooks") if source.kind == "broker" and isinstance(source.tree.data, dict) else None
    for number in range(len(webhooks) if isinstance(webhooks, list) else 0):
        if ("webhooks", number, "secret") not in source.tree.references:
            yield _note(source, ("webhooks", number, "secret"), LITERAL)
    for kind, loc in _URLS:
        value = _text(source, loc) if source.kind == kind else None
        if value is not None and loc not in source.tree.references and _PASSWORD.search(value):
            yield _note(source, loc, LITERAL)


def _text(source: Source, loc: Loc) -> str | None:
    value: Any = source.tree.data
    for key in loc:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _note(source: Source, loc: Loc, message: str) -> ConfigError:
    return ConfigError(source.tree.file, source.tree.line(loc), dotted(loc), message)
