"""What a login's next step depends on has a column of its own, and is not read out of its trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. A login that is under way, an hour at most, begins it empty: it is asked once more, never less."""
    op.add_column("logins", sa.Column("progress", sa.JSON(), nullable=False, server_default="{}"))
