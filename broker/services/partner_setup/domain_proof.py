"""Whether the domains behind a set-up link are the partner's: a TXT record of each says so, or nobody knows.

The result is shown to both sides. Nothing is allowed by it: an administrator decides, and a domain that nobody proved stays "not proven".
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from broker.connectors.outbound.text_records import TextAnswer, TextRecords
from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, NotFound, TooManyAttempts
from broker.domain.setup_link import DomainProof, ProofState, SetupLink, proof_name, proof_value
from broker.domain.times import HOUR
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.partner_setup.links import SetupLinks
from broker.services.rate_limits import RateLimits
from broker.storage.engine import Connection
from broker.storage.partners import setup_links

CHECKS = 30  # an hour and link
AT_ONCE = 2  # checks of a process at the same time: each holds a thread for ten seconds at most (FA-02)


class DomainProofs:
    """Looks the records up for the holder of a ticket and for staff, and keeps what was found."""

    def __init__(self, core: Core, links: SetupLinks, records: TextRecords, rate_limits: RateLimits) -> None:
        self._core = core
        self._db = core.db
        self._clock = core.clock
        self._links = links
        self._records = records
        self._rate_limits = rate_limits
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def of(self, link: SetupLink) -> tuple[DomainProof, ...]:
        """Each domain that was entered, with the record that proves it and what was found last."""
        with self._db.read() as tx:
            return _of(tx, link)

    def check(self, ticket: str, address: str) -> None:
        """Look all of them up, for the partner's IT. Raises BadRequest, TooManyAttempts."""
        if not self._look_up(self._links.look(ticket), Actor.person(address=address)):
            raise BadRequest("setup_domains", "no domain was entered")

    def check_as(self, actor: Actor, link_id: str) -> None:
        """The same for staff, also after the link's end. Raises Forbidden, NotFound, TooManyAttempts."""
        with self._db.read() as tx:
            require(tx, self._core.settings(), actor, Right.KEEP_PARTNERS, self._clock())
            link = setup_links.by_id(tx, link_id)
        if link is None:
            raise NotFound("there is no such set-up link", "setup_link_unknown")
        if not self._look_up(link, actor):
            raise NotFound("no domain was entered", "setup_domains_none")

    def _look_up(self, link: SetupLink, actor: Actor) -> bool:
        """False where there is nothing to look up."""
        self._rate_limits.hit(f"setup_domains:{link.id}", limit=CHECKS, window=HOUR)
        proofs = self.of(link)
        if not proofs:
            return False
        if not self._places.acquire(blocking=False):
            raise TooManyAttempts("setup_busy", f"more than {AT_ONCE} checks of domains at once")
        try:
            answers = self._records.of([one.name for one in proofs])
        finally:
            self._places.release()
        self._keep(link, {one.domain: _state(one, answer) for one, answer in zip(proofs, answers, strict=True)}, actor)
        return True

    def _keep(self, link: SetupLink, found: Mapping[str, ProofState], actor: Actor) -> None:
        now = self._clock()
        proven = [domain for domain, state in found.items() if state is ProofState.PROVEN]
        data: dict[str, object] = {
            "partner": link.partner,
            "proven": proven,
            "not_proven": [domain for domain in found if domain not in proven],
        }
        with self._db.write() as tx:
            setup_links.keep_proofs(tx, link.id, found, now)
            audit.record(tx, Event(name="setup_link.domains_checked", actor=actor, target=link.id, data=data), now)


def _of(tx: Connection, link: SetupLink) -> tuple[DomainProof, ...]:
    answer = setup_links.answer_of(tx, link.id)
    domains: Sequence[str] = answer.domains if answer is not None else ()
    kept = setup_links.proofs_of(tx, link.id)
    return tuple(_proof(link.id, domain, kept.get(domain)) for domain in domains)


def _proof(link_id: str, domain: str, kept: tuple[ProofState, int] | None) -> DomainProof:
    state, at = kept or (None, None)
    return DomainProof(domain=domain, name=proof_name(domain), value=proof_value(link_id, domain), state=state, at=at)


def _state(proof: DomainProof, answer: TextAnswer) -> ProofState:
    """Proven by the one text alone, whole; everything else is not."""
    if not answer.known:
        return ProofState.UNKNOWN
    if any(text == proof.value for text in answer.texts):
        return ProofState.PROVEN
    return ProofState.OTHER if answer.texts else ProofState.ABSENT
