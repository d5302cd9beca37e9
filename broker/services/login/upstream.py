"""The visit to the home organization: sends the request, and takes its answer once, for the browser that began the login."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.connector import Inbound, Outbound
from broker.domain.errors import (
    LoginExpired,
    NoMoreProof,
    PageError,
    PartnerFailed,
    PartnerUntrusted,
    SubjectFormatRefused,
    TooManyAttempts,
)
from broker.domain.ids import digest, new_secret
from broker.domain.login import Login, Stage
from broker.domain.network import counted
from broker.domain.next_step import How
from broker.domain.receipt import Outcome
from broker.domain.times import HOUR
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.history import audit, login_trail
from broker.services.login.context import live
from broker.services.login.upstream_request import ask_of
from broker.services.partners import known_claims
from broker.services.partners.families import Partners
from broker.storage.login import logins
from broker.storage.operations import rate_limits

# In the memory of a request, next to the connector's values: it asks ONLY for more proof, or ALSO for a sign-in.
_MORE = "more"
_ONLY, _BESIDE = "only", "beside"
PARKED_PER_ADDRESS = 20_000  # per hour, as many as logins
PARKED_FOR = 120  # seconds between a cross-site POST and the GET that claims it (HS-31)


class Upstream:
    """One request to a partner's identity provider, and its answer. No network call happens inside a transaction."""

    def __init__(self, core: Core, partners: Partners, sealer: Sealer) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners
        self._sealer = sealer

    def begin(
        self,
        login: Login,
        address: str,
        home: str | None = None,
        *,
        how: How | None = None,
        with_more: bool = False,
        fresh_within: int | None = None,
    ) -> Outbound | None:
        """The request to the login's partner; None if it should ask for more proof and cannot. Raises PartnerFailed (the login
        can continue), LoginExpired.

        login: as the dispatcher loaded it for this browser; the statement that stores the request checks that it is open still.
        home: the partner of the live session, if the same person is to sign in again. how: of the gates' answer. with_more: ask
        for multi-factor authentication, too. fresh_within: seconds, how recent a sign-in a policy requires; stored, because a
        login asks for it once (HP-17).
        """
        now = self._clock()
        login = login if fresh_within is None else replace(login, fresh_within=fresh_within)
        partner = login.partner or home
        if partner is None:
            raise LoginExpired("login_without_partner")
        state = new_secret()
        ask, step_up = ask_of(login, state, self._settings().partners.get(partner), how, with_more=with_more)
        try:
            outbound = self._partners.connector(partner).begin(ask)
        except PageError as error:
            if isinstance(error, PartnerFailed) and how is How.MORE:
                self._without(login, error)
                return None
            self.refused(login, error, address)
            raise error.of_login(login.id, login.reference) from error
        more = _ONLY if how is How.MORE else _BESIDE if step_up else ""
        remembered = {**outbound.memory, _MORE: more}
        memory = self._sealer.seal(json.dumps(remembered).encode(), f"login:{login.id}")
        wanted: dict[str, Any] = {
            "fresh": ask.force,
            "max_age": ask.max_age,
            "acr_values": list(ask.acr_values),
            "fresh_within": login.fresh_within,
        }
        sent = entry(now, TrailStep.UPSTREAM, "sent", partner=partner, **wanted)
        values: dict[str, Any] = {
            "state": digest(state),
            "memory": memory,
            "partner": partner,
            "trail": login_trail.longer(login, sent),
        }
        with self._db.write() as tx:
            if not logins.send_out(tx, login, **values, step_up=step_up, more=how is How.MORE, fresh=ask.force, now=now):
                raise LoginExpired("login_used")
        return outbound

    def complete(self, partner_id: str, params: Mapping[str, str], visitor: Visitor) -> str:
        """Takes the answer at the partner's own callback; the id of the login that continues. Four statements.

        Raises LoginExpired (and takes nothing, because it compares the cookie first, HO-19), PartnerUntrusted, PartnerFailed;
        after the latter two the person can try again in the same login.
        """
        now = self._clock()
        state = params.get("state", "")
        with self._db.read() as tx:
            found = logins.by_state(tx, digest(state)) if state else None
        if found is None:
            raise LoginExpired("login_unknown")
        login, owner = found
        if visitor.binding is None or digest(visitor.binding) != owner:
            raise LoginExpired("login_browser_mismatch")
        if login.stage is not Stage.WAITING:
            raise LoginExpired("login_used")
        if login.partner != partner_id:  # HO-9: the callback path's partner is the login's partner
            raise PartnerUntrusted("upstream_partner", f"the answer came to the callback of {partner_id}")
        memory = json.loads(self._sealer.open(login.memory or "", f"login:{login.id}"))
        with self._db.write() as tx:
            if not logins.take_answer(tx, login, digest(state), now):
                raise LoginExpired("login_used")
        try:
            assertion = self._partners.connector(partner_id).complete(
                Inbound(params=params, memory=memory, now=now, known=known_claims.addresses(self._db, login, partner_id, now))
            )
        except PageError as error:
            if goes_on_without(error, memory):
                self._without(login, error)
                return login.id
            self.refused(login, error, visitor.address)
            raise error.of_login(login.id, login.reference) from error
        with self._db.write() as tx:
            if not logins.change(tx, replace(login, stage=Stage.OPEN), **self._vouched(login, assertion, now)):
                raise LoginExpired("login_used")
        return login.id

    def _vouched(self, login: Login, assertion: Assertion, now: int) -> dict[str, Any]:
        """The columns of the login that the partner's assertion changes, with their values."""
        seldom: dict[str, Any] = {"left_out": list(assertion.left_out), "subject_form": assertion.subject_form}
        more = {name: value for name, value in seldom.items() if value}
        step = entry(
            now,
            TrailStep.UPSTREAM,
            "vouched",
            partner=assertion.partner,
            arrived=list(assertion.arrived),
            mapped=sorted(assertion.claims),
            email_verified=assertion.email_verified,
            acr=assertion.acr,
            amr=list(assertion.amr),
            auth_time=assertion.auth_time,
            skew=assertion.skew,
            **more,
        )
        progress = login.progress.vouched().to_json()
        if assertion.home_logout is not None:
            sealed = self._sealer.seal(assertion.home_logout.encode(), f"home:{assertion.partner}")
            assertion = replace(assertion, home_logout=sealed)
        return {
            "assertion": assertion.to_json(),
            "another_account_asked": False,
            "progress": progress,
            "trail": login_trail.longer(login, step),
        }

    def _without(self, login: Login, error: PageError) -> None:
        """The partner gave no more proof: its earlier assertion stays valid, and a factor of ours is next (HO-15).

        Without an earlier assertion, it is asked for a sign-in alone.
        """
        values = _asked_for_less(login, self._clock(), error.reason, error.detail, any_subject=_is_about_format(error))
        with self._db.write() as tx:
            logins.change(tx, replace(login, stage=Stage.OPEN), **values)

    def refused(self, login: Login, error: PageError, address: str) -> None:
        """Stores a refusal before it is raised: receipt, audit, trail of the login (one that waits at the partner is not changed)."""
        now = self._clock()
        step = entry(
            now,
            TrailStep.UPSTREAM,
            "refused",
            error.reason,
            partner=login.partner,
            detail=error.detail,
            partner_said=error.theirs,
        )
        steps = login_trail.longer(login, step)
        actor = Actor.person(address=address, request_id=login.reference)
        with self._db.write() as tx:
            logins.change(tx, replace(login, stage=Stage.OPEN), trail=steps)
            config = self._settings().digest
            login_trail.write(
                tx,
                login,
                steps,
                now=now,
                outcome=Outcome.FAILED,
                error=error.code,
                reason=error.reason,
                config=config,
                address=address,
            )
            audit.record(tx, Event(name="sign_in.refused", actor=actor, target=login.partner or "", reason=error.reason), now)

    def park(self, partner_id: str, params: Mapping[str, str], address: str) -> str:
        """Stores a cross-site POST for the GET that follows, and returns its handle; the login is not changed (HW-4).

        One row for each login: a later answer replaces an earlier one (FA-12). Raises LoginExpired, TooManyAttempts.
        """
        now = self._clock()
        state, handle = params.get("state", ""), new_secret()
        with self._db.write() as tx:
            found = logins.by_state(tx, digest(state)) if state else None
            if found is None:
                raise LoginExpired("login_unknown")
            if found[0].stage is not Stage.WAITING:
                raise LoginExpired("login_used")
            if rate_limits.count_attempt(tx, f"parked:{counted(address)}", now, HOUR) > PARKED_PER_ADDRESS:
                raise TooManyAttempts("parked_of_client")
            content = self._sealer.seal(json.dumps({"params": dict(params)}).encode(), f"parked:{digest(handle)}")
            logins.park(
                tx, handle=digest(handle), login_id=found[0].id, partner=partner_id, content=content, expires_at=now + PARKED_FOR
            )
        return handle

    def claim(self, partner_id: str, handle: str, visitor: Visitor) -> str:
        """Takes parked content with the cookie of the browser that began the login; the id of the login that continues.

        A code is redeemed as for a query callback. An assertion was verified before it was parked; its row and the login change
        in one transaction (HS-31).
        """
        now = self._clock()
        with self._db.write() as tx:
            login_id = logins.parked_login(tx, digest(handle))
            if login_id is None:
                raise LoginExpired("login_unknown")
            login = live(tx, login_id, visitor, now)
            content = logins.claim(tx, digest(handle), login.id, now)
            if content is None:
                raise LoginExpired("login_used")
            parked = json.loads(self._sealer.open(content, f"parked:{digest(handle)}"))
            if "refused" in parked:
                values = _asked_for_less(login, now, parked["refused"], "", any_subject=parked["any_subject"])
            elif "assertion" in parked:
                values = self._vouched(login, Assertion.from_json(parked["assertion"]), now)
            else:
                values = None
            if values is not None:
                if login.partner != partner_id or not logins.take_answer(tx, login, parked["state"], now, **values):
                    raise LoginExpired("login_used")
                return login.id
        return self.complete(partner_id, parked["params"], visitor)


