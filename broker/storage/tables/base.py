"""What every table is made of. Times are seconds since 1970 (UTC), ids are UUIDs as text, secrets only as SHA-256 (HT-4, HT-12)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String

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


def time(name: str, *, null: bool = False) -> Column[int]:
    """A moment."""
    return Column(name, BigInteger, nullable=null)


def person(*, null: bool = False) -> Column[str]:
    """The person that a row belongs to; it goes with them."""
    return Column("person_id", UUID, ForeignKey("people.id", ondelete="CASCADE"), nullable=null)


def delivery() -> tuple[Column[Any], ...]:
    """What is sent by one node, and again until it arrived: next_try_at is NULL once it was sent or given up."""
    return (
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("holder", UUID),
        Column("problem", String(256)),
        time("created_at"),
        time("next_try_at", null=True),
        time("leased_until", null=True),
        time("sent_at", null=True),
        time("failed_at", null=True),
    )
