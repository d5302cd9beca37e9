"""Jobs on many guests, and their rows."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from broker.storage.tables import base

jobs = Table(
    "jobs",
    base.metadata,
    Column("id", String(16), primary_key=True),  # a reference, which stands in the audit as the request of each act
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner_kind", String(16), nullable=False),
    Column("owner", String(128), nullable=False),
    base.time("created_at"),
    base.time("begun_at", null=True),
    base.time("ended_at", null=True),
    Column("total", Integer, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("problem", String(64), nullable=False),
    Index("ix_jobs_state", "state", "created_at", "id"),
    Index("ix_jobs_created_at", "created_at", "id"),
    Index("ix_jobs_owner", "owner_kind", "owner", "created_at", "id"),
)

job_rows = Table(
    "job_rows",
    base.metadata,
    Column("job_id", String(16), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    base.person(null=True),
    Column("email", String(320)),  # of an import: an erasure finds the rows of an address that is no guest yet
    Column("cells", JSON),
    Column("forecast", String(16)),
    Column("result", String(16)),
    Column("problem", String(64), nullable=False, server_default=""),
    Index("ix_job_rows_person_id", "person_id"),
    Index("ix_job_rows_email", "email"),
    Index("ix_job_rows_result", "job_id", "result", "position"),
)
