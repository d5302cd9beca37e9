"""A trial of what was entered behind a set-up link: one real visit to the partner, of which only findings stay.

No login, guest, binding, session or grant begins by it: its state is of its own kind, which no login has, and a login's state is none here.
The answer counts once, for the browser that holds the link's ticket.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.connector import Ask, Connector, Inbound, Outbound
from broker.domain.errors import BadRequest, LoginExpired, PageError, TooManyAttempts
from broker.domain.ids import digest, new_secret
from broker.domain.network import counted
from broker.domain.setup_link import SetupLink
from broker.domain.times import HOUR, MINUTE
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.doctor import advice, assertion_claims
from broker.services.doctor.finding import Finding, Level, in_order, ok
from broker.services.history import audit
from broker.services.keys.ring import Keys
from broker.services.partner_setup.connection import purpose, told
from broker.services.partner_setup.links import UNKNOWN, SetupLinks
from broker.services.partner_setup.sandbox import Families, sandbox
from broker.services.rate_limits import RateLimits
from broker.settings.model import PartnerFile
from broker.storage.partners import setup_links

MARK = "trial."  # begins the state of every trial; those of logins are base64url and hold no dot
LIVES = 10 * MINUTE  # in which the person signs in at the partner
TRIALS = 30  # an hour and link; as many answers of no trial an hour and address
AT_ONCE = 2  # answers that a process judges at the same time (FA-02)

T = TypeVar("T")


def is_trial(state: str) -> bool:
    """Whether an answer belongs to a trial."""
    return state.startswith(MARK)


class TrialLogins:
    """Begins a trial, judges its answer, and keeps what doctor says of it."""

    def __init__(
        self, core: Core, links: SetupLinks, keys: Keys, families: Families, sealer: Sealer, rate_limits: RateLimits
    ) -> None:
        """families: constructs the services of partners on a copy of the settings."""
        self._families = families
        self._core = core
        self._db = core.db
        self._clock = core.clock
        self._links = links
        self._keys = keys
        self._sealer = sealer
        self._rate_limits = rate_limits
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def begin(self, ticket: str, address: str) -> Outbound | None:
        """The request to the partner; None if none can be made, and the findings say why. Raises BadRequest, TooManyAttempts."""
        link = self._links.undecided(ticket)
        self._rate_limits.hit(f"setup_trial:{link.id}", limit=TRIALS, window=HOUR)
        state = MARK + new_secret()
        try:
            outbound = self._at(link, lambda connector, _partner: connector.begin(Ask(state=state)))
        except PageError as error:
            self._store(link, [told(_refusal(error))], address)
            return None
        self._remember(link, digest(state), dict(outbound.memory))
        return outbound

    def complete(self, ticket: str, partner_id: str, params: Mapping[str, str], address: str) -> None:
        """The answer at the redirect URI, in the browser that has the ticket. Raises BadRequest, LoginExpired."""
        link = self._links.look(ticket)
        if link.partner != partner_id:  # HO-9
            raise BadRequest(UNKNOWN, "the answer came to the callback of another partner")
        memory = self._taken(link, digest(params.get("state", "")))
        self._store(link, [told(one) for one in self._judged(link, params, memory)], address)

    def arrive(self, params: Mapping[str, str], address: str) -> str:
        """A posted answer: judged, and kept for the browser that claims it with the ticket. Raises LoginExpired, TooManyAttempts."""
        state, handle, now = digest(params.get("RelayState", "")), new_secret(), self._clock()
        with self._db.read() as tx:
            link = setup_links.of_trial(tx, state, now - LIVES)
        if link is None or not link.opens(now):
            self._rate_limits.hit(f"setup_trial:{counted(address)}", limit=TRIALS, window=HOUR)
            raise LoginExpired("relay_state")
        memory = self._taken(link, state)
        self._remember(link, _of_claim(handle), [told(one) for one in self._judged(link, params, memory)])
        return handle

    def claim(self, ticket: str, handle: str, address: str) -> None:
        """What `arrive` kept, for this ticket alone. Raises BadRequest, LoginExpired."""
        link = self._links.look(ticket)
        self._store(link, self._taken(link, _of_claim(handle)), address)

    def _remember(self, link: SetupLink, state: str, what: object) -> None:
        sealed = self._sealer.seal(json.dumps(what).encode(), f"{purpose(link)}:{state}")
        with self._db.write() as tx:
            if not setup_links.begin_trial(tx, link.id, state, sealed, self._clock()):
                raise BadRequest(UNKNOWN, "over meanwhile")

    def _taken(self, link: SetupLink, state: str) -> Any:
        """What was remembered under this state, once. Raises LoginExpired."""
        with self._db.write() as tx:
            sealed = setup_links.take_trial(tx, link.id, state, self._clock() - LIVES)
        if sealed is None:
            raise LoginExpired("login_unknown")
        return json.loads(self._sealer.open(sealed, f"{purpose(link)}:{state}"))

    def _judged(self, link: SetupLink, params: Mapping[str, str], memory: Mapping[str, str]) -> Sequence[Finding]:
        """What doctor says of an answer, good or bad."""
        inbound = Inbound(params=params, memory=memory, now=self._clock())
        try:
            with self._place():
                return self._at(link, lambda connector, partner: _said(connector.complete(inbound), partner))
        except TooManyAttempts:
            raise
        except PageError as error:
            return [_refusal(error)]

    def _at(self, link: SetupLink, act: Callable[[Connector, PartnerFile], T]) -> T:
        """Acts with the partner's connector, on its documents as they are now. Raises BadRequest where nothing was entered."""
        with self._db.read() as tx:
            answer = setup_links.answer_of(tx, link.id)
        if answer is None:
            raise BadRequest(UNKNOWN, "nothing was entered")
        secret = self._sealer.open(answer.secret, purpose(link)).decode() if answer.secret is not None else ""
        with sandbox(self._core, self._keys, self._families, link, answer, secret) as tried, tried.http() as http:
            partner = tried.partner
            if partner is None:
                raise BadRequest(UNKNOWN, "the files changed since it was entered")
            return act(tried.partners.family_of(partner).visiting(partner, http), partner)

    def _store(self, link: SetupLink, findings: Sequence[Mapping[str, str]], address: str) -> None:
        now = self._clock()
        good = not any(one["level"] == Level.PROBLEM for one in findings)
        with self._db.write() as tx:
            setup_links.keep_trial(tx, link.id, json.dumps({"at": now, "findings": list(findings)}))
            data: dict[str, object] = {"partner": link.partner, "trial": True, "good": good}
            event = Event(name="setup_link.tried", actor=Actor.person(address=address), target=link.id, data=data)
            audit.record(tx, event, now)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A place for judging one answer; nothing waits for one."""
        if not self._places.acquire(blocking=False):
            raise TooManyAttempts("setup_busy", f"more than {AT_ONCE} trials at once")
        try:
            yield
        finally:
            self._places.release()


def _of_claim(handle: str) -> str:
    """The hash under which a posted answer waits: no state of a trial has it."""
    return digest(f"claim:{handle}")


def _refusal(error: PageError) -> Finding:
    said = advice.of(error.reason, error.detail)
    return Finding(Level.PROBLEM, error.reason, f"{error.reason}: {error.detail}", said.expected, said.side, said.change)


def _said(assertion: Assertion, partner: PartnerFile) -> Sequence[Finding]:
    """Doctor's words about one answer, as about the sign-ins of a partner in force; names alone, no values."""
    step: dict[str, Any] = {
        "arrived": list(assertion.arrived),
        "mapped": sorted(assertion.claims),
        "email_verified": assertion.email_verified,
        "acr": assertion.acr,
        "amr": list(assertion.amr),
        "left_out": list(assertion.left_out),
        "subject_form": assertion.subject_form,
    }
    if assertion.auth_time is not None:
        step["auth_time"] = assertion.auth_time
    clock = "" if assertion.skew is None else f"; its clock differs from ours by {abs(assertion.skew)} s"
    found = [ok("answer", f"the answer arrived, signed, fresh and meant for us, from {assertion.issuer}{clock}")]
    found += assertion_claims.look([step], [], partner)
    if assertion.name is None and "name" not in partner.claims:
        change = "release the name of the person to our client"
        found.append(Finding(Level.WARNING, "name", "no name came", "a name that colleagues see", advice.FALLBACK.side, change))
    return in_order(found)
