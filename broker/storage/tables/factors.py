"""What people prove themselves with in addition to their home organization, and the terms that they accepted."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, false

from broker.storage.tables import base

factors = Table(
    "factors",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    base.person(),
    Column("method", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("sealed", Text, nullable=False),  # the TOTP seed (HT-14)
    Column("last_step", BigInteger, nullable=False),  # RFC 6238 5.2
    Column("credential", String(1400), unique=True),  # a passkey's id, base64url
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("verified", Boolean, nullable=False, server_default=false()),
    Column("synced", Boolean, nullable=False, server_default=false()),
    Column("transports", JSON, nullable=False),
    base.time("created_at"),
    base.time("last_used_at", null=True),
    base.time("copied_at", null=True),  # a passkey's counter did not rise
    Index("ix_factors_person_id", "person_id"),
)

recovery_codes = Table(
    "recovery_codes",
    base.metadata,
    Column("hash", base.HASH, primary_key=True),
    base.person(),
    base.time("created_at"),
    base.time("used_at", null=True),
    Index("ix_recovery_codes_person_id", "person_id"),
)

factor_resets = Table(  # somebody vouched for the guest; the time until then is the thief's to be noticed in
    "factor_resets",
    base.metadata,
    Column("person_id", base.UUID, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    base.time("due_at"),
    base.time("created_at"),
    Index("ix_factor_resets_due_at", "due_at"),
)

terms = Table(  # each version that somebody accepted
    "terms",
    base.metadata,
    Column("person_id", base.UUID, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("language", String(16), nullable=False),
    base.time("accepted_at"),
)
