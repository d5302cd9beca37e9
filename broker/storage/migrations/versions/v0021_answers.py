"""When an answer of a home organization let somebody in last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is known of before is the last visit."""
    op.add_column("people", sa.Column("answered_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE people SET answered_at = last_sign_in")
