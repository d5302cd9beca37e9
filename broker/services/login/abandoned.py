"""Logins that nobody finished: writes their receipts and removes their assertions (HT-13, HT-19)."""

from __future__ import annotations

from broker.domain.login import Login, LoginPurpose, Stage
from broker.domain.network import counted
from broker.domain.receipt import Outcome
from broker.domain.times import HOUR
from broker.domain.trail import TrailStep, entry
from broker.services.core import Core
from broker.services.history import login_trail
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import logins
from broker.storage.login.logins import Expired
from broker.storage.operations import rate_limits

SETTLED = 60  # seconds after a login's end; no request that still runs can answer it then
SOME = 100  # logins in one transaction: each takes up to two statements, and SQLite has one writer
PER_ADDRESS = 200  # receipts per hour and address, so that strangers cannot fill the table (RX-05)


class Abandoned:
    """Writes receipts of expired logins, in the order of their ends."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self.looked_at: tuple[int, str] = (0, "")  # (end, id): all logins up to this one are done
        self._full: dict[str, int] = {}  # address -> the hour in which it has no receipts left; saves a statement for each login

    def some(self) -> tuple[int, bool]:
        """Handles one batch; the number of receipts written, and whether there may be more logins."""
        now = self._clock()
        with self._db.write() as tx:
            batch = logins.expired(tx, self.looked_at, now - SETTLED, SOME)
            written = sum(self._explain(tx, found, now) for found in batch)
            logins.forget_assertions(tx, [found.login.id for found in batch if found.login.assertion is not None])
        if batch:
            self.looked_at = (batch[-1].login.expires_at, batch[-1].login.id)
        return written, len(batch) == SOME

    def _explain(self, tx: Connection, found: Expired, now: int) -> bool:
        """Writes the receipt of one login, unless it has one."""
        login = found.login
        if found.explained or self._is_full(tx, counted(found.address), now):
            return False
        assertion, reason = login.assertion, left_at(login)
        person = people.by_identity(tx, assertion.partner, assertion.issuer, assertion.subject) if assertion is not None else None
        login_trail.write(
            tx,
            login,
            login_trail.longer(login, entry(login.expires_at, TrailStep.ABANDONED, "expired", reason)),
            now=login.expires_at,
            outcome=Outcome.ABANDONED,
            reason=reason,
            config=self._settings().digest,
            address=found.address,
            person_id=person.id if person else None,
        )
        return True

    def _is_full(self, tx: Connection, address: str, now: int) -> bool:
        """Whether this address has used up its receipts of this hour; counts one if it has not."""
        hour = now // HOUR
        if self._full.get(address) == hour:
            return True
        if rate_limits.count_attempt(tx, f"abandoned:{address}", now, HOUR) <= PER_ADDRESS:
            return False
        self._full = {known: then for known, then in self._full.items() if then == hour} | {address: hour}
        return True


def left_at(login: Login) -> str:
    """The page where the person left, in words for staff."""
    step, result = login_trail.last(login)
    if login.stage is Stage.CLOSED:
        return "set aside: newer sign-ins of the same browser took its place"
    if login.stage is Stage.WAITING:
        return "left at the partner"
    if login.assertion is not None:
        return "left at review-permissions, after the partner vouched"
    if step == TrailStep.HOME and result == "unknown":
        return "left at choose-partner"
    if step == TrailStep.STARTED and login.purpose is LoginPurpose.INVITATION:
        return "left at invitation"
    if step == TrailStep.CODE and login.purpose is LoginPurpose.SIGN_UP:
        return "left at email-code, before the address was proven"
    if login.partner is not None:
        return "left before the partner"
    return "left at home-organization"
