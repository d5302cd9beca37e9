"""A group of our directory: people under one name, for policies, assignments and applications."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass
from functools import lru_cache

from broker.domain.errors import Invalid

MAX_NAME = 128  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row. name: unique, regardless of case. rule: as written; None for a group whose members staff choose.

    partner: the one that the rule requires, "" if several can match, None without a rule.
    owners: addresses of members of staff, in order. created_at: seconds since 1970, UTC.
    """

    id: str
    name: str
    rule: str | None = None
    partner: str | None = None
    owners: tuple[str, ...] = ()
    created_at: int = 0

    @property
    def is_dynamic(self) -> bool:
        """Whether a rule alone decides who is a member."""
        return self.rule is not None


def group_name(text: str) -> str:
    """A group's name as it is stored. Raises Invalid for a name that looks like an address or an id, or breaks a line."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise Invalid("a group needs a name", "group_name")
    if len(name) > MAX_NAME:
        raise Invalid(f"a group's name has at most {MAX_NAME} characters", "group_name")
    if "@" in name or not name.isprintable() or is_uuid(name):
        raise Invalid(f"{text!r} cannot be a group's name: it holds @, is an id, or cannot be printed", "group_name")
    return name


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """The form in which names are compared: `Finance`, `finance` and their compatibility forms are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_uuid(text: str) -> bool:
    """Whether a text has the form of our ids."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
