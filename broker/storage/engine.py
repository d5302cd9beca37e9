"""One database, two ways in: `write()` and `read()`.

SQLite: WAL, busy_timeout 4 s, every writing transaction begins with BEGIN IMMEDIATE and reads have their own
connections (HT-16). PostgreSQL: READ COMMITTED; what may happen once is one conditional statement on both (HT-3).
A database that is held by another process, or away, is said within five seconds (FA-29).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from broker.domain.errors import Unavailable
from broker.storage import modes

__all__ = ["Connection", "Database", "asked", "resolve", "savepoint"]  # services name the transaction that they pass on

BUSY_TIMEOUT_MS = 4_000  # for a lock that another process holds
TURN = 0.5  # seconds
_AWAY = 3  # seconds for PostgreSQL to take a connection, or for one of the pool to come free
_SQLITE_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}
_READ_ONLY = "25006"  # PostgreSQL: the server is a standby now, another one leads
Answer = TypeVar("Answer")
_SIZES = {"sqlite": (8, 24), "postgresql": (10, 10)}  # connections of a pool: kept, and further ones while they are needed
_POOLED = "pooled"  # of a connection: to a pooler such as pgbouncer, in whose transaction mode no session exists
_OPTIONS = {"preserve_rowcount": True}  # else an INSERT ... ON CONFLICT answers -1 on PostgreSQL, and nothing is ever taken


class _Here(threading.local):
    """What the transaction of this thread has to say once it is committed."""

    notices: list[Any] | None = None


_here = _Here()


class Database:
    """Connections to one database; safe to share between threads, opened lazily (so before or after a fork)."""

    def __init__(
        self, url: str, *, base: Path | None = None, committed: Callable[[Sequence[Any]], None] = lambda _notices: None
    ) -> None:
        """url: as in config/broker.yaml; a relative SQLite path is relative to `base` (the home). committed: hears what
        `after_commit` was given, once its transaction is committed; it never raises.
        """
        self.url = resolve(url, base)
        self._committed = committed
        self.dialect = make_url(self.url).get_backend_name()
        if self.dialect == "sqlite":
            self.writer = _sqlite(self.url, begin="BEGIN IMMEDIATE")
            self.reader = _sqlite(self.url, begin="BEGIN")
            self._turn: threading.Lock | None = threading.Lock()
        else:
            self.writer = self.reader = _postgresql(self.url)
            self._turn = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: a clean exit commits, an exception rolls back. Raises Unavailable."""
        before, notices = _here.notices, list[Any]()
        _here.notices = notices
        try:
            with _told(), _turn_of(self._turn), self.writer.begin() as tx:
                yield tx
        finally:
            _here.notices = before
        if notices:
            self._committed(notices)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: a consistent view on SQLite, statement by statement on PostgreSQL. Raises Unavailable."""
        with _told(), self.reader.connect() as tx:
            yield tx

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One reading transaction that sees one state of the database throughout, on both. Raises Unavailable."""
        with self.read() as tx:
            if self.dialect == "postgresql":
                tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield tx

    @staticmethod
    def after_commit(notice: object) -> None:
        """Tell those who listen to the database of this thread's transaction, if it is committed."""
        if _here.notices is not None:
            _here.notices.append(notice)

    def connections(self) -> tuple[int, int]:
        """(connections in use now, how many may be at the same time)."""
        pools = [engine.pool for engine in {id(one): one for one in (self.writer, self.reader)}.values()]
        used = sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))
        return used, sum(_SIZES[self.dialect]) * len(pools)

    def close(self) -> None:
        """Close every pooled connection."""
        self.writer.dispose()
        self.reader.dispose()


@contextmanager
def _turn_of(turn: threading.Lock | None) -> Iterator[None]:
    """The threads of a process take turns to write: while a writer waits, SQLite polls, so one of several threads can starve.

    After TURN seconds a thread waits for the lock without its turn, as for that of another process.
    """
    if turn is None:
        yield
        return
    mine = turn.acquire(timeout=TURN)
    try:
        yield
    finally:
        if mine:
            turn.release()


