"""What staff, the portal and programs see of guests. No secret and no internal value of a record is in a view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from broker.domain.factor import Factor, Method
from broker.domain.guest import GuestState, Identity, Person, PersonKind
from broker.domain.mail import Posted
from broker.services.access.views import AssignmentView, MembershipView


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRow:
    """One line of a list of guests; members of staff have one, too. Times: seconds since 1970, UTC.

    partner: the home organization of the last sign-in, None before the first. sponsor: the address of the member who answers
    for this guest. signed_up_at None: invited. expires_at None: no end. email: "" after a deletion.
    """

    id: str
    kind: PersonKind
    state: GuestState
    email: str
    name: str
    language: str
    partner: str | None
    sponsor: str | None
    created_at: int
    signed_up_at: int | None
    redeemed_at: int | None
    expires_at: int | None
    last_sign_in: int | None

    @classmethod
    def of(cls, person: Person) -> Self:
        """The line of a person."""
        return cls(
            id=person.id,
            kind=person.kind,
            state=person.state,
            email=person.email,
            name=person.name,
            language=person.language,
            partner=person.partner,
            sponsor=person.sponsor,
            created_at=person.created_at,
            signed_up_at=person.signed_up_at,
            redeemed_at=person.redeemed_at,
            expires_at=person.expires_at,
            last_sign_in=person.last_sign_in,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityView:
    """An account at a home organization that signs in as this guest. Its subject stays inside the broker."""

    partner: str
    issuer: str
    bound_at: int

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """The view of a bound identity."""
        return cls(partner=identity.partner, issuer=identity.issuer, bound_at=identity.bound_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """A consent: the scopes that a guest lets an application have. Times: seconds since 1970, UTC."""

    application: str
    scopes: tuple[str, ...]
    version: int
    given_at: int
    withdrawn_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodView:
    """A sign-in method of a person's own. kind: app, passkey, or key (a passkey that does not check who holds it).

    copied_at: when a use showed that there may be a copy. Times: seconds since 1970, UTC.
    """

    id: str
    kind: str
    name: str
    created_at: int
    last_used_at: int | None
    copied_at: int | None

    @classmethod
    def of(cls, factor: Factor) -> Self:
        """The view of a factor, without its secret."""
        return cls(
            id=factor.id,
            kind="app" if factor.method is Method.TOTP else "passkey" if factor.verified else "key",
            name=factor.name,
            created_at=factor.created_at,
            last_used_at=factor.last_used_at,
            copied_at=factor.copied_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestView:
    """One guest in full. mails: the newest ones about this guest, with their delivery."""

    person: GuestRow
    identities: tuple[IdentityView, ...]
    consents: tuple[ConsentView, ...]
    methods: tuple[MethodView, ...]
    groups: tuple[MembershipView, ...]
    assignments: tuple[AssignmentView, ...]
    mails: tuple[Posted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestCounts:
    """How many guests staff should look at: with an end within 14 days, without a sign-in for long, without a sponsor."""

    ending: int
    inactive: int
    without_sponsor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedGuest:
    """A guest who was deleted. rows: table -> how many rows of personal data are gone."""

    id: str
    email: str
    rows: Mapping[str, int]
