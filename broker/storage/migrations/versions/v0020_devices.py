"""Browser and system of a session, in words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; sessions of before have none."""
    op.add_column("sessions", sa.Column("device", sa.String(64), nullable=False, server_default=""))
