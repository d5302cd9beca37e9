"""A login, a session, a grant, and what hangs off them."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false, text

from broker.storage.tables import base

logins = Table(
    "logins",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("reference", String(16), nullable=False, unique=True),
    Column("browser", base.HASH, nullable=False),
    Column("address", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("request", JSON),
    Column("invitation_id", base.UUID, ForeignKey("invitations.id", ondelete="CASCADE")),
    Column("partner", String(128)),
    Column("login_hint", String(320)),
    Column("state", base.HASH, unique=True),  # of the request that is out at the identity provider
    Column("memory", Text),
    Column("assertion", JSON),
    Column("chosen", Boolean, nullable=False, server_default=false()),
    Column("another_account_asked", Boolean, nullable=False, server_default=false()),
    Column("consented", Boolean, nullable=False, server_default=false()),
    Column("fresh_within", Integer),
    Column("step_up_asked", Boolean, nullable=False, server_default=false()),
    Column("own_page_intent", String(16), nullable=False, server_default=""),
    Column("task", Text),  # sealed: what a factor is being added or asked with
    Column("proofs", JSON, nullable=False, server_default="[]"),
    Column("return_path", String(512)),
    Column("mailbox_proven", base.HASH),
    Column("mailbox_declined", base.HASH),
    Column("sign_up", JSON),
    Column("progress", JSON, nullable=False, server_default="{}"),
    Column("trail", JSON, nullable=False),  # written only: nothing is decided by it
    base.time("created_at"),
    base.time("expires_at"),
    Index("ix_logins_browser", "browser", "stage", "created_at"),
    Index("ix_logins_address", "address", "created_at"),
    Index("ix_logins_expires_at", "expires_at"),
    Index("ix_logins_invitation_id", "invitation_id"),
)

parked = Table(  # HW-4, HS-31: what a cross-site POST brought, until the browser that began claims it
    "parked",
    base.metadata,
    Column("handle", base.HASH, primary_key=True),
    Column("login_id", base.UUID, ForeignKey("logins.id", ondelete="CASCADE"), nullable=False),
    Column("partner", String(128), nullable=False),
    Column("content", Text, nullable=False),  # sealed
    base.time("expires_at"),
    Index("ix_parked_expires_at", "expires_at"),
    Index("ix_parked_login_id", "login_id", unique=True),  # one row a login (FA-12)
)

mail_codes = Table(  # the code by mail that a login waits for: one row a login, gone with it
    "mail_codes",
    base.metadata,
    Column("login_id", base.UUID, ForeignKey("logins.id", ondelete="CASCADE"), primary_key=True),
    Column("mark", base.HASH, nullable=False),
    Column("memory", Text, nullable=False),  # sealed
    Column("tries", Integer, nullable=False),
    Column("sends", Integer, nullable=False),
    base.time("sent_at"),
    base.time("expires_at"),
    base.time("spent_at", null=True),
)

sessions = Table(
    "sessions",
    base.metadata,
    Column("sid", base.UUID, primary_key=True),
    Column("cookie", base.HASH, nullable=False, unique=True),
    base.person(),
    Column("partner", String(128), nullable=False),
    Column("issuer", String(512), nullable=False),
    Column("acr", String(128), nullable=False),
    Column("amr", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("proofs", JSON, nullable=False, server_default="[]"),
    base.time("auth_time"),
    Column("auth_time_known", Boolean, nullable=False),
    base.time("created_at"),
    base.time("last_seen_at"),
    base.time("expires_at"),
    base.time("ended_at", null=True),
    Column("device", String(64), nullable=False, server_default=""),
    Column("home_name", base.HASH, nullable=False, server_default=""),
    Column("home_session", base.HASH, nullable=False, server_default=""),
    Column("home_logout", Text, nullable=False, server_default=""),  # sealed; emptied when the session ends
    Index("ix_sessions_home_name", "home_name"),
    Index("ix_sessions_home_session", "home_session"),
    Index("ix_sessions_person_id", "person_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

grants = Table(
    "grants",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("sid", base.UUID, nullable=False),  # no foreign key: a grant outlives a session that merely expired (HP-63)
    base.person(),
    Column("client_id", String(128), nullable=False),
    Column("sub", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("requested", JSON, nullable=False),
    Column("acr", String(128), nullable=False),
    Column("amr", JSON, nullable=False),
    base.time("auth_time"),
    Column("idp", String(128), nullable=False),
    Column("nonce", String(512)),
    Column("address", String(64), nullable=False),
    Column("proof", JSON, nullable=False, server_default=text("'{}'")),
    base.time("created_at"),
    base.time("ended_at", null=True),
    Index("ix_grants_sid", "sid"),
    Index("ix_grants_person_id", "person_id"),
    Index("ix_grants_created_at", "created_at"),
)


def _grant() -> Column[str]:
    return Column("grant_id", base.UUID, ForeignKey("grants.id", ondelete="CASCADE"), nullable=False)


codes = Table(
    "codes",
    base.metadata,
    Column("code", base.HASH, primary_key=True),
    _grant(),
    Column("client_id", String(128), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", String(64)),
    Column("jkt", String(43)),
    base.time("expires_at"),
    base.time("spent_at", null=True),
    Index("ix_codes_grant_id", "grant_id"),
    Index("ix_codes_expires_at", "expires_at"),
)

access_tokens = Table(
    "access_tokens",
    base.metadata,
    Column("token", base.HASH, primary_key=True),
    _grant(),
    Column("scopes", JSON, nullable=False),
    Column("jkt", String(43)),
    Column("x5t", String(43)),
    Column("audience", JSON, nullable=False, server_default=text("'[]'")),
    base.time("created_at"),
    base.time("expires_at"),
    base.time("revoked_at", null=True),
    Index("ix_access_tokens_grant_id", "grant_id"),
    Index("ix_access_tokens_expires_at", "expires_at"),
)

device_codes = Table(  # of devices that wait for a person
    "device_codes",
    base.metadata,
    Column("device_code", base.HASH, primary_key=True),
    Column("user_code", base.HASH, nullable=False, unique=True),
    Column("handle", base.HASH, unique=True),  # of the sign-in that began with the user code
    Column("client_id", String(128), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("grant_id", base.UUID, ForeignKey("grants.id", ondelete="CASCADE")),
    Column("pause", Integer, nullable=False),  # seconds
    base.time("created_at"),
    base.time("expires_at"),
    base.time("polled_at", null=True),
    base.time("denied_at", null=True),
    base.time("spent_at", null=True),
    Index("ix_device_codes_grant_id", "grant_id"),
    Index("ix_device_codes_expires_at", "expires_at"),
)

api_tokens = Table(  # for the management API alone: of an application itself, under no person's grant
    "api_tokens",
    base.metadata,
    Column("token", base.HASH, primary_key=True),
    Column("client_id", String(128), nullable=False),
    Column("x5t", String(43)),
    base.time("created_at"),
    base.time("expires_at"),
    base.time("revoked_at", null=True),
    Index("ix_api_tokens_expires_at", "expires_at"),
)

refresh_families = Table(
    "refresh_families",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    _grant(),
    Column("client_id", String(128), nullable=False),
    Column("jkt", String(43)),
    base.time("expires_at"),  # absolute
    base.time("revoked_at", null=True),
    Index("ix_refresh_families_grant_id", "grant_id"),
    Index("ix_refresh_families_expires_at", "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    base.metadata,
    Column("token", base.HASH, primary_key=True),
    Column("family_id", base.UUID, ForeignKey("refresh_families.id", ondelete="CASCADE"), nullable=False),
    base.time("expires_at"),  # idle
    base.time("spent_at", null=True),
    Index("ix_refresh_tokens_family_id", "family_id"),
)

refresh_answers = Table(  # what a token that was just replaced got, for `tokens.refresh_grace`
    "refresh_answers",
    base.metadata,
    Column("token", base.HASH, ForeignKey("refresh_tokens.token", ondelete="CASCADE"), primary_key=True),
    Column("successor", base.HASH, nullable=False),
    Column("sealed", Text, nullable=False),
    base.time("expires_at"),
    Index("ix_refresh_answers_expires_at", "expires_at"),
)

pushed_requests = Table(  # RFC 9126: until the authorization request that refers to it
    "pushed_requests",
    base.metadata,
    Column("handle", base.HASH, primary_key=True),
    Column("client_id", String(128), nullable=False),
    Column("parameters", JSON, nullable=False),
    base.time("expires_at"),
    Index("ix_pushed_requests_expires_at", "expires_at"),
)

logout_notices = (
    Table(  # applications that are notified of the end of a session (Back-Channel Logout); sid: the application's own
        "logout_notices",
        base.metadata,
        Column("id", base.UUID, primary_key=True),
        Column("client_id", String(128), nullable=False),
        Column("sid", String(36), nullable=False),
        Column("sub", String(64), nullable=False),  # no foreign key to a person: a deletion is notified, too
        *base.delivery(),
        Index("ix_logout_notices_next_try_at", "next_try_at"),
        Index("ix_logout_notices_client_id", "client_id", "created_at"),
        Index("ix_logout_notices_created_at", "created_at"),
    )
)
