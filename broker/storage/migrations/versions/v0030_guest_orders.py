"""Guests of every state by the end of their access and by their last sign-in: each order of a list is an index."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three indexes; the third finds the guests who were invited to an application."""
    op.create_index("ix_invitations_application", "invitations", ["application", "person_id"])
    op.create_index("ix_people_ends", "people", ["expires_at", "email"])
    op.create_index("ix_people_seen", "people", ["last_sign_in", "email"])
