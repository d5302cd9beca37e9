"""Reads the answer of an application's connector: closed words, closed attributes, and plain text for the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.domain.api_connector import ConnectorOutcome, ConnectorStep
from broker.domain.errors import Invalid
from broker.domain.sign_up import Attribute
from broker.domain.text import printable
from broker.jose.encoding import parse_object
from broker.services.sign_up.form import checked_attribute

MAX_ANSWER = 16 * 1024  # bytes
MAX_MESSAGE = 300  # characters
_NAMED = 10  # ignored names that the audit has
_ACTIONS = {  # the words of Microsoft Entra's API connectors
    "Continue": ConnectorOutcome.CONTINUE,
    "ShowBlockPage": ConnectorOutcome.BLOCK,
    "ValidationError": ConnectorOutcome.INVALID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorAnswer:
    """As `ConnectorProgress`. ignored: names of attributes that are none of ours. problem: why an answer cannot be used, for the audit."""

    outcome: ConnectorOutcome
    message: str = ""
    wrong_field: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    problem: str = ""


def failed(problem: str) -> ConnectorAnswer:
    """An answer that denies."""
    return ConnectorAnswer(outcome=ConnectorOutcome.FAILED, problem=problem)


def read_answer(body: bytes, step: ConnectorStep) -> ConnectorAnswer:
    """The answer; anything that is not as agreed is FAILED. Only attributes of the closed list are taken, and nothing else of it.

    A redemption has no form, so a correction blocks there.
    """
    try:
        said = parse_object(body, max_bytes=MAX_ANSWER)
    except ValueError:
        return failed("answer_json")
    action, message, named = said.get("action"), said.get("userMessage", ""), said.get("attributes", {})
    outcome = _ACTIONS.get(action) if isinstance(action, str) else None
    if outcome is None:
        return failed("answer_action")
    if not isinstance(named, dict) or not isinstance(message, str):
        return failed("answer_format")
    if outcome is ConnectorOutcome.CONTINUE:
        return _continued(named)
    if outcome is ConnectorOutcome.INVALID and step is ConnectorStep.REDEMPTION:
        outcome = ConnectorOutcome.BLOCK
    at = said.get("field", "")
    return ConnectorAnswer(
        outcome=outcome, message=_plain(message), wrong_field=at if isinstance(at, str) and at in FIELDS else ""
    )


FIELDS = frozenset({"name", "reason", *Attribute})  # of the form that may be wrong


def _continued(named: Mapping[str, Any]) -> ConnectorAnswer:
    taken: dict[str, str] = {}
    for attribute in Attribute:
        if attribute.value not in named:
            continue
        value = named[attribute.value]
        try:
            taken[attribute.value] = checked_attribute(attribute, value if isinstance(value, str) else "")
        except Invalid as error:
            return failed(f"answer_{error.reason}")
    ignored = sorted(printable(name, 50) for name in named if name not in taken)[:_NAMED]
    return ConnectorAnswer(outcome=ConnectorOutcome.CONTINUE, attributes=taken, ignored=tuple(ignored))


def _plain(message: str) -> str:
    """One paragraph of printable characters; "" for anything else. The page escapes it."""
    text = " ".join(message.split())
    return text if len(text) <= MAX_MESSAGE and text.isprintable() else ""
