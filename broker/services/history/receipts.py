"""Receipts as staff read them: by reference, by person, by application, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from broker.domain.errors import BrokerError, OAuthError, PageError
from broker.domain.ids import new_reference
from broker.domain.receipt import Outcome, Receipt, Search
from broker.domain.text import printable
from broker.services.core import Core
from broker.storage.directory import people
from broker.storage.login import receipts, refusals

SENT = 512  # characters of what an application sent
REGISTERED = 10  # values of its file beside it


class Receipts:
    """The explained records of sign-ins."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock

    def by_request(self, request_id: str) -> dict[str, Any] | None:
        """What a reference on a page stands for: a sign-in, or a refusal that belongs to none."""
        reference = request_id.strip().upper()
        with self._db.read() as tx:
            receipt = receipts.by_request(tx, reference)
            if receipt is not None:
                person = people.by_id(tx, receipt.person_id) if receipt.person_id else None
                return shown(receipt, person.email if person else None)
            refusal = refusals.by_request(tx, reference)
        return None if refusal is None else refused(refusal)

    def newest(self, *, email: str | None = None, search: Search | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The newest sign-ins, of one person or address or of all; where an application or a reason is asked for, refusals too.

        email: canonical. Receipts in which nobody was known are found by the address that was claimed (FC-01).
        """
        search = search or Search()
        with self._db.read() as tx:
            if email:
                person = people.by_email(tx, email)
                search = replace(search, person_id=person.id if person else None, claimed=email)
            found = [shown(receipt, address) for receipt, address in receipts.newest(tx, search, limit)]
            if _reaches_refusals(search):
                found += [refused(row) for row in refusals.newest(tx, search, limit)]
        return sorted(found, key=lambda row: -row["at"])[:limit]

    def refuse(self, error: PageError, reference: str, address: str) -> None:
        """Log a refusal of no live login, within the caps (HT-13). A live login has its own receipt."""
        if error.login_id is None:
            self._add(error, error.code, reference, address)

    def refuse_application(self, error: OAuthError, address: str) -> None:
        """Log what an application was refused, within the same caps: its team sees a word of the standard and no more (FC-02)."""
        self._add(error, error.error, new_reference(), address)

    def _add(self, error: BrokerError, code: str, reference: str, address: str) -> None:
        mistake = error.mistake
        facts = None
        if mistake is not None and (mistake.sent or mistake.registered):
            registered = [printable(value, SENT) for value in mistake.registered[:REGISTERED]]
            facts = {"sent": printable(mistake.sent, SENT), "registered": registered}
        with self._db.write() as tx:
            refusals.add(
                tx,
                request_id=reference,
                at=self._clock(),
                code=code,
                reason=error.reason,
                address=address,
                application=mistake.application or None if mistake else None,
                facts=facts,
            )


def _reaches_refusals(search: Search) -> bool:
    """Refusals name no person and no partner; without an application or a reason they would only fill the list."""
    if search.person_id or search.claimed or search.partner or search.outcome not in (None, Outcome.FAILED):
        return False
    return search.application is not None or search.reason is not None


def refused(refusal: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal of no login, in the members of a receipt, with what was sent and what is registered."""
    blank = Receipt(
        id=refusal["request_id"],
        request_id=refusal["request_id"],
        at=refusal["at"],
        outcome=Outcome.FAILED,
        application=refusal["application"],
        error=refusal["code"],
        reason=refusal["reason"],
        address=refusal["address"],
    )
    facts = refusal["facts"] or {}
    return shown(blank, None) | {"id": None, "sent": facts.get("sent"), "registered": facts.get("registered", [])}


def shown(receipt: Receipt, email: str | None) -> dict[str, Any]:
    """The members of the contract, and what explains them. claimed: whether nobody has proven to own the address in `user`."""
    return {
        "id": receipt.id,
        "request_id": receipt.request_id,
        "at": receipt.at,
        "user": email or receipt.claimed,
        "claimed": email is None and receipt.claimed is not None,
        "person_id": receipt.person_id,
        "application": receipt.application,
        "partner": receipt.partner,
        "outcome": receipt.outcome.value,
        "error": receipt.error,
        "reason": receipt.reason,
        "policies": [dict(policy) for policy in receipt.policies],
        "steps": [dict(step) for step in receipt.steps],
        "facts": dict(receipt.facts),
        "address": receipt.address,
        "config": receipt.config,
    }
