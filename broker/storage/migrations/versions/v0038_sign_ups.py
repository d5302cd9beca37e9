"""Sign-ups: the form in a login, what a request tells of a person who is no guest yet, and when a person signed up."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, false

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four columns, and an index of the people who wait for an answer."""
    op.add_column("logins", Column("sign_up", JSON))
    op.add_column("access_requests", Column("signed_up", Boolean, nullable=False, server_default=false()))
    op.add_column("access_requests", Column("attributes", JSON, nullable=False, server_default="{}"))
    op.add_column("people", Column("signed_up_at", BigInteger))
    op.create_index("ix_people_signed_up_at", "people", ["state", "signed_up_at"])
