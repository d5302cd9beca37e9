"""Who read our SAML metadata."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of readings."""
    op.create_table(
        "metadata_fetches",
        sa.Column("partner", sa.String(length=128), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("signing", sa.String(length=64), nullable=False),
        sa.Column("encryption", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("partner", "network", name=op.f("pk_metadata_fetches")),
    )
    op.create_index("ix_metadata_fetches_at", "metadata_fetches", ["at"], unique=False)
    op.create_index("ix_metadata_fetches_signing", "metadata_fetches", ["signing"], unique=False)
    op.create_index("ix_metadata_fetches_encryption", "metadata_fetches", ["encryption"], unique=False)
