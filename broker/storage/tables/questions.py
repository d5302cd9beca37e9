"""What is asked by mail, and was answered."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table

from broker.storage.tables import base

questions = Table(
    "questions",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("ticket", base.HASH, nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    base.person(),
    Column("asked", String(320), nullable=False),
    Column("data", JSON, nullable=False),
    base.time("created_at"),
    base.time("expires_at"),
    base.time("answered_at", null=True),
    Column("answer", String(32)),
    Index("ix_questions_person_id", "person_id", "kind"),
    Index("ix_questions_expires_at", "expires_at"),
    Index("ix_questions_asked", "asked"),
)
