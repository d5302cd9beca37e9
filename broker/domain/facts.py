"""Everything a gate may look at: built once a request by services/login/context.py, saved with the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.domain import assurance
from broker.domain.guest import GuestState, PersonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The state of one login at one moment. Ids, times and yes/no only: no attribute value, no address (HT-19)."""

    now: int
    # what was asked for
    application: str | None = None
    started_at: int = 0
    silent: bool = False  # prompt=none
    force: bool = False  # prompt=login
    choose: bool = False  # prompt=select_account, until a choice was made in this login
    ask_consent: bool = False  # prompt=consent, until given in this login
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    scopes: frozenset[str] = frozenset()
    subject_differs: bool = False  # id_token_hint or a requested `sub` names somebody else
    # who vouches
    partner: str | None = None
    partner_live: bool = True  # the partner is still in the files
    by_mail: bool = False  # the home of this login is a code by mail
    asserted: bool = False  # by a live session, or in this login
    asserted_now: bool = False  # in this very login
    answered_anew: bool = False  # in this login, asked for a sign-in from now on
    auth_time: int | None = None
    session_auth_time: int | None = None  # of the session that was there before this login
    # who it is
    person: str | None = None
    kind: PersonKind = PersonKind.GUEST
    state: GuestState = GuestState.ACTIVE
    expired: bool = False
    invitation: str | None = None  # an invitation that this person may redeem now
    invitation_refusal: str | None = None  # page code, where the ticket in hand cannot be redeemed
    invitation_reason: str | None = None
    identity_changed: str = ""  # address, or both it and the name, are others than the last time (FA-18)
    mailbox: str | None = None  # the mailbox that is still to be proven beside the sign-in: invited, or recorded
    # what stands against it
    assignment_required: bool = False
    assigned: bool = False
    assignments: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()  # names of our groups that the person is in now
    consented: frozenset[str] | None = None  # scopes of the consent record; None: no record
    consented_now: bool = False
    # what was agreed to
    terms: str | None = None  # the version of the terms of use that is in force
    terms_accepted: bool = False
    # what was proven, and what could be
    acr: str = assurance.SFA
    amr: tuple[str, ...] = ()
    proofs: tuple[Mapping[str, object], ...] = ()  # that acr and amr stand on: who proved what and when
    partner_mfa: bool = False  # the partner did multi-factor authentication, and we trust its word (HO-15)
    may_step_up: bool = False  # it can be asked for more proof, and was not yet in this login
    factors: frozenset[str] = frozenset()  # of ours, that the person has: totp, passkey, key; looked up where proof is missing
    proven_at: int | None = None  # the last proof with one of them, in this login or in the session
    wish: str = ""  # what a login for our own pages is to do beside (login.OwnPageIntent)
    second_channel: str = ""  # what a first method needs beside the sign-in: mailbox, or sponsor (FA-05)
    added: bool = False  # a method was added in this login
    declined: bool = False  # the person went on without the proof that the application would like
    # what the policies say of it (domain/policy_decision.py)
    policy_refusal: str | None = None  # policy_blocked or policy_error
    required: frozenset[str] = frozenset()  # of mfa, phishing_resistant_mfa, terms_of_use
    frequency: int | None = None  # seconds that a proof lasts
    freshness_asked: bool = False  # in this login the partner was asked for a proof as young as a policy wants
    policies: tuple[Mapping[str, str], ...] = ()  # id, state, result, reason
