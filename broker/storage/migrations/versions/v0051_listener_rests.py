"""Rests of listeners that do not answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "listener_rests",
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("listener", sa.String(length=128), nullable=False),
        sa.Column("silences", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "listener", name=op.f("pk_listener_rests")),
    )
