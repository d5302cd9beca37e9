"""Set-up links for the IT of partners."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from broker.storage.tables import base

setup_links = Table(
    "setup_links",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("ticket", base.HASH, nullable=False, unique=True),
    Column("partner", String(128), nullable=False),
    Column("name", Text, nullable=False),
    Column("domains", Text, nullable=False),  # JSON
    Column("language", String(16), nullable=False),
    Column("email", String(320), nullable=False),
    Column("private", Boolean, nullable=False),
    base.time("created_at"),
    base.time("expires_at"),
    base.time("revoked_at", null=True),
    base.time("answered_at", null=True),
    Column("answer", Text, nullable=True),  # JSON: section, keys, domains, findings
    Column("metadata", Text, nullable=True),  # the document that was pasted
    Column("secret", Text, nullable=True),  # sealed
    Column("proofs", Text, nullable=True),  # JSON: domain -> what the DNS said, and when
    Column("trial_state", base.HASH, nullable=True),  # of the trial that waits for its answer, or for its claim
    Column("trial_memory", Text, nullable=True),  # sealed
    base.time("trial_at", null=True),
    Column("trial", Text, nullable=True),  # JSON: when, and doctor's findings
    base.time("finished_at", null=True),
    base.time("decided_at", null=True),
    Column("decision", String(16), nullable=True),
    Index("ix_setup_links_trial_state", "trial_state"),
    Index("ix_setup_links_created_at", "created_at", "id"),
    Index("ix_setup_links_expires_at", "expires_at"),
)
