"""The language of an e-mail."""

from __future__ import annotations

from broker.domain.guest import Person
from broker.settings.load import Settings


def language_of(person: Person | None, settings: Settings) -> str:
    """The person's own language, else the first of `languages:` in config/broker.yaml. person: None where nobody is known."""
    return (person.language if person else "") or settings.broker.languages[0]
