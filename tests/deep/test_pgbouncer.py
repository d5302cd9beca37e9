"""pgbouncer in transaction mode (Debian's package): nothing relies on the session of a server process."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from broker.domain.errors import Unavailable
from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.factors import single_use
from tests.clock import START
from tests.postgres import UNPRIVILEGED, USER, Server

CONFIG = """
[databases]
* = host={folder}
[pgbouncer]
listen_addr =
unix_socket_dir = {own}
listen_port = 6432
auth_type = trust
auth_file = {own}/users
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture
def pooled(postgres: Server) -> Iterator[Database]:
    """A database behind a pgbouncer that has two server processes for all connections."""
    subprocess.run(["scripts/need", "pgbouncer=pgbouncer"], check=True)
    url, own = postgres.create_database(), postgres.folder / "pgbouncer"
    own.mkdir(mode=0o755)
    (own / "users").write_text(f'"{USER}" ""\n')
    (own / "config").write_text(CONFIG.format(folder=postgres.folder, own=own))
    user = pwd.getpwnam(UNPRIVILEGED).pw_name
    shutil.chown(own, user)
    for path in own.iterdir():
        shutil.chown(path, user)
    binary = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    process = subprocess.Popen([binary, "--user", user, str(own / "config")], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any("process up" in line for line in process.stderr), "pgbouncer did not start"
    name = url.split("@/")[1].split("?", maxsplit=1)[0]
    with closing(Database(f"postgresql+psycopg://{USER}@/{name}?host={own}&port=6432")) as database:
        yield database
    process.kill()
    process.communicate()
    shutil.rmtree(own)
    postgres.drop_database(url)


def test_the_same_statement_on_changing_server_processes(pooled: Database):
    """More often than psycopg needs to prepare it, by more threads than there are server processes; each value is taken once."""

    def take(number: int) -> bool:
        with pooled.write() as tx:
            return single_use.once(tx, "jti", str(number % 200), START)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(1000))) == 200


def test_each_transaction_waits_for_a_lock_only_shortly(pooled: Database):
    """The limit belongs to the transaction, whichever server process has it."""
    with pooled.write() as tx:
        assert tx.execute(text("SHOW lock_timeout")).scalar_one() == "4s"
        tx.exec_driver_sql("LOCK TABLE people")
        with pytest.raises(Unavailable, match="LockNotAvailable"), pooled.write() as other:
            other.exec_driver_sql("DELETE FROM people")


def test_migrations_and_snapshots(pooled: Database):
    """What sets something does so for its own transaction."""
    with pooled.write() as tx:
        migrate.stamp(tx, "0049")
        tx.exec_driver_sql("DROP TABLE subscriptions")
    with pooled.snapshot() as tx:
        assert tx.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read"
    with pooled.read() as tx:
        assert tx.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"
