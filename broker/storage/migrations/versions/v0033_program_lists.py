"""Lists that programs ask for: people by kind and by the end of their address, and an identity by its issuer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_FILL = "UPDATE people SET email_reversed = reverse(email) WHERE email IS NOT NULL"


def upgrade() -> None:
    """One column, filled from the addresses, and four indexes."""
    address = sa.String(320).with_variant(sa.String(320, collation="C"), "postgresql")
    op.add_column("people", sa.Column("email_reversed", address, nullable=True))
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":  # it has no such function of its own
        bind.connection.driver_connection.create_function("reverse", 1, lambda text: text[::-1], deterministic=True)
    op.execute(_FILL)
    op.create_index("ix_people_email_reversed", "people", ["email_reversed"])
    op.create_index("ix_people_kind", "people", ["kind", "email"])
    op.create_index("ix_people_kind_folded_name", "people", ["kind", "folded_name", "email"])
    op.create_index("ix_identities_issuer", "identities", ["issuer", "subject"])
