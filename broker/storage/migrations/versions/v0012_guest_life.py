"""When a guest's access ends, who answers for it, and the indexes of the directory's lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_people_state": ["state", "email"],
    "ix_people_partner": ["partner", "email"],
    "ix_people_sponsor": ["sponsor", "email"],
    "ix_people_expires_at": ["state", "expires_at", "email"],
    "ix_people_last_sign_in": ["state", "last_sign_in", "email"],
    "ix_people_orphaned_at": ["orphaned_at", "email"],
    "ix_people_sponsor_orphaned_at": ["sponsor", "orphaned_at"],
    "ix_people_due_at": ["due_at"],
}


def upgrade() -> None:
    """Columns with what holds for those who are here: nobody is due, and who has no sponsor has none since the beginning."""
    op.add_column("people", sa.Column("orphaned_at", sa.BigInteger(), nullable=True))
    op.add_column("people", sa.Column("due_at", sa.BigInteger(), nullable=True))
    op.add_column("people", sa.Column("notices", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE people SET orphaned_at = created_at WHERE sponsor IS NULL AND kind = 'guest' AND email IS NOT NULL")
    op.execute("UPDATE people SET due_at = expires_at WHERE expires_at IS NOT NULL AND email IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":  # by code point, as SQLite: a page of addresses is a walk in this order
        op.execute('ALTER TABLE people ALTER COLUMN email TYPE VARCHAR(320) COLLATE "C"')
    for name, columns in INDEXES.items():
        op.create_index(name, "people", columns, unique=False)
    op.create_index("ix_subjects_person_id", "subjects", ["person_id"], unique=False)
