"""What the IT of a partner entered behind its set-up link, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_COLUMNS = {
    "answered_at": sa.BigInteger(),
    "answer": sa.Text(),
    "metadata": sa.Text(),
    "secret": sa.Text(),
    "finished_at": sa.BigInteger(),
    "decided_at": sa.BigInteger(),
    "decision": sa.String(16),
}


def upgrade() -> None:
    """New columns, empty: no link was answered before."""
    for name, kind in _COLUMNS.items():
        op.add_column("setup_links", sa.Column(name, kind, nullable=True))
