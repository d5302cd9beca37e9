"""Changes that programs ask for: the number of the last one, and the groups that are gone."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from broker.storage.tables import base


def changed() -> Column[int]:
    """The number of a row's last change; 0: it has none yet (storage/directory/changes.py)."""
    return Column("changed", BigInteger, nullable=False, server_default="0")


change_counter = Table(  # one row
    "change_counter",
    base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("history", base.UUID, nullable=False),  # another one after a restore: numbers are given again then
)

removed_groups = Table(
    "removed_groups",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    changed(),
    Index("ix_removed_groups_changed", "changed", "id"),
)
