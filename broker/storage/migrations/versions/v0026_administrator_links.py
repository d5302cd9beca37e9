"""The first administrator signs in by a one-time link of the command line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table, empty."""
    op.create_table(
        "administrator_links",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("ticket", sa.String(64), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administrator_links")),
        sa.UniqueConstraint("ticket", name=op.f("uq_administrator_links_ticket")),
    )
    op.create_index("ix_administrator_links_email", "administrator_links", ["email"])
    op.create_index("ix_administrator_links_expires_at", "administrator_links", ["expires_at"])
