"""Notices of guest events: a place in the queue for rows of the audit, and a row a listener."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_UNHEARD = sa.text("event_position IS NOT NULL")
_GIVEN_UP = sa.text("failed_at IS NOT NULL")


def upgrade() -> None:
    """Nobody is notified of what happened before."""
    op.add_column("audit", sa.Column("event_position", sa.BigInteger(), nullable=True))
    op.create_index("ix_audit_event_position", "audit", ["event_position"], sqlite_where=_UNHEARD, postgresql_where=_UNHEARD)
    op.create_table(
        "event_deliveries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("listener", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("holder", sa.String(length=36), nullable=True),
        sa.Column("problem", sa.String(length=256), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_deliveries")),
    )
    op.create_index("ix_event_deliveries_next_try_at", "event_deliveries", ["next_try_at"])
    op.create_index("ix_event_deliveries_listener", "event_deliveries", ["listener", "person_id", "position"])
    op.create_index("ix_event_deliveries_listener_created_at", "event_deliveries", ["listener", "created_at"])
    op.create_index("ix_event_deliveries_position", "event_deliveries", ["position"])
    op.create_index("ix_event_deliveries_created_at", "event_deliveries", ["created_at"])
    op.create_index(
        "ix_event_deliveries_failed_at",
        "event_deliveries",
        ["failed_at"],
        sqlite_where=_GIVEN_UP,
        postgresql_where=_GIVEN_UP,
    )
