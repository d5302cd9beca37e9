"""FC-06: what a command did is in the audit with the system user and the machine."""

from __future__ import annotations

import os
import pwd
import socket

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from broker.cli import broker
from broker.storage.tables import audit
from tests.journeys.world import ADA, SECRET, World


def test_fc_06_who_ran_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """USER@HOST, whatever the environment says; and no mail says that this one invites."""
    monkeypatch.setenv("LOGNAME", "somebody-else")
    words = ["invite", ADA.email, "--home", str(world.home), "--application", "payroll"]
    done = CliRunner().invoke(broker, words, env={"SECRET": SECRET})
    assert done.exit_code == 0, done.output
    own = f"{pwd.getpwuid(os.geteuid()).pw_name}@{socket.gethostname()}"
    with world.broker.core.db.read() as tx:
        [row] = tx.execute(select(audit.c.actor_kind, audit.c.actor_id).where(audit.c.name == "invitation.created")).all()
    assert (row.actor_kind, row.actor_id) == ("command", own)
    assert own not in world.mails(ADA.email)[0].text
