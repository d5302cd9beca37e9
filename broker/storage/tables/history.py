"""What happened, and what is to be sent: receipts, refusals, the audit, the outbox."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from broker.storage.tables import base

_GIVEN_UP = text("failed_at IS NOT NULL")
_UNHEARD = text("event_position IS NOT NULL")

receipts = Table(
    "receipts",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("request_id", String(16), nullable=False, unique=True),
    base.time("at"),
    Column("outcome", String(16), nullable=False),
    base.person(null=True),
    Column("application", String(128)),
    Column("partner", String(128)),
    Column("error", String(32)),
    Column("reason", Text, nullable=False),
    Column("policies", JSON, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("address", String(64), nullable=False),
    Column("config", String(32), nullable=False),
    Column("claimed", String(320)),  # FC-01: only where no person is known; deletion empties it
    Index("ix_receipts_at", "at", "id"),
    Index("ix_receipts_person_id", "person_id", "at"),
    Index("ix_receipts_partner", "partner", "at"),
    Index("ix_receipts_application", "application", "at"),
    Index("ix_receipts_claimed", "claimed", "at"),
    Index("ix_receipts_outcome", "outcome", "at"),
)

refusals = Table(  # HT-13: pages of no live login, and what applications are refused; capped
    "refusals",
    base.metadata,
    Column("request_id", String(16), primary_key=True),
    base.time("at"),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("application", String(128)),
    Column("facts", JSON(none_as_null=True)),
    Index("ix_refusals_at", "at"),
    Index("ix_refusals_application", "application", "at"),
    Index("ix_refusals_address", "address", "at"),
)

audit = Table(  # HT-18: unchained in the transaction of its cause; `maintain` numbers and chains
    "audit",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    base.time("at"),
    Column("name", String(64), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(128), nullable=False),
    Column("request_id", String(16), nullable=False),
    Column("subject", String(36), nullable=False),
    Column("target", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("seq", BigInteger, unique=True),
    Column("chain", base.HASH),
    Column("event_position", BigInteger),  # while those who listen are to be notified; smaller is earlier
    Index("ix_audit_event_position", "event_position", sqlite_where=_UNHEARD, postgresql_where=_UNHEARD),
    Index("ix_audit_at", "at", "id"),
    Index("ix_audit_subject", "subject"),
    Index("ix_audit_unchained", "at", "id", sqlite_where=text("seq IS NULL"), postgresql_where=text("seq IS NULL")),
)

audit_anchor = Table(  # one row: where the chain begins and ends, sealed under the root key
    "audit_anchor",
    base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),
)

audit_personal = Table(
    "audit_personal",
    base.metadata,
    Column("audit_id", base.UUID, ForeignKey("audit.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("subject", String(36), nullable=False),
    Column("value", Text, nullable=False),
    Index("ix_audit_personal_subject", "subject"),
)

outbox = Table(  # HT-17: written in the transaction of its cause; next_try_at is NULL once it is sent or given up
    "outbox",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("kind", String(16), nullable=False),
    base.person(null=True),
    Column("recipient", String(320), nullable=False),
    Column("language", String(16), nullable=False),
    Column("message_id", String(320), nullable=False, unique=True),
    Column("content", Text, nullable=False),  # sealed: it holds a ticket or a code; empty once it left
    *base.delivery(),
    Index("ix_outbox_kind", "kind", "next_try_at"),
    Index("ix_outbox_next_try_at", "next_try_at"),
    Index("ix_outbox_person_id", "person_id", "created_at"),
    Index("ix_outbox_created_at", "created_at"),
    Index("ix_outbox_failed_at", "failed_at", sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP),
)

event_deliveries = Table(  # a notice for one listener; next_try_at is NULL once it is delivered or given up
    "event_deliveries",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("listener", String(64), nullable=False),
    Column("event_id", base.UUID, nullable=False),  # of the audit; no foreign key: retention may remove the row first
    Column("kind", String(32), nullable=False),
    Column("person_id", base.UUID, nullable=False),  # no foreign key: a deletion is notified, too
    Column("position", BigInteger, nullable=False),  # the order of one person's events
    Column("content", Text, nullable=False),  # empty once it is delivered or given up
    *base.delivery(),
    Index("ix_event_deliveries_next_try_at", "next_try_at"),
    Index("ix_event_deliveries_listener", "listener", "person_id", "position"),
    Index("ix_event_deliveries_listener_created_at", "listener", "created_at"),
    Index("ix_event_deliveries_position", "position"),
    Index("ix_event_deliveries_created_at", "created_at"),
    Index("ix_event_deliveries_failed_at", "failed_at", sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP),
)

subscriptions = Table(  # of applications to changes (graph subscription); client_state: sealed, or empty
    "subscriptions",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("application", String(128), nullable=False),
    Column("resource", String(64), nullable=False),
    Column("change_types", String(32), nullable=False),
    Column("notification_url", Text, nullable=False),
    Column("lifecycle_url", Text, nullable=False),
    Column("client_state", Text, nullable=False),
    base.time("created_at"),
    base.time("expires_at"),
    Index("ix_subscriptions_application", "application", "created_at", "id"),
    Index("ix_subscriptions_expires_at", "expires_at"),
)
