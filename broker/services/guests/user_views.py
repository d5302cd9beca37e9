"""What programs see of people: guests and members alike. No secret and no subject of an identity is in a view."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from broker.domain.guest import Identity, Person
from broker.services.access.views import MembershipView
from broker.services.guests.views import GuestRow, IdentityView, MethodView
from broker.storage.directory.branches import RowKey


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """One person. details: what programs keep (domain/person_details.py). given_name, family_name: the home organization's, where no
    program keeps others. identities: None where they were not asked for.
    """

    row: GuestRow
    details: Mapping[str, str]
    given_name: str
    family_name: str
    sign_in_at: int | None
    identities: tuple[IdentityView, ...] | None = None

    @classmethod
    def of(cls, person: Person, identities: Sequence[Identity] | None = None) -> Self:
        """The view of a person."""
        return cls(
            row=GuestRow.of(person),
            details=dict(person.details),
            given_name=person.details.get("given_name") or _said(person, "given_name"),
            family_name=person.details.get("family_name") or _said(person, "family_name"),
            sign_in_at=person.last_sign_in,
            identities=None if identities is None else tuple(IdentityView.of(one) for one in identities),
        )

    @property
    def version(self) -> str:
        """Another one after each change that a program can make, for If-Match; a sign-in is no such change."""
        row = self.row
        told = (row.id, row.state, row.email, row.name, row.language, row.sponsor, row.expires_at, sorted(self.details.items()))
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """A page of a list. next_key: of the page behind it, None on the last one. count: of the whole list, None where it was not asked for."""

    users: tuple[UserView, ...]
    next_key: RowKey | None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRelations:
    """What hangs off one person; each is read on its own."""

    groups: tuple[MembershipView, ...] = ()
    methods: tuple[MethodView, ...] = ()
    by_code: bool = False
    sponsor: UserView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """What a program changes; None: nothing. details: name -> value, None or "" removes it."""

    name: str | None = None
    language: str | None = None
    enabled: bool | None = None
    details: Mapping[str, str | None]


def _said(person: Person, claim: str) -> str:
    value = person.profile.get(claim)
    return value if isinstance(value, str) else ""
