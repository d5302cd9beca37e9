"""What every table is made of. Times are seconds since 1970 (UTC), ids are UUIDs as text, secrets only as SHA-256 (HT-4, HT-12)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, String

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
