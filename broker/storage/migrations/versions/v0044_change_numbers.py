"""Numbers of changes, so that a program reads what has changed since it asked last."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already has the first number."""
    op.create_table(
        "change_counter",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("last", BigInteger, nullable=False),
        Column("history", String(36), nullable=False),
    )
    op.create_table(
        "removed_groups",
        Column("id", String(36), primary_key=True),
        Column("changed", BigInteger, nullable=False, server_default="0"),
    )
    op.create_index("ix_removed_groups_changed", "removed_groups", ["changed", "id"])
    for table in ("people", "groups"):
        op.add_column(table, Column("changed", BigInteger, nullable=False, server_default="0"))
        op.execute(f"UPDATE {table} SET changed = 1")  # noqa: S608  the two names above
        op.create_index(f"ix_{table}_changed", table, ["changed", "id"])
