"""The anchor of the audit's chain, and a way to find what is not chained yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the anchor's table; index the audit in the order of its walk."""
    op.create_table(
        "audit_anchor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_anchor")),
    )
    op.drop_index("ix_audit_at", table_name="audit")
    op.create_index("ix_audit_at", "audit", ["at", "id"], unique=False)
    waiting = sa.text("seq IS NULL")
    op.create_index("ix_audit_unchained", "audit", ["at", "id"], unique=False, sqlite_where=waiting, postgresql_where=waiting)