def refusal_of_request(error: PageError) -> dict[str, Any]:
    """What is parked of an answer that refuses a part of our request."""
    return {"refused": error.reason, "any_subject": _is_about_format(error)}


def _is_about_format(error: PageError) -> bool:
    return isinstance(error, SubjectFormatRefused)


def _asked_for_less(login: Login, now: int, reason: str, detail: str, *, any_subject: bool) -> dict[str, Any]:
    """What changes in a login whose next request leaves out what the partner refused: column -> value."""
    result = "subject format refused" if any_subject else "no more proof"
    trail = login_trail.longer(login, entry(now, TrailStep.UPSTREAM, result, reason, partner=login.partner, detail=detail))
    if any_subject:
        return {"progress": replace(login.progress, format_refused=True).to_json(), "trail": trail}
    return {"step_up_asked": True, "trail": trail}


def goes_on_without(error: PageError, memory: Mapping[str, Any]) -> bool:
    """Whether the login continues after this answer: what was refused is a part of the request that it can do without."""
    if isinstance(error, SubjectFormatRefused):
        return bool(memory.get("subject_format"))
    if memory.get(_MORE) == _BESIDE:
        return isinstance(error, NoMoreProof)
    return memory.get(_MORE) == _ONLY and isinstance(error, PartnerFailed)
