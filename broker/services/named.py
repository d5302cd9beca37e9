"""A person as commands and forms name one: by address or id."""

from __future__ import annotations

import uuid

from broker.domain.errors import NotFound
from broker.domain.guest import Person
from broker.services.addresses import canonical
from broker.storage import people
from broker.storage.engine import Connection


def named(tx: Connection, name: str, *, lock: bool = False) -> Person:
    """The person of an address or id. lock: nobody else changes them until the transaction ends. Raises NotFound."""
    email = canonical(name) if "@" in name else None
    person = None
    if email:
        person = people.by_email(tx, email, lock=lock)
    elif _is_uuid(name):
        person = people.by_id(tx, name, lock=lock)
    if person is None:
        raise NotFound(f"there is no guest {name!r}", "guest_unknown")
    return person


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
