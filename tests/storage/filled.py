"""Rows in every table of a database, whatever its revision: each column has a value of its kind, and each foreign key its row."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Boolean, Connection, Integer, column, inspect
from sqlalchemy import table as sql_table
from sqlalchemy.types import JSON

from broker.storage.transfer.rows import tables_of


def fill(tx: Connection, count: int) -> None:
    """Insert rows 0 to count - 1 into each table; the odd ones have NULL where they may."""
    inspector = inspect(tx)
    kinds, keys = inspector.get_multi_columns(), inspector.get_multi_foreign_keys()
    for found in tables_of(tx):
        columns = kinds[None, found.name]
        referred = {key["constrained_columns"][0]: key["referred_columns"][0] for key in keys[None, found.name]}
        rows = []
        for number in range(count):
            row: dict[str, Any] = {}
            for one in columns:
                name = one["name"]
                if name in referred:
                    row[name] = _value(referred[name], one["type"], number)
                elif one["nullable"] and number % 2:
                    row[name] = None
                else:
                    row[name] = _value(name, one["type"], number)
            rows.append(row)
        target = sql_table(found.name, *(column(one["name"], one["type"]) for one in columns))
        tx.execute(target.delete())
        tx.execute(target.insert(), rows)


def _value(name: str, kind: Any, number: int) -> Any:
    if isinstance(kind, Boolean):
        return number % 3 == 0
    if isinstance(kind, Integer):
        return 1_800_000_000 + number
    if isinstance(kind, JSON):
        return {"number": number, "naïve": [None, True, 0.5], "z": "", "a": name}
    if name in ("data", "answer", "domains", "rule"):
        return json.dumps([number])
    return f"{number}-{name}-é\n'\""[: getattr(kind, "length", None) or 80]
