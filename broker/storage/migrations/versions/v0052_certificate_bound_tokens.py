"""Access tokens that are bound to a client certificate (RFC 8705)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The thumbprint of the certificate; what was issued before is bound to none."""
    for table in ("access_tokens", "api_tokens"):
        op.add_column(table, sa.Column("x5t", sa.String(43), nullable=True))
