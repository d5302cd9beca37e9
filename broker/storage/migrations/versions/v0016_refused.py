"""Who was refused, by the address that was claimed; and what a refused application sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their indexes."""
    op.add_column("receipts", sa.Column("claimed", sa.String(320), nullable=True))
    op.create_index("ix_receipts_claimed", "receipts", ["claimed", "at"])
    op.create_index("ix_receipts_application", "receipts", ["application", "at"])
    op.add_column("refusals", sa.Column("application", sa.String(128), nullable=True))
    op.add_column("refusals", sa.Column("facts", sa.JSON(none_as_null=True), nullable=True))
    op.create_index("ix_refusals_application", "refusals", ["application", "at"])
