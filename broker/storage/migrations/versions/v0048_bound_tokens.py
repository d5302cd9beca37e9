"""Codes, access tokens and refresh families that are bound to a key (RFC 9449)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The thumbprint of the key; what was issued before is bound to none."""
    for table in ("codes", "access_tokens", "refresh_families"):
        op.add_column(table, sa.Column("jkt", sa.String(43), nullable=True))
