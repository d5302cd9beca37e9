"""Invitations know whose right they stand on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Older invitations came from the command line, which has no right to lose."""
    op.add_column("invitations", sa.Column("invited_by", sa.String(length=36), nullable=True))
