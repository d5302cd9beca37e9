"""Everything that a gate can read: built once a request by broker/services/login/facts.py, stored with the receipt.

Ids, names of ours, times and yes/no only: no attribute value, no address (HT-19). Every default opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from broker.domain import assurance
from broker.domain.guest import GuestState, PersonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What this request asks for.

    silent: prompt=none. force: prompt=login or max_age=0. choose: prompt=select_account, until an account was chosen in this
    login. subject_differs: an id_token_hint or a requested `sub` names another person.
    """

    started_at: int = 0
    silent: bool = False
    force: bool = False
    choose: bool = False
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    subject_differs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """Whether somebody vouched for the person, and when.

    asserted: by a live session, or in this login. asserted_now: in this login. fresh_answered: the assertion answers a request
    for a fresh sign-in. auth_time: of the assertion, else of the session; None if unknown. session_auth_time: of the session
    that was there before this login. freshness_asked: in this login, the partner was asked for a sign-in as recent as a policy
    requires.
    """

    asserted: bool = False
    asserted_now: bool = False
    fresh_answered: bool = False
    auth_time: int | None = None
    session_auth_time: int | None = None
    freshness_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFacts:
    """The home organization.

    id: as the login knows it, None if it does not. live: the partner that vouched is in the files still. by_mail: the person
    signs in by a code to their mailbox. by_link: an administrator, who came by a link of `broker admin-link`. mfa: the partner did multi-factor authentication, and its file says that we trust
    that (HO-15). may_step_up: it can be asked for more proof, and was not yet in this login.
    """

    id: str | None = None
    live: bool = True
    by_mail: bool = False
    by_link: bool = False
    mfa: bool = False
    may_step_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """The person to whom the asserted identity is bound.

    id: None for nobody. identity_changed: the identity asserts another address than last time, or another address and name
    (FA-18). groups: names of our groups that the person is in now.
    """

    id: str | None = None
    kind: PersonKind = PersonKind.GUEST
    state: GuestState = GuestState.ACTIVE
    expired: bool = False
    identity_changed: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationFacts:
    """The invitation in hand.

    id: of one that this person can redeem now. refusal: the error page's code where it cannot be redeemed. reason: for the
    receipt. mailbox: the one that is to be proven in addition to the sign-in (domain/mailbox.py).
    """

    id: str | None = None
    refusal: str | None = None
    reason: str | None = None
    mailbox: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpFacts:
    """The sign-up that this login began with.

    application: None where it began with something else. state: of domain/sign_up.py, "" before the address is proven. refusal:
    the error page's code where this person cannot sign up. reason: for the receipt.
    """

    application: str | None = None
    state: str = ""
    refusal: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorFacts:
    """What was proven, and what could be.

    proofs: those that acr and amr result from. methods: strengths of the person's own methods (totp, passkey, key); looked up
    only where proof is missing. proven_at: the last proof with one of them. second_channel: what a first method requires in
    addition to the sign-in (FA-05): `mailbox`, `sponsor`, or nothing. own_page_intent: of domain/login.py. method_added: in
    this login. went_without: the person continued without the proof that the application would like.
    """

    acr: str = assurance.SFA
    amr: tuple[str, ...] = ()
    proofs: tuple[Mapping[str, object], ...] = ()
    methods: frozenset[str] = frozenset()
    proven_at: int | None = None
    second_channel: str = ""
    own_page_intent: str = ""
    method_added: bool = False
    went_without: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFacts:
    """The application, and what the person has there.

    id: None for our own pages. ask_consent: prompt=consent. consented: scopes of the consent record; None without a record.
    consented_now: in this login. assignments: ids of those that are valid now.
    """

    id: str | None = None
    scopes: frozenset[str] = frozenset()
    ask_consent: bool = False
    consented: frozenset[str] | None = None
    consented_now: bool = False
    assignment_required: bool = False
    assigned: bool = False
    assignments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """The verdict of the policies (domain/policy_decision.py), and the terms of use.

    refusal: policy_blocked or policy_error. required: of mfa, phishing_resistant_mfa, terms_of_use. frequency: seconds that a
    sign-in lasts. results: id, state, result and reason of each policy. terms: the version in force.
    """

    refusal: str | None = None
    required: frozenset[str] = frozenset()
    frequency: int | None = None
    results: tuple[Mapping[str, str], ...] = ()
    terms: str | None = None
    terms_accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The state of one login at one moment."""

    now: int
    request: RequestFacts = RequestFacts()
    session: SessionFacts = SessionFacts()
    partner: PartnerFacts = PartnerFacts()
    person: PersonFacts = PersonFacts()
    invitation: InvitationFacts = InvitationFacts()
    sign_up: SignUpFacts = SignUpFacts()
    factors: FactorFacts = FactorFacts()
    application: ApplicationFacts = ApplicationFacts()
    policy: PolicyFacts = PolicyFacts()

    def recorded(self) -> dict[str, Any]:
        """The facts as a receipt stores them: one flat JSON object; sets are sorted, so that two receipts can be compared."""
        values = {name: getattr(getattr(self, part), field) for name, (part, field) in RECORDED.items()}
        return {"now": self.now} | {
            name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()
        }


_PARTS = {
    "request": RequestFacts,
    "session": SessionFacts,
    "partner": PartnerFacts,
    "person": PersonFacts,
    "invitation": InvitationFacts,
    "sign_up": SignUpFacts,
    "factors": FactorFacts,
    "application": ApplicationFacts,
    "policy": PolicyFacts,
}
_NAMED = {  # fields whose name says nothing without their part
    ("partner", "id"): "partner",
    ("partner", "live"): "partner_live",
    ("partner", "mfa"): "partner_mfa",
    ("person", "id"): "person",
    ("invitation", "id"): "invitation",
    ("invitation", "refusal"): "invitation_refusal",
    ("invitation", "reason"): "invitation_reason",
    ("sign_up", "application"): "sign_up",
    ("sign_up", "state"): "sign_up_state",
    ("sign_up", "refusal"): "sign_up_refusal",
    ("sign_up", "reason"): "sign_up_reason",
    ("factors", "methods"): "factors",
    ("application", "id"): "application",
    ("policy", "refusal"): "policy_refusal",
}
# The name in a receipt -> the part and the field. Results of policies have a column of their own.
RECORDED: Mapping[str, tuple[str, str]] = {
    _NAMED.get((part, field.name), field.name): (part, field.name)
    for part, record in _PARTS.items()
    for field in fields(record)
    if (part, field.name) != ("policy", "results")
}
