"""Notices of logout: applications that are notified of the end of a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of notices that wait, left or were given up."""
    op.create_table(
        "logout_notices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("sid", sa.String(length=36), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("holder", sa.String(length=36), nullable=True),
        sa.Column("problem", sa.String(length=256), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_notices")),
    )
    op.create_index("ix_logout_notices_next_try_at", "logout_notices", ["next_try_at"], unique=False)
    op.create_index("ix_logout_notices_client_id", "logout_notices", ["client_id", "created_at"], unique=False)
    op.create_index("ix_logout_notices_created_at", "logout_notices", ["created_at"], unique=False)
