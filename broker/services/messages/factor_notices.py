"""Mails to a person about changes of their own sign-in methods: a person who did not make the change must learn of it (MF-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.guest import Person
from broker.domain.mail import Mail, MailKind


def notice(person: Person, what: str, now: int, data: Mapping[str, Any]) -> Mail:
    """The mail about a change of a person's methods. what: added, removed, recovery_used, recovery_renewed, copied, reset ..."""
    values = {"what": what, "at": now, "name": person.name, "method": data.get("method", ""), "left": data.get("left", 0)}
    values["due"] = data.get("due_at", 0)
    return Mail(kind=MailKind.FACTORS, recipient=person.email, language=person.language, person=person.id, values=values)