@contextmanager
def savepoint(tx: Connection) -> Iterator[None]:
    """A part of a transaction that is undone alone where it raises."""
    with tx.begin_nested():
        yield


def asked(url: str, base: Path, question: Callable[[Connection], Answer]) -> Answer | None:
    """One question to a database that is there; None if it is not there, cannot be reached within 3 s or has no tables yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        parsed = parsed.update_query_dict({"connect_timeout": "3"})
    elif not (base / (parsed.database or "")).is_file():
        return None
    database = Database(parsed.render_as_string(hide_password=False), base=base)
    try:
        with database.read() as tx:
            return question(tx)
    except (SQLAlchemyError, Unavailable):
        return None
    finally:
        database.close()


def resolve(url: str, base: Path | None) -> str:
    """The URL with an absolute path for a SQLite file, whose folder is made if it is missing."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return url
    path = modes.path_of(url, base)
    if path is None:
        return url
    modes.prepare(path)
    return parsed.set(database=str(path)).render_as_string(hide_password=False)


@contextmanager
def _told() -> Iterator[None]:
    """A database that cannot be used now, as Unavailable; every other failure as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("database_busy", "no connection came free") from error
    except OperationalError as error:
        cause = error.orig
        if isinstance(cause, sqlite3.Error):
            if cause.sqlite_errorcode & 0xFF not in _SQLITE_HELD:
                raise
            raise Unavailable("database_busy", "the SQLite file is held by another process, or its disk is full") from error
        raise Unavailable("database_busy", f"PostgreSQL: {type(cause).__name__}") from error
    except InternalError as error:
        if getattr(error.orig, "sqlstate", None) != _READ_ONLY:
            raise
        raise Unavailable("database_busy", "PostgreSQL: the server is a standby now") from error
    except sqlite3.OperationalError as error:  # while a connection is opened
        if error.sqlite_errorcode & 0xFF not in _SQLITE_HELD:
            raise
        raise Unavailable("database_busy", "the SQLite file is held by another process, or its disk is full") from error


def _postgresql(url: str) -> Engine:
    asked = {} if "connect_timeout" in make_url(url).query else {"connect_timeout": _AWAY}
    kept, more = _SIZES["postgresql"]
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=kept,
        max_overflow=more,
        pool_timeout=_AWAY,
        connect_args=asked,
        execution_options=_OPTIONS,
    )

    def configure(connection: Any, record: Any) -> None:
        wait = f"SELECT pg_backend_pid(), set_config('lock_timeout', '{BUSY_TIMEOUT_MS}', false)"
        with connection.cursor() as cursor:
            server = cursor.execute(wait).fetchone()[0]
        connection.commit()
        if server != connection.info.backend_pid:  # a pooler is between: the next transaction may be another server process
            connection.prepare_threshold = None
            record.info[_POOLED] = True

    def start(dbapi_connection: Any) -> None:
        if _POOLED in dbapi_connection.info:
            dbapi_connection.execute(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}")

    def leave_standby(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
            context.is_disconnect = True  # every pooled connection leads there: the next ones are new

    event.listen(engine, "connect", configure)
    engine.dialect.do_begin = start  # type: ignore[method-assign]  # as for SQLite below
    event.listen(engine, "handle_error", leave_standby)
    return engine


def _sqlite(url: str, *, begin: str) -> Engine:
    kept, more = _SIZES["sqlite"]
    engine = create_engine(url, pool_size=kept, max_overflow=more, execution_options=_OPTIONS)

    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # a spent code stays spent after a power failure
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    def start(dbapi_connection: Any) -> None:
        dbapi_connection.execute(begin)

    event.listen(engine, "connect", configure)
    # The dialect's own place for it. A listener of "begin" would do as well, but every statement then asks for listeners.
    engine.dialect.do_begin = start  # type: ignore[method-assign]
    return engine
