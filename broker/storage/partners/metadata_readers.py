"""Who read our SAML metadata, when, and with which of our keys in it: a few rows a partner, never one a request (HT-13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, or_, select

from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import metadata_fetches

NETWORKS = 8  # of one partner; the newest stay
EVERYBODY = ""  # in place of a partner's id: the document that is the same for all

_M = metadata_fetches.c


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataFetch:
    """The newest reading of one document from one network. signing, encryption: kid of the newest key in it, or empty."""

    partner: str
    network: str
    at: int
    signing: str
    encryption: str


def _newer(row: Any) -> Executable:
    said = row.excluded
    changed = or_(_M.at <= bindparam("since"), _M.signing != said.signing, _M.encryption != said.encryption)
    taken = {name: said[name] for name in ("at", "signing", "encryption")}
    statement: Executable = row.on_conflict_do_update(index_elements=["partner", "network"], set_=taken, where=changed)
    return statement


_NOTE = for_both(metadata_fetches, _newer)
_NEWEST = (
    select(_M.network)
    .where(_M.partner == bindparam("of_partner"))
    .order_by(_M.at.desc(), _M.network)
    .limit(NETWORKS)
    .correlate(None)
)
_TRIM = delete(metadata_fetches).where(_M.partner == bindparam("of_partner"), _M.network.not_in(_NEWEST))


def note(tx: Connection, fetch: MetadataFetch, *, since: int) -> bool:
    """Keep a reading, unless the same was noted after `since` already; beyond NETWORKS a partner the oldest go."""
    values = {name: getattr(fetch, name) for name in MetadataFetch.__slots__}
    written = run(tx, _NOTE, {**values, "since": since}).rowcount == 1
    if written:
        tx.execute(_TRIM, {"of_partner": fetch.partner})
    return written


def of(tx: Connection, partner: str) -> list[MetadataFetch]:
    """A partner's, or EVERYBODY's; newest first."""
    found = select(metadata_fetches).where(_M.partner == partner).order_by(_M.at.desc(), _M.network)
    return [MetadataFetch(**row._mapping) for row in tx.execute(found)]


def partners_with(tx: Connection, kid: str) -> frozenset[str]:
    """Partners at whose own address a document was read whose newest key, of either use, is this one."""
    found = select(_M.partner).where(or_(_M.signing == kid, _M.encryption == kid), _M.partner != EVERYBODY)
    return frozenset(tx.execute(found.distinct()).scalars())


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget readings before a time."""
    return delete_some(tx, metadata_fetches, _M.at < before, _M.at, limit)
