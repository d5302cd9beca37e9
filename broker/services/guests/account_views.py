"""What a person sees about themselves: frozen, made in the transaction that read the rows. Times: seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.domain import assurance
from broker.domain.invitation import Invitation
from broker.domain.login import Session
from broker.domain.receipt import Outcome, Receipt
from broker.services.guests.views import IdentityView


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedApplication:
    """One application of a person. assigned: to this person, not only to a group. agreed_at: None without consent.

    groups: those through which the person may use it. until None: as long as the access itself lasts. launch_url: "" without a tile.
    inviter, invited_at, words: of the invitation to it, "" and None where there was none. given: the names of the claims that the last
    sign-in released. can_give_up: the person can end this access without staff; rule_groups: groups that they cannot leave, because the
    home organization's statements decide.
    """

    client_id: str
    name: str
    launch_url: str
    assigned: bool
    groups: tuple[str, ...]
    rule_groups: tuple[str, ...]
    agreed_at: int | None
    until: int | None
    last_used: int | None
    given: tuple[str, ...]
    inviter: str
    invited_at: int | None
    words: str

    @property
    def can_give_up(self) -> bool:
        """Whether there is something that the person themselves can end."""
        return self.assigned or self.agreed_at is not None or len(self.groups) > len(self.rule_groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSessionView:
    """A browser in which a person is signed in. device: browser and system in words. mfa: with more than one factor."""

    sid: str
    partner: str
    device: str
    mfa: bool
    created_at: int
    last_seen_at: int

    @classmethod
    def of(cls, one: Session) -> OwnSessionView:
        """The view of a session."""
        return cls(
            sid=one.sid,
            partner=one.partner,
            device=one.device,
            mfa=assurance.rank(one.acr) > assurance.rank(assurance.SFA),
            created_at=one.created_at,
            last_seen_at=one.last_seen_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignIn:
    """A sign-in of a person, from its receipt, without what only staff may read. application: a client_id, "" for our own pages.

    error: the code of the page that the person saw, "" for none. mfa: with more than one factor. given: names of released claims.
    """

    reference: str
    at: int
    application: str
    partner: str
    outcome: Outcome
    error: str
    mfa: bool
    given: tuple[str, ...]

    @classmethod
    def of(cls, receipt: Receipt) -> OwnSignIn:
        """The view of a receipt."""
        issued: Mapping[str, Any] = next((step for step in reversed(receipt.steps) if step.get("step") == "issued"), {})
        return cls(
            reference=receipt.request_id,
            at=receipt.at,
            application=receipt.application or "",
            partner=receipt.partner or "",
            outcome=receipt.outcome,
            error=receipt.error or "",
            mfa=assurance.rank(str(receipt.facts.get("acr", assurance.SFA))) > assurance.rank(assurance.SFA),
            given=tuple(issued.get("claims", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """The whole page. sponsor: name or address of the member who answers for this guest, "" for nobody.

    asked_at: when somebody was asked last whether the access continues, None if nobody is asked now. may_ask: the person may ask for
    more time now.
    """

    now: int
    identities: tuple[IdentityView, ...]
    uses: tuple[UsedApplication, ...]
    sessions: tuple[OwnSessionView, ...]
    sign_ins: tuple[OwnSignIn, ...]
    sponsor: str
    asked_at: int | None
    may_ask: bool


def invitation_to(found: list[Invitation], client_id: str) -> Invitation | None:
    """The invitation to an application: the newest that was accepted."""
    return next((one for one in found if one.application == client_id and one.redeemed_at is not None), None)
