"""Alembic's entry: runs on the connection that migrate.upgrade hands in."""

from __future__ import annotations

from alembic import context

from broker.storage.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {context.config.attributes['lock_wait']:d}")
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite", transactional_ddl=False
)
context.run_migrations()
