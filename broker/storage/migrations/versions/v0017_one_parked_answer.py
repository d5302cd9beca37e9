"""One parked answer a login."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of several rows of a login one stays; they live two minutes."""
    op.execute("DELETE FROM parked WHERE handle NOT IN (SELECT max(handle) FROM parked GROUP BY login_id)")
    op.drop_index("ix_parked_login_id", "parked")
    op.create_index("ix_parked_login_id", "parked", ["login_id"], unique=True)
