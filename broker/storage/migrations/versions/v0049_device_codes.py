"""Devices that wait for a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table, empty."""
    op.create_table(
        "device_codes",
        sa.Column("device_code", sa.String(64), nullable=False),
        sa.Column("user_code", sa.String(64), nullable=False),
        sa.Column("handle", sa.String(64), nullable=True),
        sa.Column("client_id", sa.String(128), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("grant_id", sa.String(36), nullable=True),
        sa.Column("pause", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("denied_at", sa.BigInteger(), nullable=True),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_device_codes_grant_id_grants", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_code", name="pk_device_codes"),
        sa.UniqueConstraint("handle", name="uq_device_codes_handle"),
        sa.UniqueConstraint("user_code", name="uq_device_codes_user_code"),
    )
    op.create_index("ix_device_codes_grant_id", "device_codes", ["grant_id"])
    op.create_index("ix_device_codes_expires_at", "device_codes", ["expires_at"])
