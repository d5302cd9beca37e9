"""Groups, their members, owners and assignments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of groups; assignments are found by their application too."""
    op.create_table(
        "groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("folded", sa.String(length=512), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("partner", sa.String(length=128), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("folded", name=op.f("uq_groups_folded")),
    )
    op.create_index("ix_groups_partner", "groups", ["partner"], unique=False)
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_group_members_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_person_id", "group_members", ["person_id", "group_id"], unique=False)
    op.create_table(
        "group_owners",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_owners_group_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "email", name=op.f("pk_group_owners")),
    )
    op.create_index("ix_group_owners_email", "group_owners", ["email"], unique=False)
    op.create_table(
        "group_assignments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("application", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=128), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_assignments_group_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_assignments")),
        sa.UniqueConstraint("group_id", "application", "role", name=op.f("uq_group_assignments_group_id_application_role")),
    )
    op.create_index("ix_group_assignments_application", "group_assignments", ["application", "id"], unique=False)
    op.create_index("ix_assignments_application", "assignments", ["application", "id"], unique=False)
