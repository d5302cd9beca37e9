"""Codes by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of codes, and say on a login which mailbox was proven."""
    op.add_column("logins", sa.Column("proven", sa.String(length=64), nullable=True))
    op.add_column("logins", sa.Column("declined", sa.String(length=64), nullable=True))
    op.create_table(
        "mail_codes",
        sa.Column("login_id", sa.String(length=36), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["login_id"], ["logins.id"], name=op.f("fk_mail_codes_login_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("login_id", name=op.f("pk_mail_codes")),
    )
