"""Every table. Times are seconds since 1970 (UTC), ids are UUIDs as text, secrets only as SHA-256 (HT-4, HT-12)."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

UUID = String(36)
HASH = String(64)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _person(*, null: bool = False) -> Column[str]:
    return Column("person_id", UUID, ForeignKey("people.id", ondelete="CASCADE"), nullable=null)


# --- who -------------------------------------------------------------------------------------------------------------
people = Table(
    "people",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("email", String(320), unique=True),  # NULL once deleted
    Column("email_verified", Boolean, nullable=False, server_default=false()),
    Column("name", String(256), nullable=False),
    Column("language", String(16), nullable=False),
    Column("partner", String(128)),
    Column("sponsor", String(320)),
    Column("profile", JSON, nullable=False),
    _time("created_at"),
    _time("redeemed_at", null=True),
    _time("expires_at", null=True),
    _time("last_sign_in", null=True),
)

identities = Table(
    "identities",
    metadata,
    Column("partner", String(128), primary_key=True),
    Column("issuer", String(512), primary_key=True),
    Column("subject", String(1024), primary_key=True),
    _person(),
    _time("bound_at"),
    Index("ix_identities_person_id", "person_id"),
)

subjects = Table(  # HT-6, HT-7: random, by sector, never reassigned: the row outlives the person
    "subjects",
    metadata,
    Column("sector", String(256), primary_key=True),  # a client_id, or "" for public subjects
    Column("person_id", UUID, primary_key=True),
    Column("sub", String(64), nullable=False),
    UniqueConstraint("sector", "sub"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", UUID, primary_key=True),
    _person(),
    Column("email", String(320), nullable=False),
    Column("ticket", HASH, nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("redirect_url", Text, nullable=False),
    Column("application", String(128)),
    Column("language", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("inviter", String(320), nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _time("redeemed_at", null=True),
    Index("ix_invitations_person_id", "person_id", "status"),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", UUID, primary_key=True),
    _person(),
    Column("application", String(128), nullable=False),
    Column("role", String(128), nullable=False),
    _time("starts_at"),
    _time("ends_at", null=True),
    UniqueConstraint("person_id", "application", "role"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", UUID, primary_key=True),
    _person(),
    Column("application", String(128), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    _time("given_at"),
    _time("withdrawn_at", null=True),
    Index("ix_consents_person_id", "person_id", "application"),
)

# --- a login, a session, a grant ----------------------------------------------------------------------------------------
logins = Table(
    "logins",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("reference", String(16), nullable=False, unique=True),
    Column("browser", HASH, nullable=False),
    Column("address", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("request", JSON),
    Column("invitation_id", UUID, ForeignKey("invitations.id", ondelete="CASCADE")),
    Column("partner", String(128)),
    Column("login_hint", String(320)),
    Column("state", HASH, unique=True),  # of the request that is out at the identity provider
    Column("memory", Text),
    Column("assertion", JSON),
    Column("chosen", Boolean, nullable=False, server_default=false()),
    Column("anew", Boolean, nullable=False, server_default=false()),
    Column("consented", Boolean, nullable=False, server_default=false()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("return_path", String(512)),
    Column("trail", JSON, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    Index("ix_logins_browser", "browser", "stage", "created_at"),
    Index("ix_logins_address", "address", "created_at"),
    Index("ix_logins_expires_at", "expires_at"),
    Index("ix_logins_invitation_id", "invitation_id"),
)

parked = Table(  # HW-4, HS-31: what a cross-site POST brought, until the browser that began claims it
    "parked",
    metadata,
    Column("handle", HASH, primary_key=True),
    Column("login_id", UUID, ForeignKey("logins.id", ondelete="CASCADE"), nullable=False),
    Column("partner", String(128), nullable=False),
    Column("content", Text, nullable=False),  # sealed
    _time("expires_at"),
    Index("ix_parked_expires_at", "expires_at"),
    Index("ix_parked_login_id", "login_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sid", UUID, primary_key=True),
    Column("cookie", HASH, nullable=False, unique=True),
    _person(),
    Column("partner", String(128), nullable=False),
    Column("issuer", String(512), nullable=False),
    Column("acr", String(128), nullable=False),
    Column("amr", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    _time("auth_time"),
    Column("auth_time_known", Boolean, nullable=False),
    _time("created_at"),
    _time("last_seen_at"),
    _time("expires_at"),
    _time("ended_at", null=True),
    Index("ix_sessions_person_id", "person_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

grants = Table(
    "grants",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("sid", UUID, nullable=False),  # no foreign key: a grant outlives a session that merely expired (HP-63)
    _person(),
    Column("client_id", String(128), nullable=False),
    Column("sub", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("requested", JSON, nullable=False),
    Column("acr", String(128), nullable=False),
    Column("amr", JSON, nullable=False),
    _time("auth_time"),
    Column("idp", String(128), nullable=False),
    Column("nonce", String(512)),
    Column("address", String(64), nullable=False),
    _time("created_at"),
    _time("ended_at", null=True),
    Index("ix_grants_sid", "sid"),
    Index("ix_grants_person_id", "person_id"),
    Index("ix_grants_created_at", "created_at"),
)


def _grant() -> Column[str]:
    return Column("grant_id", UUID, ForeignKey("grants.id", ondelete="CASCADE"), nullable=False)


codes = Table(
    "codes",
    metadata,
    Column("code", HASH, primary_key=True),
    _grant(),
    Column("client_id", String(128), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", String(64)),
    _time("expires_at"),
    _time("spent_at", null=True),
    Index("ix_codes_grant_id", "grant_id"),
    Index("ix_codes_expires_at", "expires_at"),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("token", HASH, primary_key=True),
    _grant(),
    Column("scopes", JSON, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    _time("revoked_at", null=True),
    Index("ix_access_tokens_grant_id", "grant_id"),
    Index("ix_access_tokens_expires_at", "expires_at"),
)

refresh_families = Table(
    "refresh_families",
    metadata,
    Column("id", UUID, primary_key=True),
    _grant(),
    Column("client_id", String(128), nullable=False),
    _time("expires_at"),  # absolute
    _time("revoked_at", null=True),
    Index("ix_refresh_families_grant_id", "grant_id"),
    Index("ix_refresh_families_expires_at", "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token", HASH, primary_key=True),
    Column("family_id", UUID, ForeignKey("refresh_families.id", ondelete="CASCADE"), nullable=False),
    _time("expires_at"),  # idle
    _time("spent_at", null=True),
    Index("ix_refresh_tokens_family_id", "family_id"),
)

# --- what happened ---------------------------------------------------------------------------------------------------------
receipts = Table(
    "receipts",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("request_id", String(16), nullable=False, unique=True),
    _time("at"),
    Column("outcome", String(16), nullable=False),
    _person(null=True),
    Column("application", String(128)),
    Column("partner", String(128)),
    Column("error", String(32)),
    Column("reason", Text, nullable=False),
    Column("policies", JSON, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("address", String(64), nullable=False),
    Column("config", String(32), nullable=False),
    Index("ix_receipts_at", "at", "id"),
    Index("ix_receipts_person_id", "person_id", "at"),
    Index("ix_receipts_partner", "partner", "at"),
)

refusals = Table(  # HT-13: pages of no live login; capped
    "refusals",
    metadata,
    Column("request_id", String(16), primary_key=True),
    _time("at"),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Index("ix_refusals_at", "at"),
    Index("ix_refusals_address", "address", "at"),
)

audit = Table(  # HT-18: unchained in the transaction of its cause; `maintain` numbers and chains
    "audit",
    metadata,
    Column("id", UUID, primary_key=True),
    _time("at"),
    Column("name", String(64), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(128), nullable=False),
    Column("request_id", String(16), nullable=False),
    Column("subject", String(36), nullable=False),
    Column("target", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("seq", BigInteger, unique=True),
    Column("chain", HASH),
    Index("ix_audit_at", "at"),
    Index("ix_audit_subject", "subject"),
)

audit_personal = Table(
    "audit_personal",
    metadata,
    Column("audit_id", UUID, ForeignKey("audit.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("subject", String(36), nullable=False),
    Column("value", Text, nullable=False),
    Index("ix_audit_personal_subject", "subject"),
)

outbox = Table(  # HT-17: written in the transaction of its cause; next_try_at is NULL once it is sent or given up
    "outbox",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("kind", String(16), nullable=False),
    _person(null=True),
    Column("recipient", String(320), nullable=False),
    Column("language", String(16), nullable=False),
    Column("message_id", String(320), nullable=False, unique=True),
    Column("content", Text, nullable=False),  # sealed: it holds a ticket or a code; empty once it left
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("holder", UUID),
    Column("problem", String(256)),
    _time("created_at"),
    _time("next_try_at", null=True),
    _time("leased_until", null=True),
    _time("sent_at", null=True),
    _time("failed_at", null=True),
    Index("ix_outbox_kind", "kind", "next_try_at"),
    Index("ix_outbox_next_try_at", "next_try_at"),
    Index("ix_outbox_person_id", "person_id", "created_at"),
    Index("ix_outbox_created_at", "created_at"),
)

# --- shared by all nodes -----------------------------------------------------------------------------------------------------
keys = Table(
    "keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("use", String(8), nullable=False),
    Column("alg", String(16), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("public", Text, nullable=False),
    Column("certificate", Text),
    _time("created_at"),
    _time("active_from"),
    _time("retired_at", null=True),
)

documents = Table(  # HT-20: discovery, JWKS, metadata, fetched once for all nodes
    "documents",
    metadata,
    Column("partner", String(128), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("body", Text),
    Column("problem", String(64)),
    _time("fetched_at", null=True),
    _time("fresh_until"),
    _time("valid_until", null=True),
    _time("next_try_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    _time("until"),
)

used = Table(  # once only: jti, assertion ids, time steps; kept until they could not be accepted anyway
    "used",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("value", HASH, primary_key=True),
    _time("expires_at"),
    Index("ix_used_expires_at", "expires_at"),
)

attempts = Table(  # HW-10
    "attempts",
    metadata,
    Column("key", String(160), primary_key=True),
    _time("window"),
    Column("count", Integer, nullable=False),
    Index("ix_attempts_window", "window"),
)
