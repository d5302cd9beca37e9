"""Links for administrators, printed by the command line."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from broker.storage.tables import base

administrator_links = Table(
    "administrator_links",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("ticket", base.HASH, nullable=False, unique=True),
    Column("email", String(320), nullable=False),
    base.time("created_at"),
    base.time("expires_at"),
    base.time("spent_at", null=True),
    Index("ix_administrator_links_email", "email"),
    Index("ix_administrator_links_expires_at", "expires_at"),
)
