"""The resources that an access token is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; tokens of before are for no resource in particular."""
    op.add_column("access_tokens", sa.Column("audience", sa.JSON(), nullable=False, server_default="[]"))
