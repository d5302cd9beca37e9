"""Access tokens and refresh families, all by their hashes (HT-4), all under a grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, case, insert, select, update

from broker.domain.grant_status import Standing
from broker.domain.ids import digest, new_id
from broker.domain.token import RefreshFamily
from broker.storage.batches import BATCH, delete_some
from broker.storage.oauth.grants import standing_of, standing_query
from broker.storage.tables import access_tokens, grants, refresh_families, refresh_tokens


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A live access token with what it stands on.

    audience: the resources that it is for; empty for none in particular. jkt: the thumbprint of the key that it is bound to,
    x5t: of the certificate.
    """

    standing: Standing
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    created_at: int
    expires_at: int
    jkt: str | None = None
    x5t: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A live refresh token with what it stands on; expires_at: the nearer one of its own and its family's end."""

    standing: Standing
    expires_at: int


_INSERT_ACCESS = insert(access_tokens)
_INSERT_FAMILY = insert(refresh_families)
_INSERT_REFRESH = insert(refresh_tokens)


def add_access(
    tx: Connection,
    token: str,
    grant_id: str,
    scopes: Sequence[str],
    *,
    now: int,
    expires_at: int,
    audience: Sequence[str] = (),
    jkt: str | None = None,
    x5t: str | None = None,
) -> None:
    """Insert an access token. jkt, x5t: the thumbprints of the key and of the certificate that it is bound to."""
    row = {"token": digest(token), "grant_id": grant_id, "scopes": list(scopes), "audience": list(audience), "jkt": jkt}
    tx.execute(_INSERT_ACCESS, {**row, "x5t": x5t, "created_at": now, "expires_at": expires_at})


def add_family(tx: Connection, grant_id: str, client_id: str, expires_at: int, jkt: str | None = None) -> RefreshFamily:
    """Begin a refresh family. jkt: the thumbprint of the key that it is bound to."""
    family = RefreshFamily(new_id(), grant_id, expires_at, jkt)
    row = {"id": family.id, "grant_id": grant_id, "client_id": client_id, "expires_at": expires_at, "jkt": jkt}
    tx.execute(_INSERT_FAMILY, row)
    return family


def add_refresh(tx: Connection, token: str, family: RefreshFamily, expires_at: int) -> None:
    """Insert a family's next token; it never outlives the family."""
    tx.execute(
        _INSERT_REFRESH, {"token": digest(token), "family_id": family.id, "expires_at": min(expires_at, family.expires_at)}
    )


_LIVE_REFRESH = (  # of token `hash` at the time `now`
    refresh_tokens.c.token == bindparam("hash"),
    refresh_tokens.c.spent_at.is_(None),
    refresh_tokens.c.expires_at > bindparam("now"),
    refresh_families.c.revoked_at.is_(None),
    refresh_families.c.expires_at > bindparam("now"),
)
_OWN_REFRESH = (
    update(refresh_tokens)
    .where(
        *_LIVE_REFRESH,
        refresh_tokens.c.family_id == refresh_families.c.id,
        refresh_families.c.client_id == bindparam("client"),
    )
    .returning(refresh_tokens.c.family_id)
)
_TAKE_REFRESH = _OWN_REFRESH.values(spent_at=bindparam("now"))
_KEEP_REFRESH = _OWN_REFRESH.values(
    expires_at=case((refresh_families.c.expires_at < bindparam("end"), refresh_families.c.expires_at), else_=bindparam("end"))
)
_FAMILY = select(refresh_families.c.id, refresh_families.c.grant_id, refresh_families.c.expires_at, refresh_families.c.jkt)
_FAMILY_BY_ID = _FAMILY.where(refresh_families.c.id == bindparam("family"))


def keep_refresh(tx: Connection, token: str, client_id: str, now: int, expires_at: int) -> RefreshFamily | None:
    """Move the idle end of a refresh token of this client, which stays good; None if it is unknown, over, spent, revoked or another's."""
    values = {"hash": digest(token), "client": client_id, "now": now, "end": expires_at}
    return _family(tx, tx.execute(_KEEP_REFRESH, values).scalar_one_or_none())


def take_refresh(tx: Connection, token: str, client_id: str, now: int) -> RefreshFamily | None:
    """Spend a refresh token of this client, once (HP-35); None if it is unknown, over, spent, revoked or another's."""
    values = {"hash": digest(token), "client": client_id, "now": now}
    return _family(tx, tx.execute(_TAKE_REFRESH, values).scalar_one_or_none())


