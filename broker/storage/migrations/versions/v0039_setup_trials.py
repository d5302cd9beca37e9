"""Trial sign-ins behind a set-up link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_COLUMNS = {"trial_state": sa.String(64), "trial_memory": sa.Text(), "trial_at": sa.BigInteger(), "trial": sa.Text()}


def upgrade() -> None:
    """New columns, empty: nobody tried before."""
    for name, kind in _COLUMNS.items():
        op.add_column("setup_links", sa.Column(name, kind, nullable=True))
    op.create_index("ix_setup_links_trial_state", "setup_links", ["trial_state"])
