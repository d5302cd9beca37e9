"""The assertion consumer service: verifies a posted SAML response and stores it until its browser claims it (HS-17, HS-31, HW-4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from broker.domain.connector import Inbound
from broker.domain.errors import BadRequest, LoginExpired, PageError, PartnerUntrusted, TooManyAttempts
from broker.domain.ids import digest, new_secret
from broker.domain.login import Login, Stage
from broker.domain.network import counted
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.login.upstream import PARKED_FOR, Upstream, goes_on_without, refusal_of_request
from broker.services.login.verification_places import VerificationPlaces
from broker.services.partners import known_claims
from broker.services.partners.families import Partners
from broker.services.partners.saml.view import acs_url
from broker.services.rate_limits import RateLimits
from broker.storage.factors import single_use
from broker.storage.login import logins

if TYPE_CHECKING:
    from broker.connectors.saml.envelope import Envelope
    from broker.connectors.saml.response import JudgedAssertion

RELAY_STATE = 80  # bytes (bindings 3.4.3); ours has 43
REFUSALS, WINDOW = 300, 600  # refused messages that an address may send in so many seconds (RX-02)
SKEW = 300  # seconds that an assertion's ID is stored after its end (HS-31): the largest clock skew that a file can allow


class Unsolicited(Exception):
    """A message that answers no request of ours, at the address of a partner that may start sign-ins (HS-40). It is not read."""


class Acs:
    """Verifies the posted response and stores it; needs no cookie, and changes no login."""

    def __init__(
        self,
        core: Core,
        partners: Partners,
        upstream: Upstream,
        rate_limits: RateLimits,
        sealer: Sealer,
        places: VerificationPlaces,
    ) -> None:
        """places: shared with logout messages."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners.over_saml
        self._upstream = upstream
        self._rate_limits = rate_limits
        self._sealer = sealer
        self._places = places

    def arrive(self, at: str | None, params: Mapping[str, str], address: str) -> tuple[str, str]:
        """Verifies a response and parks its assertion; the partner, and the handle for the GET that claims it.

        at: the partner whose own address received it, None for the common one. params: SAMLResponse, RelayState.
        Raises Unsolicited, BadRequest(relay_state, saml_decode), LoginExpired, PartnerUntrusted, PartnerFailed,
        TooManyAttempts.
        """
        try:
            return self._arrive(at, params, address)
        except PageError as error:
            if not isinstance(error, TooManyAttempts):
                self._rate_limits.hit(f"acs:{counted(address)}", limit=REFUSALS, window=WINDOW)
            raise

    def _arrive(self, at: str | None, params: Mapping[str, str], address: str) -> tuple[str, str]:
        login = self._login(at, params, address)
        partner = login.partner or ""
        try:
            memory = json.loads(self._sealer.open(login.memory or "", f"login:{login.id}"))
            if memory.get("acs") != self._address_of(at):
                raise PartnerUntrusted(
                    "saml_destination", f"HS-24: the answer came to {self._address_of(at)}, not to the address of the request"
                )
            envelope = _envelope(params)
            if envelope.in_response_to != memory.get("request_id"):  # before any key is touched
                raise PartnerUntrusted(
                    "saml_in_response_to", "HS-23: InResponseTo of samlp:Response is not the request of this sign-in"
                )
            self._partners.check_name_id(partner, envelope)
            now = self._clock()
            inbound = Inbound(params=params, memory=memory, now=now, known=known_claims.addresses(self._db, login, partner, now))
            judged = self._judged(partner, inbound, envelope)
            handle = new_secret()
            content = {"assertion": judged.assertion.to_json(), "state": digest(params["RelayState"])}
            sealed = self._sealer.seal(json.dumps(content).encode(), f"parked:{digest(handle)}")
            now = self._clock()
            with self._db.write() as tx:
                if not single_use.once(tx, "saml", f"{partner}\0{judged.assertion_id}", judged.not_on_or_after + SKEW):
                    raise PartnerUntrusted("saml_replay", "HS-31: ID of saml:Assertion: this assertion was shown before")
                logins.park(
                    tx, handle=digest(handle), login_id=login.id, partner=partner, content=sealed, expires_at=now + PARKED_FOR
                )
        except PageError as error:
            if goes_on_without(error, memory):
                return partner, self._park_refusal(login, partner, params["RelayState"], error)
            self._upstream.refused(login, error, address)
            raise error.of_login(login.id, login.reference, partner) from error
        return partner, handle

    def _judged(self, partner: str, inbound: Inbound, envelope: Envelope) -> JudgedAssertion:
        """Verifies the answer to a request of ours. After an unknown key it reads the partner's metadata again, if the interval
        allows, and holds no place meanwhile (HS-36).
        """
        connector = self._partners.for_response(partner)
        try:
            with self._places.one():
                return connector.judge(inbound, envelope)
        except PartnerUntrusted as error:
            fresh = self._partners.with_new_keys(partner, connector) if error.reason == "saml_signature" else None
            if fresh is None:
                raise
        with self._places.one():
            return fresh.judge(inbound, envelope)

    def _park_refusal(self, login: Login, partner: str, state: str, error: PageError) -> str:
        """Parks that the partner refuses a part of the request; the browser continues without it (HO-15, FB-14)."""
        handle, now = new_secret(), self._clock()
        content = json.dumps({**refusal_of_request(error), "state": digest(state)}).encode()
        sealed = self._sealer.seal(content, f"parked:{digest(handle)}")
        with self._db.write() as tx:
            logins.park(
                tx, handle=digest(handle), login_id=login.id, partner=partner, content=sealed, expires_at=now + PARKED_FOR
            )
        return handle

    def _login(self, at: str | None, params: Mapping[str, str], address: str) -> Login:
        """The login that RelayState belongs to; without one, only the envelope of the message is read (HS-17, HS-40).

        An address with too many refused messages is denied first (RX-02).
        """
        state, now = params.get("RelayState", ""), self._clock()
        fits = state != "" and len(state.encode("utf-8", "surrogatepass")) <= RELAY_STATE
        with self._db.read() as tx:
            self._rate_limits.check(f"acs:{counted(address)}", limit=REFUSALS, window=WINDOW, tx=tx)
            found = logins.by_state(tx, digest(state)) if fits else None
        if found is not None and found[0].stage is Stage.WAITING and now < found[0].expires_at:
            return found[0]
        partner = self._settings().partners.get(at) if at is not None else None
        if partner is not None and partner.section.own_callback:
            raise Unsolicited
        if len(state) > RELAY_STATE:
            raise BadRequest("relay_state", "longer than 80 bytes")
        if _envelope(params).in_response_to is None:
            raise PartnerUntrusted("saml_unsolicited", "HS-40: samlp:Response has no InResponseTo; sign-ins begin here")
        if found is None:
            raise LoginExpired("relay_state")
        raise LoginExpired("login_used" if found[0].stage is not Stage.WAITING else "login_expired")

    def _address_of(self, at: str | None) -> str:
        settings = self._settings()
        return acs_url(settings, settings.partners.get(at)) if at is not None else acs_url(settings, None)


def _envelope(params: Mapping[str, str]) -> Envelope:
    """The message after the schema gate. Raises BadRequest(saml_decode), PartnerUntrusted(saml_structure)."""
    from broker.connectors.saml.envelope import peek  # with lxml and xmlsec: only where a response arrives

    return peek(params.get("SAMLResponse", ""))
