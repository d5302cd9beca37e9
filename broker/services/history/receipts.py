"""Receipts of sign-ins: staff finds them by reference, person or application."""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.domain.audit import Actor
from broker.domain.errors import BrokerError, NotFound, OAuthError, PageError
from broker.domain.ids import new_reference
from broker.domain.receipt import Outcome, Place, ReceiptSource, Search
from broker.domain.text import printable
from broker.services.authorization import Right, Rights, require
from broker.services.core import Core
from broker.services.history.views import SignInView, refusal_view, sign_in_view
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import receipts, refusals

SENT = 512  # characters of the value that an application sent
REGISTERED = 10  # values of its file that are stored with it


@dataclass(frozen=True, slots=True)
class SignInPage:
    """One page of the list. next: the place of its last row; None if nothing follows."""

    rows: tuple[SignInView, ...]
    next: Place | None


class Receipts:
    """The explained records of sign-ins, and the log of refused requests."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def by_request(self, request_id: str) -> SignInView | None:
        """The sign-in or the refused request with the reference of an error page."""
        with self._db.read() as tx:
            return _by_reference(tx, request_id)

    def show(self, actor: Actor, request_id: str) -> SignInView:
        """The same for a member of staff; an owner sees the sign-ins of their own applications. Raises Forbidden, NotFound."""
        with self._db.read() as tx:
            rights = require(tx, self._settings(), actor, Right.SEE_SIGN_INS, self._clock())
            found = _by_reference(tx, request_id)
        if found is None or not rights.over_application(Right.SEE_SIGN_INS, found.application):
            raise NotFound("there is no sign-in with this reference", "sign_in_unknown")
        return found

    def page(
        self,
        actor: Actor,
        search: Search,
        *,
        email: str | None = None,
        after: Place | None,
        limit: int,
        refused_requests: bool = True,
    ) -> SignInPage:
        """The newest sign-ins behind a place, without their steps, as this actor may see them. Raises Forbidden.

        email: as for `newest`. refused_requests: those of nobody's sign-in are among them where a search can mean them.
        """
        with self._db.read() as tx:
            rights = require(tx, self._settings(), actor, Right.SEE_SIGN_INS, self._clock())
            search = replace(search, applications=_applications(rights))
            if email:
                person = people.by_email(tx, email)
                search = replace(search, person_id=person.id if person else None, claimed=email)
            found = [
                (Place(receipt.at, ReceiptSource.SIGN_IN, receipt.id), sign_in_view(receipt, address))
                for receipt, address in receipts.newest(tx, search, limit + 1, after=after, steps=False)
            ]
            if refused_requests and _reaches_refusals(search):
                found += [
                    (Place(row["at"], ReceiptSource.REFUSAL, row["request_id"]), refusal_view(row))
                    for row in refusals.newest(tx, search, limit + 1, after=after)
                ]
        found.sort(key=lambda one: (-one[0].at, one[0].source))  # stable: rows of one source stay as the database sorts them
        rows = found[:limit]
        return SignInPage(tuple(view for _, view in rows), rows[-1][0] if len(found) > limit else None)

    def newest(self, *, email: str | None = None, search: Search | None = None, limit: int = 50) -> tuple[SignInView, ...]:
        """The newest sign-ins; a search for an application or a reason finds refused requests, too.

        email: canonical. It also finds sign-ins of nobody known in which somebody claimed this address (FC-01).
        """
        search = search or Search()
        with self._db.read() as tx:
            if email:
                person = people.by_email(tx, email)
                search = replace(search, person_id=person.id if person else None, claimed=email)
            found = [sign_in_view(receipt, address) for receipt, address in receipts.newest(tx, search, limit)]
            if _reaches_refusals(search):
                found += [refusal_view(row) for row in refusals.newest(tx, search, limit)]
        return tuple(sorted(found, key=lambda one: -one.at)[:limit])

    def refuse(self, error: PageError, reference: str, address: str) -> None:
        """Logs a refusal that belongs to no live login, within the caps (HT-13). A live login has its own receipt."""
        if error.login_id is None:
            self._add(error, error.code, reference, address)

    def refuse_application(self, error: OAuthError, address: str) -> None:
        """Logs a refused request of an application, within the same caps. Its team got only an error code of the standard (FC-02)."""
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


def _by_reference(tx: Connection, request_id: str) -> SignInView | None:
    reference = request_id.strip().upper()
    receipt = receipts.by_request(tx, reference)
    if receipt is not None:
        person = people.by_id(tx, receipt.person_id) if receipt.person_id else None
        return sign_in_view(receipt, person.email if person else None)
    refusal = refusals.by_request(tx, reference)
    return None if refusal is None else refusal_view(refusal)


def _applications(rights: Rights) -> frozenset[str] | None:
    """The client ids that a list is limited to; None: no limit."""
    return None if rights.may_everywhere(Right.SEE_SIGN_INS) else rights.applications


def _reaches_refusals(search: Search) -> bool:
    """Refusals name no person and no partner; without an application or a reason they would only fill the list."""
    if search.person_id or search.claimed or search.partner or search.outcome not in (None, Outcome.FAILED):
        return False
    return search.application is not None or search.reason is not None
