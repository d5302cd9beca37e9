"""Schema migrations.

Owns: the steps from one schema to the next, and the environment that alembic runs them in.
Does not know: rows of a running broker, and when a migration is due (`broker.storage.migrate`).
Offers: the revisions in `versions`.
"""
