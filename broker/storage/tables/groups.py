"""Groups: their members, owners and assignments."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from broker.storage.tables import base
from broker.storage.tables.changes import changed


def _group(*, key: bool = False) -> Column[str]:
    return Column("group_id", base.UUID, ForeignKey("groups.id", ondelete="CASCADE"), nullable=False, primary_key=key)


groups = Table(
    "groups",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("folded", String(512), nullable=False, unique=True),  # names are one whatever their case
    Column("rule", Text),  # NULL: members are kept by hand
    Column("partner", String(128)),  # without whom the rule cannot match; "" any, NULL without a rule
    base.time("created_at"),
    changed(),
    Index("ix_groups_partner", "partner"),
    Index("ix_groups_changed", "changed", "id"),
)

group_members = Table(  # of a dynamic group: what the rule said at the last sign-in
    "group_members",
    base.metadata,
    _group(key=True),
    Column("person_id", base.UUID, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    base.time("since"),
    Index("ix_group_members_person_id", "person_id", "group_id"),
)

group_owners = Table(  # addresses of members of staff, who may not have signed in yet
    "group_owners",
    base.metadata,
    _group(key=True),
    Column("email", String(320), primary_key=True),
    Index("ix_group_owners_email", "email"),
)

group_assignments = Table(
    "group_assignments",
    base.metadata,
    Column("id", base.UUID, primary_key=True),
    _group(),
    Column("application", String(128), nullable=False),
    Column("role", String(128), nullable=False),
    base.time("starts_at"),
    base.time("ends_at", null=True),
    UniqueConstraint("group_id", "application", "role"),
    Index("ix_group_assignments_application", "application", "id"),
)
