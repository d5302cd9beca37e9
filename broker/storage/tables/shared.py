"""What all nodes share: the key ring, fetched documents, leases, rests of listeners, what is used up, counted attempts."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from broker.storage.tables import base

keys = Table(
    "keys",
    base.metadata,
    Column("kid", String(64), primary_key=True),
    Column("use", String(8), nullable=False),
    Column("alg", String(16), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("public", Text, nullable=False),
    Column("certificate", Text),
    base.time("created_at"),
    base.time("active_from"),
    base.time("retired_at", null=True),
)

documents = Table(  # HT-20: discovery, JWKS, metadata, fetched once for all nodes
    "documents",
    base.metadata,
    Column("partner", String(128), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("body", Text),
    Column("problem", String(64)),
    base.time("fetched_at", null=True),
    base.time("fresh_until"),
    base.time("valid_until", null=True),
    base.time("next_try_at"),
)

metadata_fetches = (
    Table(  # who read our SAML metadata, and the newest of our keys in it; partner is empty for the common document
        "metadata_fetches",
        base.metadata,
        Column("partner", String(128), primary_key=True),
        Column("network", String(64), primary_key=True),
        base.time("at"),
        Column("signing", String(64), nullable=False),
        Column("encryption", String(64), nullable=False),
        Index("ix_metadata_fetches_at", "at"),
        Index("ix_metadata_fetches_signing", "signing"),
        Index("ix_metadata_fetches_encryption", "encryption"),
    )
)

leases = Table(
    "leases",
    base.metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    base.time("until"),
)

listener_rests = Table(  # listeners that did not answer the last call; silences: calls in a row
    "listener_rests",
    base.metadata,
    Column("queue", String(16), primary_key=True),
    Column("listener", String(128), primary_key=True),
    Column("silences", Integer, nullable=False),
    base.time("until"),
)

used = Table(  # once only: jti, assertion ids, time steps; kept until they could not be accepted anyway
    "used",
    base.metadata,
    Column("kind", String(32), primary_key=True),
    Column("value", base.HASH, primary_key=True),
    base.time("expires_at"),
    Index("ix_used_expires_at", "expires_at"),
)

attempts = Table(  # HW-10
    "attempts",
    base.metadata,
    Column("key", String(160), primary_key=True),
    base.time("window"),
    Column("count", Integer, nullable=False),
    Index("ix_attempts_window", "window"),
)
