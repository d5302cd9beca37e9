"""A policy's file that is not in config/: checked as `broker check` checks files. Nothing is stored.

Somebody pastes it in the portal. Its `${env:...}` and `${file:...}` are refused and never read: they would show our secrets (CF-09).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.settings import cross, sources, translate, yaml_tree
from broker.settings.errors import ConfigError, in_order
from broker.settings.load import Settings
from broker.settings.policy_file import PolicyFile
from broker.settings.secrets import References

LIMIT = 16 * 1024  # characters
_REFERENCE = "a draft contains no ${...}; write the value itself"
_SIZE = "is longer than 16,384 characters; shorten it"


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """file: where it would be. model: None if there are errors."""

    file: str
    model: PolicyFile | None
    errors: tuple[ConfigError, ...]


def path_of(identifier: str) -> str:
    """The file of a policy, relative to the home."""
    return f"config/policies/{identifier}.yaml"


def check(settings: Settings, identifier: str, text: str) -> PolicyDraft:
    """The draft of a policy with every error that its file would have among the files in force. identifier: the file's name without .yaml."""
    problem = sources.name_problem("policy", identifier)
    if problem:
        return _refused("config/policies/?.yaml", 1, problem)
    name = path_of(identifier)
    if len(text) > LIMIT:
        return _refused(name, 1, _SIZE)
    if "${" in text:
        return _refused(name, text[: text.index("${")].count("\n") + 1, _REFERENCE)
    source = sources.judge("policy", identifier, name, text.encode(), References(settings.home, {}), settings.home)
    known = {
        "partner": sorted(settings.partners),
        "application": sorted(settings.applications),
        "federation": sorted(settings.federations),
    }
    errors = in_order([*source.tree.errors, *translate.of_problems(source.tree, cross.unknown(source, known))])
    model = source.model if isinstance(source.model, PolicyFile) and not errors else None
    return PolicyDraft(name, model, tuple(errors))


def _refused(file: str, line: int, message: str) -> PolicyDraft:
    return PolicyDraft(file, None, (ConfigError(file, line, "file", message),))


def lines(text: str, file: str) -> Mapping[str, int]:
    """The line of each key of the first level."""
    tree = yaml_tree.read(text.encode(), file)
    return {str(place[0]): line for place, line in tree.lines.items() if len(place) == 1}
