"""Who: people, their identities and subjects, invitations, assignments, consents."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, false, text

from broker.storage.tables import base
from broker.storage.tables.changes import changed

ADDRESS = String(320).with_variant(String(320, collation="C"), "postgresql")  # ordered by code point on both databases

FOLDED = String(256).with_variant(String(256, collation="C"), "postgresql")

_SIGNED_UP = text("signed_up_at IS NOT NULL")

people = Table(
    "people",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("email", ADDRESS, unique=True),  # NULL once deleted
    Column("email_reversed", ADDRESS),  # from its last character to its first: what a search by the end of an address compares
    Column("email_verified", Boolean, nullable=False, server_default=false()),
    Column("name", String(256), nullable=False),
    Column("folded_name", FOLDED, nullable=False, server_default=""),  # what a search by name compares
    Column("language", String(16), nullable=False),
    Column("partner", String(128)),
    Column("sponsor", String(320)),
    Column("profile", JSON, nullable=False),
    Column("details", JSON, nullable=False, server_default="{}"),  # kept by programs; no claim of any token
    base.time("created_at"),
    base.time("signed_up_at", null=True),
    base.time("redeemed_at", null=True),
    base.time("expires_at", null=True),
    base.time("last_sign_in", null=True),
    base.time("answered_at", null=True),  # the last sign-in with an answer of a home organization: rules were judged then (FA-26)
    base.time("orphaned_at", null=True),
    base.time("due_at", null=True),
    Column("notices", Integer, nullable=False, server_default="0"),
    base.time("mfa_at", null=True),
    base.time("vouched_until", null=True),
    changed(),
    # Each list is a walk along an index, so that a page of a million guests costs as much as one of a thousand.
    Index("ix_people_state", "state", "email"),
    Index("ix_people_partner", "partner", "email"),
    Index("ix_people_sponsor", "sponsor", "email"),
    Index("ix_people_expires_at", "state", "expires_at", "email"),
    Index("ix_people_last_sign_in", "state", "last_sign_in", "email"),
    Index("ix_people_orphaned_at", "orphaned_at", "email"),
    Index("ix_people_sponsor_orphaned_at", "sponsor", "orphaned_at"),
    Index("ix_people_ends", "expires_at", "email"),
    Index("ix_people_seen", "last_sign_in", "email"),
    Index("ix_people_due_at", "due_at"),
    Index("ix_people_signed_up_at", "state", "signed_up_at"),
    Index("ix_people_folded_name", "folded_name", "email"),
    Index("ix_people_kind", "kind", "email"),
    Index("ix_people_kind_folded_name", "kind", "folded_name", "email"),
    Index("ix_people_email_reversed", "email_reversed"),
    Index("ix_people_changed", "changed", "id"),
    Index("ix_people_self_signed_up", "email", sqlite_where=_SIGNED_UP, postgresql_where=_SIGNED_UP),
)

identities = Table(
    "identities",
    base.metadata,
    Column("partner", String(128), primary_key=True),
    Column("issuer", String(512), primary_key=True),
    Column("subject", String(1024), primary_key=True),
    base.person(),
    base.time("bound_at"),
    Column("asserted_email", String(320)),  # last, with this identity; shows a subject that was reassigned (FA-18)
    Column("asserted_name", String(256)),
    Index("ix_identities_person_id", "person_id"),
    Index("ix_identities_issuer", "issuer", "subject"),
)

subjects = Table(  # HT-6, HT-7: random, by sector, never reassigned: the row outlives the person
    "subjects",
    base.metadata,
    Column("sector", String(256), primary_key=True),  # a client_id, or "" for public subjects
    Column("person_id", base.UUID, primary_key=True),
    Column("sub", String(64), nullable=False),
    UniqueConstraint("sector", "sub"),
    Index("ix_subjects_person_id", "person_id"),
)

invitations = Table(
    "invitations",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    base.person(),
    Column("email", String(320), nullable=False),
    Column("ticket", base.HASH, nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("redirect_url", Text, nullable=False),
    Column("application", String(128)),
    Column("language", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("inviter", String(320), nullable=False),
    Column("invited_by", base.UUID),  # no foreign key: an invitation outlives its inviter's record, and then is void
    base.time("created_at"),
    base.time("expires_at"),
    base.time("redeemed_at", null=True),
    Index("ix_invitations_application", "application", "person_id"),
    Index("ix_invitations_person_id", "person_id", "status"),
    Index("ix_invitations_created_at", "created_at", "id"),
)

accepted_identities = Table(  # AL-04: the very identity that a sponsor said may redeem this invitation
    "accepted_identities",
    base.metadata,
    Column("invitation_id", base.UUID, ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True),
    Column("partner", String(128), primary_key=True),
    Column("issuer", String(512), primary_key=True),
    Column("subject", String(1024), primary_key=True),
    base.time("accepted_at"),
)

assignments = Table(
    "assignments",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    base.person(),
    Column("application", String(128), nullable=False),
    Column("role", String(128), nullable=False),
    base.time("starts_at"),
    base.time("ends_at", null=True),
    UniqueConstraint("person_id", "application", "role"),
    Index("ix_assignments_application", "application", "id"),
)

consents = Table(
    "consents",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    base.person(),
    Column("application", String(128), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    base.time("given_at"),
    base.time("withdrawn_at", null=True),
    Index("ix_consents_person_id", "person_id", "application"),
)
