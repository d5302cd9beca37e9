"""Entities of federations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    word = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
    name_key = sa.String(length=80).with_variant(sa.String(length=80, collation="C"), "postgresql")
    op.create_table(
        "federation_entities",
        sa.Column("federation", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name_key", name_key, nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("federation", "hash", name=op.f("pk_federation_entities")),
    )
    op.create_index("ix_federation_entities_listed", "federation_entities", ["listed", "name_key", "federation", "hash"])
    op.create_table(
        "federation_words",
        sa.Column("federation", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("name_key", name_key, nullable=False),
        sa.PrimaryKeyConstraint("federation", "hash", "word", name=op.f("pk_federation_words")),
    )
    op.create_index("ix_federation_words_word", "federation_words", ["word", "name_key", "federation", "hash"])
