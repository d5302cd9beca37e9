"""A list of the guests who signed up themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_SIGNED_UP = sa.text("signed_up_at IS NOT NULL")


def upgrade() -> None:
    """One index of those people alone."""
    op.create_index("ix_people_self_signed_up", "people", ["email"], sqlite_where=_SIGNED_UP, postgresql_where=_SIGNED_UP)
