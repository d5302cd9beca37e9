"""Proofs of the domains behind a set-up link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column, empty: nothing was looked up before."""
    op.add_column("setup_links", sa.Column("proofs", sa.Text(), nullable=True))
