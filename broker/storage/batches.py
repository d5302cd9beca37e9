"""Deleting in batches: a table that was flooded never holds the database's one writer for long (RX-05)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

BATCH = 1000  # rows of one statement


def delete_some(tx: Connection, table: Table, which: ColumnElement[bool], order: ColumnElement[int], limit: int = BATCH) -> int:
    """Delete at most `limit` rows that fit, the oldest by `order` first; the number of them."""
    key = list(table.primary_key.columns)
    chosen = select(*key).where(which).order_by(order).limit(limit)
    column = key[0] if len(key) == 1 else tuple_(*key)
    return tx.execute(delete(table).where(column.in_(chosen))).rowcount
