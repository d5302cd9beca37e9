"""When a passkey was last seen to have a copy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("factors", sa.Column("copied_at", sa.BigInteger(), nullable=True))
