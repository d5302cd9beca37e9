"""A login (minutes, one browser, one request), and what results from it: a session (hours) and a grant (one application)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from broker.domain.assertion import Assertion
from broker.domain.factor import Proof, own
from broker.domain.login_progress import LoginProgress
from broker.domain.request import AuthorizationRequest
from broker.domain.sign_up import SignUp
from broker.domain.times import HOUR

LIFETIME = HOUR  # seconds from the start of a login to its end; enough for a person who has to fetch a telephone
LIVE_PER_BROWSER = 20  # HW-13


class Stage(StrEnum):
    """OPEN: at one of our pages; WAITING: the browser is at the identity provider; CLOSED: answered or given up."""

    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


class LoginPurpose(StrEnum):
    """What the login ends in: an answer to an application, a redeemed invitation, a sign-up, or our own access panel."""

    APPLICATION = "application"
    INVITATION = "invitation"
    SIGN_UP = "sign_up"
    PANEL = "panel"


class OwnPageIntent(StrEnum):
    """What a login does in addition: for our own pages it asks for a fresh proof, and adds a method after it.

    OFFER: a person who signs in by a code asked for a passkey; the login, of any purpose, ends well without one.
    """

    PROVE = "prove"
    TOTP = "totp"
    PASSKEY = "passkey"
    OFFER = "offer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One row.

    memory: the connector's, sealed. chosen: an account or a home organization was chosen in this login.
    another_account_asked: the person wants another account than the one that is signed in. fresh_within: seconds, how recent a
    sign-in a policy had the partner asked for. step_up_asked: the partner was asked for more proof (HO-15).
    own_page_intent: of `OwnPageIntent`, or "". task: sealed, seed and challenge of the method that is being added or used.
    proofs: given with the person's own methods in this login. mailbox_proven, mailbox_declined: the mark of the mailbox
    (domain/mailbox.py) that a code proved, or that the person cannot read. sign_up: the form that began the login. trail: for the receipt; nothing is decided by it.
    """

    id: str
    reference: str
    purpose: LoginPurpose
    stage: Stage
    created_at: int
    expires_at: int
    request: AuthorizationRequest | None = None
    invitation_id: str | None = None
    partner: str | None = None
    login_hint: str | None = None
    memory: str | None = None
    assertion: Assertion | None = None
    chosen: bool = False
    another_account_asked: bool = False
    consented: bool = False
    fresh_within: int | None = None
    step_up_asked: bool = False
    own_page_intent: str = ""
    task: str | None = None
    proofs: tuple[Proof, ...] = ()
    return_path: str | None = None
    mailbox_proven: str | None = None
    mailbox_declined: str | None = None
    sign_up: SignUp | None = None
    progress: LoginProgress = field(default_factory=LoginProgress)
    trail: tuple[Mapping[str, object], ...] = field(default=())


def application_sid(sid: str, client_id: str) -> str:
    """The `sid` of a session at one application: a hash, so that two applications cannot recognize the same session (FA-14).

    The session's own sid is random and is never released, so no application can compute the `sid` of another.
    """
    return str(UUID(bytes=sha256(f"{sid}\n{client_id}".encode()).digest()[:16], version=5))


def home_mark(issuer: str, value: str | None) -> str:
    """A home organization's name for a person or for its session, as a hash: found when a message of logout names it (HO-18)."""
    return sha256(f"{issuer}\0{value}".encode()).hexdigest() if value else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser's sign-in for hours. `sid` is never released: each application receives its own (`application_sid`).

    acr, amr: at the last proof. proofs: all proofs, the home organization's included; policies and the partner's file decide how
    long each counts. device: browser and system in words (domain/device.py). home_name, home_session: `home_mark` of the person and of
    the session at the home organization; "" where it named none. home_logout: sealed, what signs out there; "" if nothing.
    """

    sid: str
    person_id: str
    partner: str
    issuer: str
    acr: str
    amr: tuple[str, ...]
    auth_time: int
    auth_time_known: bool
    claims: Mapping[str, object]
    created_at: int
    last_seen_at: int
    expires_at: int
    ended_at: int | None = None
    proofs: tuple[Proof, ...] = ()
    device: str = ""
    home_name: str = ""
    home_session: str = ""
    home_logout: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The result of one sign-in at one application; codes and tokens belong to it. It does not change after authorization (HP-41).

    proof: what is evaluated at every use in addition to acr, amr and times: issuer (who vouched), auth_time_known, partner_mfa,
    and `by`: the proofs.
    """

    id: str
    sid: str
    person_id: str
    client_id: str
    sub: str
    scopes: tuple[str, ...]
    claims: Mapping[str, object]  # released values by claim name, consented and allow-listed
    requested: Mapping[str, Any]  # the `claims` parameter, reduced; and `resources` (RFC 8707)
    acr: str
    amr: tuple[str, ...]
    auth_time: int
    idp: str
    nonce: str | None
    address: str
    created_at: int
    ended_at: int | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)

    @property
    def application_sid(self) -> str:
        """The `sid` that the application receives."""
        return application_sid(self.sid, self.client_id)

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources that the authorization request named (RFC 8707)."""
        return tuple(self.requested.get("resources", ()))

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """The proofs that counted at the sign-in."""
        return tuple(Proof.from_json(one) for one in self.proof.get("by", ()))

    @property
    def proven_at(self) -> int | None:
        """When the person last signed in at home or proved a method of their own, in seconds; None if nobody sent a time."""
        known = (self.auth_time,) if self.proof.get("auth_time_known") is True else ()
        return max((*known, *(one.at for one in own(self.proofs, self.person_id) if one.at is not None)), default=None)
