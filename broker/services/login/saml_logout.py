"""Messages of single logout over SAML: a request ends the sessions that began there, with their grants (HS-35; HP-43; profiles 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from broker.domain.connector import Outbound
from broker.domain.errors import BadRequest, PageError, TooManyAttempts
from broker.domain.login import home_mark
from broker.domain.network import counted
from broker.services.core import Core
from broker.services.login.verification_places import VerificationPlaces
from broker.services.partners.families import Partners
from broker.services.rate_limits import RateLimits
from broker.services.sessions.sessions import EndedSession, Sessions
from broker.settings.model import PartnerFile
from broker.storage.factors import single_use

if TYPE_CHECKING:
    from broker.connectors.saml.logout_gate import LogoutAsked, LogoutMessage
    from broker.connectors.saml.single_logout import SingleLogout
    from broker.storage.engine import Connection

REFUSALS, WINDOW = 300, 600  # refused messages that an address may send in so many seconds (RX-02)


_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class _Judged(Generic[_Found]):
    partner: PartnerFile
    logout: SingleLogout
    found: _Found


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSignOut:
    """A partner's request that was carried out. answer: the signed LogoutResponse for its browser; None if its metadata names no
    address for one.
    """

    partner: PartnerFile
    ended: Sequence[EndedSession]
    answer: Outbound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAnswer:
    """A partner's signed LogoutResponse. partners: whose keys verify it. request: the ID that it answers, of whichever browser."""

    partners: tuple[str, ...]
    request: str
    status: tuple[str, ...]


class SamlLogout:
    """Verifies the message before it ends anything, and answers it."""

    def __init__(
        self, core: Core, partners: Partners, sessions: Sessions, rate_limits: RateLimits, places: VerificationPlaces
    ) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._over_saml = partners.over_saml
        self._sessions = sessions
        self._rate_limits = rate_limits
        self._places = places

    def arrive(self, query: bytes | None, fields: Mapping[str, str], address: str) -> PartnerSignOut | VerifiedAnswer:
        """Takes a LogoutRequest or a LogoutResponse from a raw query, or from the fields of a form where query is None.

        What is not a new, signed message of a partner for this address ends nothing. Raises BadRequest with the reason of the
        check, TooManyAttempts.
        """
        key = f"logout:{counted(address)}"
        self._rate_limits.check(key, limit=REFUSALS, window=WINDOW)
        try:
            message = _message(query, fields)
            return self._asked(message) if message.kind == "SAMLRequest" else self._answered(message)
        except PageError as error:
            if isinstance(error, TooManyAttempts):
                raise
            self._rate_limits.hit(key, limit=REFUSALS, window=WINDOW)
            raise BadRequest(error.reason, error.detail) from error

    # --- parts

    def _asked(self, message: LogoutMessage) -> PartnerSignOut:
        now = self._clock()
        judged = self._judged(message, lambda logout: logout.judge(message, now))
        ended: list[EndedSession] = []
        with self._db.write() as tx:
            for one in judged:
                asked = one.found
                if not single_use.once(tx, "slo", f"{one.partner.id}\0{asked.id}", asked.ends, made_at=asked.made_at):
                    raise BadRequest("saml_replay", "HS-35: ID of samlp:LogoutRequest: this request came before")
                ended += self._end(tx, one, now)
        first = judged[0]
        answer = first.logout.answer(message, first.found, self._status(first.found, ended), now)
        return PartnerSignOut(partner=first.partner, ended=ended, answer=answer)

    def _answered(self, message: LogoutMessage) -> VerifiedAnswer:
        now = self._clock()
        judged = self._judged(message, lambda logout: logout.judge_answer(message, now))
        request, status = judged[0].found
        return VerifiedAnswer(partners=tuple(one.partner.id for one in judged), request=request, status=status)

    def _judged(self, message: LogoutMessage, judge: Callable[[SingleLogout], _Found]) -> list[_Judged[_Found]]:
        """The partners whose own pinned keys verify the message: several where several files name one provider.

        Its Issuer only says which keys to try. A partner whose metadata takes another's name ends sessions of its own at most.
        """
        refusal: PageError = BadRequest("saml_wrong_idp", "HS-18: saml:Issuer is the entity id of no partner")
        found = []
        with self._places.one():
            for partner in self._over_saml.of_entity(message.issuer):
                try:
                    logout = self._over_saml.single_logout(partner)
                    found.append(_Judged(partner, logout, judge(logout)))
                except PageError as error:
                    refusal = error
        if not found:
            raise refusal
        return found

    def _end(self, tx: Connection, judged: _Judged[LogoutAsked], now: int) -> list[EndedSession]:
        """Core 3.7.3.2: each named session of the person, or all that began there if the request names none."""
        asked, issuer = judged.found, judged.logout.partner.entity_id
        if asked.name is None:
            return []
        name = home_mark(issuer, asked.name.mark(issuer, judged.logout.entity_id))
        marks = [home_mark(issuer, session) for session in dict.fromkeys(asked.sessions)] or [""]
        return [
            ended
            for mark in marks
            for ended in self._sessions.end_of_home(tx, judged.partner.id, name=name, session=mark, now=now)
        ]

    def _status(self, asked: LogoutAsked, ended: Sequence[EndedSession]) -> tuple[str, ...]:
        """Core 3.2.2.2. Success also where nothing was left to end; PartialLogout if an application does not learn of it."""
        if asked.name is None:
            return ("Requester", "UnknownPrincipal")
        files = self._settings().applications
        for client_id in {client_id for one in ended for client_id in one.applications}:
            file = files.get(client_id)
            by_frame = len(ended) == 1 and file is not None and file.frontchannel_logout_uri is not None
            if file is not None and file.backchannel_logout_uri is None and not by_frame:
                return ("Success", "PartialLogout")
        return ("Success",)


def _message(query: bytes | None, fields: Mapping[str, str]) -> LogoutMessage:
    from broker.connectors.saml.logout_gate import by_post, by_redirect  # with lxml and xmlsec: only where a message arrives

    return by_post(fields) if query is None else by_redirect(query)
