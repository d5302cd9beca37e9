"""Signing out at the home organization, too: the request that ends a session's sign-in there, and its answer (profiles 4.4; RP-Initiated Logout 2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from broker.domain.connector import Outbound
from broker.domain.errors import BadRequest
from broker.domain.ids import new_secret
from broker.domain.login import Session
from broker.domain.times import MINUTE
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.partners.families import Partners
from broker.settings.model import PartnerFile
from broker.storage.factors import single_use

VALID_FOR = 10 * MINUTE  # seconds for the button, and again for the visit to the home organization
_TICKET, _MEMORY, _ANSWER = "home-sign-out", "home-signed-out", "home-sign-out-answer"  # purposes of what is sealed


class HomeAnswer(StrEnum):
    """What the home organization said. PARTLY: applications of its own may keep the person signed in (core 3.2.2.2)."""

    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class HomeVisit:
    """The way to the home organization. memory: sealed, for a cookie of this browser; "" if nobody comes back."""

    partner: PartnerFile
    outbound: Outbound
    memory: str


class HomeSignOuts:
    """Nothing of it is stored: tickets, cookies and answers are sealed, and end after minutes (HT-13)."""

    def __init__(self, core: Core, partners: Partners, sealer: Sealer) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners
        self._sealer = sealer

    def offer(self, session: Session) -> str:
        """A sealed ticket for the button, for a session that ended; "" if its home organization takes no request from us."""
        partner = self._settings().partners.get(session.partner)
        if partner is None or not self._partners.family_of(partner).takes_sign_out(partner, self._home(session)):
            return ""
        return self._seal({"partner": partner.id, "home": self._home(session)}, _TICKET)

    def begin(self, ticket: str) -> HomeVisit:
        """The request for the home organization. Raises BadRequest(home_sign_out) for a ticket that is over, PartnerFailed."""
        held = self._open(ticket, _TICKET)
        partner = self._settings().partners.get(held["partner"])
        outbound = None
        if partner is not None:
            outbound = self._partners.family_of(partner).sign_out(partner, held["home"], new_secret())
        if partner is None or outbound is None:
            raise BadRequest("home_sign_out", "the partner, or its address for this, is gone")
        answer = outbound.memory.get("answer", "")
        return HomeVisit(partner, outbound, self._seal({"partner": partner.id, "answer": answer}, _MEMORY) if answer else "")

    def seal_answer(self, partners: Sequence[str], request: str, status: Sequence[str]) -> str:
        """A verified LogoutResponse, for the GET that reads this browser's cookie. partners: whose keys verify it."""
        return self._seal({"partners": list(partners), "request": request, "status": list(status)}, _ANSWER)

    def by_saml(self, answer: str, memory: str | None) -> tuple[PartnerFile, HomeAnswer]:
        """Takes a verified LogoutResponse, once, in the browser that sent the request (HS-35). Raises BadRequest(home_sign_out)."""
        said = self._open(answer, _ANSWER)
        partner = self._take(memory, said["request"], said["partners"])
        if said["status"][:1] != ["Success"]:
            return partner, HomeAnswer.REFUSED
        return partner, HomeAnswer.PARTLY if "PartialLogout" in said["status"] else HomeAnswer.DONE

    def by_state(self, partner_id: str, state: str, memory: str | None) -> tuple[PartnerFile, HomeAnswer]:
        """Takes the return from a provider over OpenID Connect, once, in the browser that went there (RP-Initiated Logout 3)."""
        return self._take(memory, state, [partner_id]), HomeAnswer.DONE

    # --- parts

    def _take(self, memory: str | None, answer: str, partners: Sequence[str]) -> PartnerFile:
        held = self._open(memory or "", _MEMORY)
        partner = self._settings().partners.get(held["partner"])
        if partner is None or held["partner"] not in partners or not answer or held["answer"] != answer:
            raise BadRequest("home_sign_out", "HS-35: this browser did not ask for it")
        with self._db.write() as tx:
            if not single_use.once(tx, "home", f"{partner.id}\0{answer}", held["until"]):
                raise BadRequest("home_sign_out", "HS-35: this answer came before")
        return partner

    def _home(self, session: Session) -> str:
        """What the session keeps of the sign-in at home; "" if nothing, or if its key is gone."""
        try:
            return self._sealer.open(session.home_logout, f"home:{session.partner}").decode() if session.home_logout else ""
        except SealError:
            return ""

    def _seal(self, content: dict[str, Any], purpose: str) -> str:
        return self._sealer.seal(json.dumps({**content, "until": self._clock() + VALID_FOR}).encode(), purpose)

    def _open(self, sealed: str, purpose: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._sealer.open(sealed, purpose))
        except SealError:
            raise BadRequest("home_sign_out") from None
        if self._clock() >= content["until"]:
            raise BadRequest("home_sign_out", "over")
        return content
