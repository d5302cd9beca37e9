"""What a home organization asserts with an identity is called asserted."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the columns; they keep their values."""
    op.execute("ALTER TABLE identities RENAME COLUMN said_email TO asserted_email")
    op.execute("ALTER TABLE identities RENAME COLUMN said_name TO asserted_name")
