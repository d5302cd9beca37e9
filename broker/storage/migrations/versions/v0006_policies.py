"""What policies look at: how young a proof a login was sent out for, and the proof behind a grant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; what stands there already was asked for by no policy."""
    op.add_column("logins", sa.Column("fresh_within", sa.Integer(), nullable=True))
    op.add_column("grants", sa.Column("proof", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
