"""What a session keeps, sealed, to sign its person out at the home organization, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One sealed text a session; sessions from before have none."""
    op.add_column("sessions", sa.Column("home_logout", sa.Text(), server_default="", nullable=False))
