"""The sealed answers to refresh tokens that were just replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table, empty: tokens that were replaced before have no answer."""
    op.create_table(
        "refresh_answers",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("successor", sa.String(64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["token"], ["refresh_tokens.token"], name=op.f("fk_refresh_answers_token"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_refresh_answers")),
    )
    op.create_index("ix_refresh_answers_expires_at", "refresh_answers", ["expires_at"])