def _family(tx: Connection, family_id: str | None) -> RefreshFamily | None:
    return None if family_id is None else RefreshFamily(*tx.execute(_FAMILY_BY_ID, {"family": family_id}).one())


def family_of_spent(tx: Connection, token: str, client_id: str) -> RefreshFamily | None:
    """The family of a token that this client has spent before: it is being used twice. None for any other token."""
    statement = _FAMILY.join(refresh_tokens, refresh_tokens.c.family_id == refresh_families.c.id).where(
        refresh_tokens.c.token == digest(token),
        refresh_tokens.c.spent_at.is_not(None),
        refresh_families.c.client_id == client_id,
    )
    row = tx.execute(statement).first()
    return RefreshFamily(*row) if row else None


def revoke_family(tx: Connection, family_id: str, now: int) -> bool:
    """End a family; False if it had ended."""
    c = refresh_families.c
    return (
        tx.execute(update(refresh_families).where(c.id == family_id, c.revoked_at.is_(None)).values(revoked_at=now)).rowcount == 1
    )


_ACCESS = (
    standing_query()
    .add_columns(
        access_tokens.c.scopes.label("token_scopes"),
        access_tokens.c.audience.label("token_audience"),
        access_tokens.c.created_at.label("token_created_at"),
        access_tokens.c.expires_at.label("token_expires_at"),
        access_tokens.c.jkt.label("token_jkt"),
        access_tokens.c.x5t.label("token_x5t"),
    )
    .join(access_tokens, access_tokens.c.grant_id == grants.c.id)
    .where(
        access_tokens.c.token == bindparam("hash"),
        access_tokens.c.revoked_at.is_(None),
        access_tokens.c.expires_at > bindparam("now"),
    )
)


def access(tx: Connection, token: str, now: int) -> AccessToken | None:
    """A live access token, in one statement; None if it is unknown, over or revoked."""
    row = tx.execute(_ACCESS, {"hash": digest(token), "now": now}).mappings().first()
    if row is None:
        return None
    scopes, audience = tuple(row["token_scopes"]), tuple(row["token_audience"])
    bound = (row["token_jkt"], row["token_x5t"])
    return AccessToken(standing_of(row), scopes, audience, row["token_created_at"], row["token_expires_at"], *bound)


_REFRESH = (
    standing_query()
    .add_columns(refresh_tokens.c.expires_at.label("token_expires_at"), refresh_families.c.expires_at.label("family_expires_at"))
    .join(refresh_families, refresh_families.c.grant_id == grants.c.id)
    .join(refresh_tokens, refresh_tokens.c.family_id == refresh_families.c.id)
    .where(*_LIVE_REFRESH)
)


def refresh(tx: Connection, token: str, now: int) -> RefreshToken | None:
    """A live refresh token, not spent by looking at it."""
    row = tx.execute(_REFRESH, {"hash": digest(token), "now": now}).mappings().first()
    if row is None:
        return None
    return RefreshToken(standing_of(row), min(row["token_expires_at"], row["family_expires_at"]))


def revoke_access(tx: Connection, token: str, client_id: str, now: int) -> str | None:
    """Revoke an access token of this client; the grant's id, None if there is no such token (RFC 7009 2.1)."""
    c = access_tokens.c
    own = select(grants.c.id).where(grants.c.client_id == client_id, grants.c.id == c.grant_id).exists()
    statement = update(access_tokens).where(c.token == digest(token), own).values(revoked_at=now).returning(c.grant_id)
    return tx.execute(statement).scalar_one_or_none()


def family_of(tx: Connection, token: str, client_id: str) -> RefreshFamily | None:
    """The family of a refresh token of this client, spent or not."""
    statement = _FAMILY.join(refresh_tokens, refresh_tokens.c.family_id == refresh_families.c.id).where(
        refresh_tokens.c.token == digest(token), refresh_families.c.client_id == client_id
    )
    row = tx.execute(statement).first()
    return RefreshFamily(*row) if row else None


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete access tokens and families that were over before a time; what is left stays right (HT-8).

    A family takes all its tokens with it, spent ones too: until then a reuse is recognised (HP-35).
    """
    gone = delete_some(tx, access_tokens, access_tokens.c.expires_at < before, access_tokens.c.expires_at, limit)
    over = refresh_families.c.expires_at
    return gone + delete_some(tx, refresh_families, over < before, over, limit)
