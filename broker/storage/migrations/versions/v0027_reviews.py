"""Reviews of access, and their rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INDEXES = {
    "review_id": ["review_id", "id"],
    "reviewer": ["review_id", "reviewer", "id"],
    "application": ["review_id", "application", "id"],
    "verdict": ["review_id", "verdict", "id"],
    "outcome": ["review_id", "outcome", "id"],
    "person_id": ["person_id"],
    "asked": ["reviewer"],
}


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("application", sa.String(length=128), nullable=False),
        sa.Column("asks", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("cursor", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("by_rule", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_created_at", "reviews", ["created_at", "id"], unique=False)
    op.create_index("ix_reviews_state", "reviews", ["state", "due_at"], unique=False)
    op.create_table(
        "review_items",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("application", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=128), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_used", sa.BigInteger(), nullable=True),
        sa.Column("reviewer", sa.String(length=320), nullable=True),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_items_review_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_review_items_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
        sa.UniqueConstraint("review_id", "person_id", "source_id", name=op.f("uq_review_items_review_id_person_id_source_id")),
    )
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_review_items_{name}", "review_items", columns, unique=False)
