"""Whether migrated tables are those that this version uses."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select
from sqlalchemy import table as sql_table

from broker.storage.tables import metadata
from broker.storage.transfer.rows import names_of


def counted(tx: Connection) -> Mapping[str, int]:
    """The number of rows of each table that is there."""
    return {name: tx.execute(select(func.count()).select_from(sql_table(name))).scalar_one() for name in names_of(tx)}


def differences(tx: Connection) -> list[str]:
    """A line for each table, column or index that is missing or too much, and for each foreign key without its row."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    context = MigrationContext.configure(tx, opts={"compare_type": True})
    found = [
        f"the tables differ: {one[0] if isinstance(one, tuple) else one[0][0]}" for one in compare_metadata(context, metadata)
    ]
    if tx.dialect.name == "sqlite":  # PostgreSQL checks them itself
        broken = tx.exec_driver_sql("PRAGMA foreign_key_check").all()
        found += [f"{row[0]} has a row without its {row[2]}" for row in broken[:1]]
    return found
