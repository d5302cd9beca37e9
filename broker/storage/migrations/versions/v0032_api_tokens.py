"""Tokens for the management API, and details of a person that programs keep: what the home organization says stays apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table and one column; an existing person has no details."""
    op.create_table(
        "api_tokens",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token", name="pk_api_tokens"),
    )
    op.create_index("ix_api_tokens_expires_at", "api_tokens", ["expires_at"])
    op.add_column("people", sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
