"""Columns of a login are named by what they hold."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_RENAMED = {
    "anew": "another_account_asked",
    "stepped": "step_up_asked",
    "wish": "own_page_intent",
    "proven": "mailbox_proven",
    "declined": "mailbox_declined",
}


def upgrade() -> None:
    """Rename them; a login that is under way keeps their values."""
    for old, new in _RENAMED.items():
        op.execute(f"ALTER TABLE logins RENAME COLUMN {old} TO {new}")
