"""How a home organization names the person and its session: its messages of logout find our sessions by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two hashes a session; sessions from before have none."""
    for name in ("home_name", "home_session"):
        op.add_column("sessions", sa.Column(name, sa.String(length=64), server_default="", nullable=False))
        op.create_index(f"ix_sessions_{name}", "sessions", [name], unique=False)
