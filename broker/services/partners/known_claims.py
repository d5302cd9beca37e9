"""What we know already where a partner's word leaves it open: which address is the person's, which claims rules need (HS-29)."""

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
    """Of several addresses of one account: that of the invitation in hand, else of the person whom it is bound to, else the
    only one with a living invitation. Asked for only where several came.
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
    """Whether the rule of a group that this partner's people could be in asks for the claim. Asked only where it is in doubt."""
    with db.read() as tx:
        rules = groups.rules(tx, partner)
    return any(claim in _attributes(rule) for rule in rules)


def _attributes(rule: str) -> frozenset[str]:
    try:
        return group_rule.attributes(group_rule.parse(rule))
    except Invalid:  # one that cannot be read lets nobody in
        return frozenset()
