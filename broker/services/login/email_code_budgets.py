"""How many codes by mail are sent (HW-10). Limits stand on sending: a mailbox is bothered so often and no more.

A stranger who asks for codes to a guest's mailbox can use up what strangers have. So one address gets a quarter of it, and a browser
in which that mailbox was proven before has a budget that nobody else can spend (FA-13).
"""

from __future__ import annotations

from broker.domain.errors import TooManyAttempts
from broker.domain.ids import digest
from broker.domain.login import Login
from broker.domain.network import counted
from broker.domain.times import HOUR
from broker.storage.engine import Connection
from broker.storage.operations import rate_limits

# Codes an hour. 30 codes of 5 tries are a chance of one in 600,000 an hour to guess one.
OF_MAILBOX, OF_CLIENT, OF_KNOWN = 20, 200, 10
OF_BOTH = OF_MAILBOX // 4


def spend(tx: Connection, login: Login, mailbox: str, client: str, now: int, *, known: str | None) -> None:
    """Count one code. known: the id of a browser that has proven this mailbox before. Raises TooManyAttempts."""
    box, place = digest(mailbox)[:32], counted(client)
    limits = {f"code:{box}:{place}": OF_BOTH, f"code:{box}": OF_MAILBOX, f"code-from:{place}": OF_CLIENT}
    if known is not None:
        limits = {f"code-known:{known}": OF_KNOWN}
    for key, limit in limits.items():
        if rate_limits.count_attempt(tx, key, now, HOUR) > limit:
            raise TooManyAttempts("codes_of_mailbox").of_login(login.id, login.reference)
