"""Who ever reached multi-factor authentication, who was vouched for (FA-05), and what identities said last (FA-18)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a person who has a method, or a sign-in with more than a password, is known to have reached it."""
    op.add_column("people", sa.Column("mfa_at", sa.BigInteger(), nullable=True))
    op.add_column("people", sa.Column("vouched_until", sa.BigInteger(), nullable=True))
    op.add_column("identities", sa.Column("said_email", sa.String(length=320), nullable=True))
    op.add_column("identities", sa.Column("said_name", sa.String(length=256), nullable=True))
    op.create_index("ix_questions_asked", "questions", ["asked"], unique=False)
    op.execute(
        "UPDATE people SET mfa_at = created_at WHERE email IS NOT NULL AND (id IN (SELECT person_id FROM factors) OR id IN "
        "(SELECT person_id FROM grants WHERE acr <> 'https://refeds.org/profile/sfa'))"
    )
