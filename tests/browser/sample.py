"""A page of the gallery, and the people and things on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.domain.guest import PersonKind
from tests.factories import person

TOKEN = "uPjRkfYV0lZLxV3Wq0cnB1m7yCq1kM8mQ9y3bqk5C2E"
GERDA = person(name="Gerda Guest", email="gerda@fabrikam.example")
ALICE = person(name="Alice Kern", email="alice@contoso.example", kind=PersonKind.MEMBER)
NOW = 1779000000
FORM = {"csrf": TOKEN, "action": "", "keep_query": {}}


@dataclass(frozen=True, slots=True)
class Sample:
    """A page of the gallery: its template, the data-page it must carry, and its context."""

    template: str
    page: str
    context: Mapping[str, Any] = field(default_factory=dict)
