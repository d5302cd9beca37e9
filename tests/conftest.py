"""Fixtures for every test: a clean environment, a fixed clock, a migrated database."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest

from broker.services.core import Core
from broker.storage import migrate
from broker.storage.engine import Database
from tests import orders
from tests.clock import Clock
from tests.core import File, MakeCore
from tests.core import make_core as core_of
from tests.postgres import Server, make_folder

pytest_plugins = ("broker.testing.plugin",)  # where the kit is installed, pytest finds it by itself
POSTGRES = pytest.StashKey[Server]()
hypothesis.settings.register_profile("house", deadline=None)  # a busy machine is no failure
hypothesis.settings.register_profile("deep", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
FOREIGN = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "ssl_cert_file", "pythonoptimize")


def pytest_configure(config: pytest.Config) -> None:
    """The run's main process names the folder of the PostgreSQL server; workers are told it."""
    folder = getattr(config, "workerinput", {}).get("postgres")
    config.stash[POSTGRES] = Server(Path(folder) if folder else make_folder())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Hand the folder to a parallel worker."""
    node.workerinput["postgres"] = str(node.config.stash[POSTGRES].folder)


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what lives to the end, and let it look seldom at what does not: a tenth of the run's time was its."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Only the main process stops the server."""
    if not hasattr(config, "workerinput"):
        config.stash[POSTGRES].stop()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("BROKER_") or name.lower() in FOREIGN:
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> Clock:
    """A fixed clock; `clock.advance(60)` moves it."""
    return Clock()


@pytest.fixture(scope="session")
def guest_broker_applications() -> Mapping[str, Mapping[str, object]]:
    """The application of these tests in the testing kit's cast."""
    return {"orders": orders.FILE}


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Server:
    """The run's PostgreSQL server, started when the first test asks for it."""
    server = pytestconfig.stash[POSTGRES]
    server.ensure_running()
    return server


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()  # the last connection to close merges the write-ahead log into the file
    return path


@pytest.fixture
def sqlite_url(_migrated_file: Path, tmp_path: Path) -> str:
    """A SQLite file of this test's own, with every table."""
    path = tmp_path / "var" / "broker.db"
    path.parent.mkdir(mode=0o700)
    shutil.copyfile(_migrated_file, path)
    path.chmod(0o600)  # as the broker makes it (FA-20)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _postgresql_database(postgres: Server) -> Iterator[tuple[str, Callable[[], None]]]:
    url = postgres.create_database()
    with postgres.emptied(url) as empty:
        yield url, empty
    postgres.drop_database(url)


@pytest.fixture
def postgresql_url(_postgresql_database: tuple[str, Callable[[], None]]) -> Iterator[str]:
    """A PostgreSQL database with every table and no row, this test's alone while it runs."""
    url, empty = _postgresql_database
    yield url
    empty()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """A migrated database: a SQLite file here, both kinds in tests/storage."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def make_core(tmp_path: Path, clock: Clock) -> Iterator[MakeCore]:
    """Makes a core on a database: `make_core(database_url, {"broker": {...}})`; tests/core.py describes it."""
    made: list[Core] = []

    def make(database: str, changes: Mapping[str, File | None] | None = None) -> Core:
        made.append(core_of(tmp_path / f"core-{len(made)}", database, clock, changes or {}))
        return made[-1]

    yield make
    for core in made:
        core.db.close()


@pytest.fixture
def core(make_core: MakeCore, sqlite_url: str) -> Core:
    """The company Contoso on a SQLite file: what a service needs, in milliseconds."""
    return make_core(sqlite_url)
