"""Set-up links: a ticket is stored as its hash; what changes a link is one conditional statement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from broker.domain.setup_link import ProofState, SetupAnswer, SetupDecision, SetupLink, SetupTrial
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import setup_links

_C = setup_links.c
_PLAIN = ("id", "partner", "name", "language", "email", "private", "created_at", "expires_at", "revoked_at")
_SINCE = ("answered_at", "finished_at", "decided_at")


def _link(row: Row[Any]) -> SetupLink:
    m = row._mapping
    decision = SetupDecision(m["decision"]) if m["decision"] else None
    return SetupLink(**{name: m[name] for name in (*_PLAIN, *_SINCE)}, domains=tuple(json.loads(m["domains"])), decision=decision)


def _answer(row: Row[Any]) -> SetupAnswer | None:
    m = row._mapping
    if m["answer"] is None:
        return None
    held = json.loads(m["answer"])
    return SetupAnswer(
        section=held["section"],
        keys=held["keys"],
        domains=tuple(held["domains"]),
        findings=tuple(held["findings"]),
        metadata=m["metadata"],
        secret=m["secret"],
    )


def add(tx: Connection, link: SetupLink, ticket: str) -> None:
    """Insert a link; `ticket` is the hash of its secret."""
    row = {name: getattr(link, name) for name in _PLAIN} | {"domains": json.dumps(link.domains)}
    tx.execute(insert(setup_links).values(**row, ticket=ticket))


def by_id(tx: Connection, link_id: str) -> SetupLink | None:
    """The link with this id."""
    row = tx.execute(select(setup_links).where(_C.id == link_id)).first()
    return _link(row) if row else None


def living(tx: Connection, ticket: str, now: int) -> SetupLink | None:
    """The link of a ticket's hash, if it opens something."""
    free = (_C.ticket == ticket, _C.revoked_at.is_(None), _C.expires_at > now)
    row = tx.execute(select(setup_links).where(*free)).first()
    return _link(row) if row else None


def page(tx: Connection, *, before: tuple[int, str] | None = None, limit: int) -> list[SetupLink]:
    """Links, the newest first, behind the (created_at, id) `before`."""
    statement = select(setup_links)
    if before is not None:
        statement = statement.where(_C.created_at <= before[0], or_(_C.created_at < before[0], _C.id < before[1]))
    return [_link(row) for row in tx.execute(statement.order_by(_C.created_at.desc(), _C.id.desc()).limit(limit))]


def revoke(tx: Connection, link_id: str, now: int) -> bool:
    """The link opens nothing any more; False if it opened nothing before."""
    free = (_C.id == link_id, _C.revoked_at.is_(None), _C.expires_at > now)
    return tx.execute(update(setup_links).where(*free).values(revoked_at=now)).rowcount == 1


def revoke_all(tx: Connection, now: int) -> int:
    """Every link that opens something opens nothing any more; their number."""
    free = (_C.revoked_at.is_(None), _C.expires_at > now)
    return tx.execute(update(setup_links).where(*free).values(revoked_at=now, trial_state=None, trial_memory=None)).rowcount


def answer_of(tx: Connection, link_id: str) -> SetupAnswer | None:
    """What was entered behind this link."""
    row = tx.execute(select(setup_links).where(_C.id == link_id)).first()
    return _answer(row) if row else None


def answer(tx: Connection, link_id: str, given: SetupAnswer, now: int) -> bool:
    """Keep what was entered; it is to be handed over again. False if the link opens nothing, or was decided about."""
    free = (_C.id == link_id, _C.revoked_at.is_(None), _C.expires_at > now, _C.decided_at.is_(None))
    text = {"section": given.section, "keys": dict(given.keys), "domains": given.domains, "findings": given.findings}
    values = {
        "answer": json.dumps(text),
        "metadata": given.metadata,
        "secret": given.secret,
        "answered_at": now,
        "finished_at": None,
        "trial": None,
    }
    return tx.execute(update(setup_links).where(*free).values(**values)).rowcount == 1


def finish(tx: Connection, link_id: str, now: int) -> bool:
    """Hand over what was entered. False if there is nothing, or it was handed over or decided about."""
    open_ = (_C.revoked_at.is_(None), _C.expires_at > now, _C.decided_at.is_(None), _C.finished_at.is_(None))
    free = (_C.id == link_id, _C.answered_at.is_not(None), *open_)
    return tx.execute(update(setup_links).where(*free).values(finished_at=now)).rowcount == 1


def decide(tx: Connection, link_id: str, decision: SetupDecision, answered_at: int, now: int, ends: int) -> bool:
    """Accept or reject the answer of this moment; the link opens the page until `ends`. False if it was not handed over, has changed, or was decided about."""
    free = (_C.id == link_id, _C.finished_at.is_not(None), _C.answered_at == answered_at, _C.decided_at.is_(None))
    statement = (
        update(setup_links).where(*free, _C.revoked_at.is_(None)).values(decided_at=now, decision=decision.value, expires_at=ends)
    )
    return tx.execute(statement).rowcount == 1


def begin_trial(tx: Connection, link_id: str, state: str, memory: str, now: int) -> bool:
    """A trial waits under this hash, instead of an earlier one. False if the link opens nothing. memory: sealed."""
    free = (_C.id == link_id, _C.revoked_at.is_(None), _C.expires_at > now)
    values = {"trial_state": state, "trial_memory": memory, "trial_at": now}
    return tx.execute(update(setup_links).where(*free).values(**values)).rowcount == 1


def of_trial(tx: Connection, state: str, since: int) -> SetupLink | None:
    """The link whose trial waits under this hash, begun after a time."""
    row = tx.execute(select(setup_links).where(_C.trial_state == state, _C.trial_at > since)).first()
    return _link(row) if row else None


def take_trial(tx: Connection, link_id: str, state: str, since: int) -> str | None:
    """What waits under this hash, once; None if nothing does, or it began too long ago."""
    free = (_C.id == link_id, _C.trial_state == state, _C.trial_at > since)
    memory: str | None = tx.execute(select(_C.trial_memory).where(*free)).scalar()
    taken = tx.execute(update(setup_links).where(*free).values(trial_state=None, trial_memory=None))
    return memory if taken.rowcount == 1 else None


def keep_trial(tx: Connection, link_id: str, result: str) -> None:
    """What came of the last trial: JSON."""
    tx.execute(update(setup_links).where(_C.id == link_id).values(trial=result))


def trial_of(tx: Connection, link_id: str) -> SetupTrial | None:
    """What came of the last trial."""
    kept = tx.execute(select(_C.trial).where(_C.id == link_id)).scalar()
    held = json.loads(kept) if kept else None
    return SetupTrial(at=held["at"], findings=tuple(held["findings"])) if held else None


def keep_proofs(tx: Connection, link_id: str, found: Mapping[str, ProofState], now: int) -> None:
    """What the DNS said of each domain, instead of what it said before."""
    text = json.dumps({domain: [state.value, now] for domain, state in found.items()})
    tx.execute(update(setup_links).where(_C.id == link_id).values(proofs=text))


def proofs_of(tx: Connection, link_id: str) -> Mapping[str, tuple[ProofState, int]]:
    """What the DNS said last of each domain, and when."""
    kept = tx.execute(select(_C.proofs).where(_C.id == link_id)).scalar()
    return {domain: (ProofState(state), at) for domain, (state, at) in json.loads(kept or "{}").items()}


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete links that were over before a time."""
    return delete_some(tx, setup_links, _C.expires_at < before, _C.expires_at, limit)
