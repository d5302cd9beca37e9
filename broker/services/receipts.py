"""Receipts as staff read them: by reference, by person, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from broker.domain.errors import PageError
from broker.domain.receipt import Outcome, Receipt
from broker.storage import people, receipts
from broker.storage.engine import Database


class Receipts:
    """The explained records of sign-ins."""

    def __init__(self, db: Database, clock: Callable[[], int]) -> None:
        self._db = db
        self._clock = clock

    def by_request(self, request_id: str) -> dict[str, Any] | None:
        """What a reference on a page stands for: a sign-in, or a refusal that belongs to none."""
        with self._db.read() as tx:
            receipt = receipts.by_request(tx, request_id.strip().upper())
            if receipt is not None:
                person = people.by_id(tx, receipt.person_id) if receipt.person_id else None
                return shown(receipt, person.email if person else None)
            refusal = receipts.refusal(tx, request_id.strip().upper())
        if refusal is None:
            return None
        blank = Receipt(
            id=request_id, request_id=refusal["request_id"], at=refusal["at"], outcome=Outcome.FAILED, error=refusal["code"]
        )
        return shown(blank, None) | {"reason": refusal["reason"], "id": None}

    def newest(self, *, email: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The newest sign-ins, of one person or of all."""
        with self._db.read() as tx:
            person = people.by_email(tx, email) if email else None
            if email and person is None:
                return []
            return [
                shown(receipt, address)
                for receipt, address in receipts.newest(tx, person_id=person.id if person else None, limit=limit)
            ]

    def refuse(self, error: PageError, reference: str, address: str) -> None:
        """Log a refusal of no live login, within the caps (HT-13). A live login has its own receipt."""
        if error.login_id is not None:
            return
        with self._db.write() as tx:
            receipts.refuse(tx, request_id=reference, at=self._clock(), code=error.code, reason=error.reason, address=address)


def shown(receipt: Receipt, email: str | None) -> dict[str, Any]:
    """The members of the contract, and what explains them."""
    return {
        "id": receipt.id,
        "request_id": receipt.request_id,
        "at": receipt.at,
        "user": email,
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
