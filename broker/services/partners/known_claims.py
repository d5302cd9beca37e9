"""Our own knowledge where a partner's claims are ambiguous: the person's address, and the claims that rules use (HS-29)."""

from __future__ import annotations

from collections.abc import Sequence

from broker.domain import group_rule
from broker.domain.connector import Known
from broker.domain.errors import Invalid
from broker.domain.login import Login
from broker.storage.directory import groups, people
from broker.storage.engine import Database
from broker.storage.login import invitations

_MOST = 20  # addresses that are looked up


def addresses(db: Database, login: Login, partner: str, now: int) -> Known:
    """Chooses among several addresses of one account: the invitation's, else the bound person's, else the only one with a pending
    invitation. Called only if several addresses arrived.
    """

    def which(issuer: str, subject: str, came: Sequence[str]) -> str | None:
        with db.read() as tx:
            invited = invitations.by_id(tx, login.invitation_id) if login.invitation_id else None
            if invited is not None and invited.email in came:
                return invited.email
            bound = people.by_identity(tx, partner, issuer, subject)
            if bound is not None:
                return bound.email if bound.email in came else None
            found = [address for address in came[:_MOST] if people.pending_invitation(tx, address, now) is not None]
        return found[0] if len(found) == 1 else None

    return which


def is_ruled(db: Database, partner: str, claim: str) -> bool:
    """Whether a group's rule that may match this partner's people uses the claim. Called only if a value is in doubt."""
    with db.read() as tx:
        rules = groups.rules(tx, partner)
    return any(claim in _attributes(rule) for rule in rules)


def _attributes(rule: str) -> frozenset[str]:
    try:
        return group_rule.attributes(group_rule.parse(rule))
    except Invalid:  # an unreadable rule matches nobody
        return frozenset()
