"""Invitations in the order in which they were made."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_invitations_created_at", "invitations", ["created_at", "id"])
