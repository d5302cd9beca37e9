"""Indexes for the portal's first page: sign-ins by outcome and time, mails that were given up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_GIVEN_UP = sa.text("failed_at IS NOT NULL")


def upgrade() -> None:
    """Create both indexes."""
    op.create_index("ix_receipts_outcome", "receipts", ["outcome", "at"], unique=False)
    op.create_index(
        "ix_outbox_failed_at", "outbox", ["failed_at"], unique=False, sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP
    )
