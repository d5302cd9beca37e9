"""Limits of codes by e-mail (HW-10). They apply to sending, so that a mailbox receives only so many.

A stranger who asks for codes to a guest's mailbox can use up the mailbox's limit. So one address gets a quarter of it, and a
browser in which that mailbox was proven before has a limit of its own (FA-13).
"""

from __future__ import annotations

from broker.domain.errors import TooManyAttempts
from broker.domain.ids import digest
from broker.domain.login import Login
from broker.domain.network import counted
from broker.domain.times import HOUR
from broker.storage.engine import Connection
from broker.storage.operations import rate_limits

# Codes per hour. With 30 codes and 5 tries each, the chance to guess one is 1 in 600,000 per hour.
OF_MAILBOX, OF_CLIENT, OF_KNOWN = 20, 200, 10
OF_BOTH = OF_MAILBOX // 4


def spend(tx: Connection, login: Login, mailbox: str, client: str, now: int, *, known: str | None) -> None:
    """Counts one code. known: the id of a browser that proved this mailbox before. Raises TooManyAttempts."""
    box, place = digest(mailbox)[:32], counted(client)
    limits = {f"code:{box}:{place}": OF_BOTH, f"code:{box}": OF_MAILBOX, f"code-from:{place}": OF_CLIENT}
    if known is not None:
        limits = {f"code-known:{known}": OF_KNOWN}
    for key, limit in limits.items():
        if rate_limits.count_attempt(tx, key, now, HOUR) > limit:
            raise TooManyAttempts("codes_of_mailbox").of_login(login.id, login.reference)
