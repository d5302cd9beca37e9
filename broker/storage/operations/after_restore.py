"""After a restore: nothing that was spent since the backup may be fresh again (HT-14)."""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from broker.domain.invitation import Status
from broker.domain.job import JobState
from broker.storage.factors import single_use
from broker.storage.oauth import grants, sessions
from broker.storage.partners import setup_links as partner_links
from broker.storage.tables import (
    access_tokens,
    administrator_links,
    api_tokens,
    codes,
    device_codes,
    factor_resets,
    factors,
    invitations,
    jobs,
    logins,
    outbox,
    pushed_requests,
    questions,
    recovery_codes,
    refresh_families,
)


def end_everything(tx: Connection, now: int) -> dict[str, int]:
    """End sessions and grants, forget codes, tokens and logins, revoke waiting tickets, refuse earlier assertions, use up time steps and recovery codes; how many of each."""
    single_use.refuse_earlier(tx, now)  # a proof or assertion that was used since would be good again
    ahead = now // 30 + 1  # no code that anybody has seen so far (RFC 6238 5.2)
    return {
        "sessions": sessions.end_all(tx, now),
        "grants": grants.end_all(tx, now),  # and their applications are notified
        "codes": tx.execute(delete(codes)).rowcount,
        "access_tokens": tx.execute(delete(access_tokens)).rowcount,
        "api_tokens": tx.execute(delete(api_tokens)).rowcount,  # one that was revoked since would be good again
        "refresh_families": tx.execute(delete(refresh_families)).rowcount,  # their tokens go with them
        "pushed_requests": tx.execute(delete(pushed_requests)).rowcount,  # one that was used since would be good again
        "device_codes": tx.execute(delete(device_codes)).rowcount,  # one that the person refused since would wait again
        "logins": tx.execute(delete(logins)).rowcount,  # and what was parked for them
        "invitations": tx.execute(
            update(invitations).where(invitations.c.status == Status.PENDING.value).values(status=Status.REVOKED.value)
        ).rowcount,
        "administrator_links": tx.execute(delete(administrator_links)).rowcount,  # one that was used since would be good again
        "setup_links": partner_links.revoke_all(tx, now),  # one that was revoked or decided about since would be good again
        "questions": tx.execute(delete(questions).where(questions.c.answered_at.is_(None))).rowcount,
        "factor_resets": tx.execute(delete(factor_resets)).rowcount,  # the guest may have stopped it since (FA-21)
        "recovery_codes": tx.execute(delete(recovery_codes)).rowcount,  # one that was used since would be good again
        "time_steps": tx.execute(
            update(factors).where(factors.c.sealed != "", factors.c.last_step < ahead).values(last_step=ahead)
        ).rowcount,
        "jobs": tx.execute(  # a row that was done since would be done again: a person decides whether they continue
            update(jobs).where(jobs.c.state == JobState.RUNNING.value).values(state=JobState.STOPPED.value, problem="restored")
        ).rowcount,
        "mails": tx.execute(delete(outbox).where(outbox.c.next_try_at.is_not(None))).rowcount,  # their tickets are revoked
    }
