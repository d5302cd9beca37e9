"""The audit's events: who did what to what, and why. Personal values stand apart, so that deletion can empty them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, from where, in which request. kind: person, application, system, command."""

    kind: str
    id: str = ""
    address: str = ""
    request_id: str = ""


SYSTEM = Actor(kind="system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One audit row. name: dotted, past tense (`invitation.created`). data: ids and words only.

    subject: the pseudonymous id of the person concerned, or empty. personal: values for the side table (HT-18).
    """

    name: str
    actor: Actor
    target: str = ""
    subject: str = ""
    reason: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
