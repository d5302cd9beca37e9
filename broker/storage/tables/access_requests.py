"""Requests for access to an application."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, String, Table, Text, false, text

from broker.storage.tables import base

_OPEN = text("state = 'open'")

access_requests = Table(
    "access_requests",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    base.person(),
    Column("application", String(128), nullable=False),
    Column("role", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("signed_up", Boolean, nullable=False, server_default=false()),
    Column("attributes", JSON, nullable=False, server_default="{}"),
    base.time("wanted_until", null=True),
    Column("state", String(16), nullable=False),
    base.time("created_at"),
    base.time("expires_at"),
    base.time("decided_at", null=True),
    Column("decided_by", String(64), nullable=False),
    base.time("ends_at", null=True),
    Column("answer", Text, nullable=False),
    # One open request for a person and an application, whatever happens at the same moment.
    Index("uq_access_requests_open", "person_id", "application", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_access_requests_person_id", "person_id", "created_at"),
    Index("ix_access_requests_state", "state", "created_at", "id"),
    Index("ix_access_requests_application", "application", "state", "created_at", "id"),
    Index("ix_access_requests_overdue", "state", "expires_at"),
    Index("ix_access_requests_expires_at", "expires_at"),
)
