"""Reviews of access, and their rows."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from broker.storage.tables import base

reviews = Table(
    "reviews",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("application", String(128), nullable=False),
    Column("asks", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("cursor", String(512), nullable=False),
    base.time("created_at"),
    Column("created_by", String(64), nullable=False),
    base.time("due_at"),
    Column("by_rule", Integer, nullable=False, server_default="0"),
    base.time("reminded_at", null=True),
    base.time("closed_at", null=True),
    Index("ix_reviews_created_at", "created_at", "id"),
    Index("ix_reviews_state", "state", "due_at"),
)

review_items = Table(
    "review_items",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("review_id", base.UUID, ForeignKey("reviews.id", ondelete="CASCADE"), nullable=False),
    base.person(),
    Column("source", String(16), nullable=False),
    Column("source_id", base.UUID, nullable=False),
    Column("application", String(128), nullable=False),
    Column("role", String(128), nullable=False),
    base.time("since"),
    base.time("last_used", null=True),
    Column("reviewer", String(320)),
    Column("verdict", String(8)),
    base.time("decided_at", null=True),
    Column("decided_by", String(64), nullable=False),
    Column("outcome", String(8)),
    UniqueConstraint("review_id", "person_id", "source_id"),
    Index("ix_review_items_review_id", "review_id", "id"),
    Index("ix_review_items_reviewer", "review_id", "reviewer", "id"),
    Index("ix_review_items_application", "review_id", "application", "id"),
    Index("ix_review_items_verdict", "review_id", "verdict", "id"),
    Index("ix_review_items_outcome", "review_id", "outcome", "id"),
    Index("ix_review_items_person_id", "person_id"),
    Index("ix_review_items_asked", "reviewer"),
)
