"""Names as a search compares them."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BATCH = 10_000
_LENGTH = 256


def upgrade() -> None:
    """Add the column, fill it from the names that are there, then make its index."""
    kind = sa.String(_LENGTH).with_variant(sa.String(_LENGTH, collation="C"), "postgresql")
    op.add_column("people", sa.Column("folded_name", kind, server_default="", nullable=False))
    people = sa.table("people", sa.column("id", sa.String), sa.column("name", sa.String), sa.column("folded_name", sa.String))
    bind, after = op.get_bind(), ""
    change = sa.update(people).where(people.c.id == sa.bindparam("row")).values(folded_name=sa.bindparam("new"))
    while rows := bind.execute(
        sa.select(people.c.id, people.c.name).where(people.c.id > after).order_by(people.c.id).limit(_BATCH)
    ).all():
        bind.execute(change, [{"row": row[0], "new": _folded(row[1])} for row in rows])
        after = rows[-1][0]
    op.create_index("ix_people_folded_name", "people", ["folded_name", "email"], unique=False)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())[:_LENGTH]
