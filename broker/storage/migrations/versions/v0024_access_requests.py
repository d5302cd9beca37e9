"""Requests for access to an application."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table. A partial unique index keeps one open request for a person and an application."""
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("application", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("wanted_until", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_access_requests_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_requests")),
    )
    still_open = sa.text("state = 'open'")
    op.create_index(
        "uq_access_requests_open",
        "access_requests",
        ["person_id", "application"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_access_requests_person_id", "access_requests", ["person_id", "created_at"], unique=False)
    op.create_index("ix_access_requests_state", "access_requests", ["state", "created_at", "id"], unique=False)
    op.create_index(
        "ix_access_requests_application", "access_requests", ["application", "state", "created_at", "id"], unique=False
    )
    op.create_index("ix_access_requests_overdue", "access_requests", ["state", "expires_at"], unique=False)
    op.create_index("ix_access_requests_expires_at", "access_requests", ["expires_at"], unique=False)
