"""A process that serves: one loop reads requests and sends answers, threads work on whole requests only (decision 0014).

Nobody who sends slowly, half or not at all, and nobody who reads a response slowly, holds a thread. `/healthz` is answered by the
loop itself.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from gunicorn.workers import base

from broker.server.connection import Connection, State
from broker.server.exchange import answer, overloaded, plain, refused
from broker.server.framing import Refused
from broker.server.limits import ANSWER, ENDING, HELD, KEEP, LEAVING, PATIENCE, QUIET, REQUEST, WAITING, room
from broker.server.pool import Pool

_TURN = 0.5  # seconds between two looks at the deadlines
_SIGN_OF_LIFE = 1.0  # seconds; the master waits for `timeout`
_PIECE = 64 * 1024

_log = logging.getLogger("broker.server")

Job = tuple[Connection, bytes, bool, float]  # a whole request, whether it is the last, and since when it waits


class Worker(base.Worker):  # type: ignore[misc]  # gunicorn has no types
    """A process that serves. SIGHUP: look at the files now."""

    alive: bool
    _told = 0.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.page: int | None = self.app.page  # of the board, for the figures of this worker; the master asks for it

    def notify(self) -> None:
        """Tell the master that this worker lives: now and then, not several times a request."""
        now = time.monotonic()
        if now - self._told >= _SIGN_OF_LIFE:
            self._told = now
            super().notify()
            working = sum(one.state is State.WORKING for one in self._open)
            self._measured.now(connections=len(self._open), working=working, waiting=self._pool.waiting)

    def init_signals(self) -> None:
        """As gunicorn does, without a moment in which SIGHUP would end the process."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        super().init_signals()
        signal.signal(signal.SIGHUP, lambda *_: self.app.wake.put(None))
        signal.siginterrupt(signal.SIGHUP, False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    # --- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until a signal says stop, then finish the requests that were begun."""
        self._poller = selectors.DefaultSelector()
        self._open: set[Connection] = set()
        self._done: SimpleQueue[tuple[Connection, bool, bool]] = SimpleQueue()
        self._room = room()
        self._looked = 0.0
        self._health, self._body_limit, self._measured = self.app.health, self.app.body_limit, self.app.measured
        self._pool: Pool[Job] = Pool(self.cfg.threads, self._work)
        self._poller.register(self.PIPE[0], selectors.EVENT_READ, self._woken)  # signals and threads write into it
        for listener in self.sockets:
            listener.setblocking(False)
            self._poller.register(listener, selectors.EVENT_READ, self._accept)
        while self.alive:
            self._turn()
            if self.ppid != os.getppid():
                self.alive = False
        self._leave()

    def _turn(self) -> None:
        self.notify()
        for key, events in self._poller.select(_TURN):
            if isinstance(key.data, Connection):
                self._guarded(key.data, partial(self._ready, key.data, events))
            else:
                key.data(key.fileobj)
        now = time.monotonic()
        if now - self._looked >= _TURN:
            self._looked = now
            for connection in [one for one in self._open if one.state is not State.WORKING and one.until <= now]:
                self._guarded(connection, partial(self._over, connection))

    def _leave(self) -> None:
        """No new connection; requests that were begun are answered, kept connections end after a moment."""
        for listener in self.sockets:
            self._poller.unregister(listener)
            listener.close()
        now = time.monotonic()
        end = now + self.cfg.graceful_timeout
        for connection in self._open:
            if connection.state is State.READING and not connection.data:
                connection.until = min(connection.until, now + LEAVING)
        while self._open and time.monotonic() < end:
            self._turn()

    def _guarded(self, connection: Connection, work: Callable[[], None]) -> None:
        """Whatever goes wrong with one connection ends this one alone."""
        try:
            work()
        except OSError:
            self._drop(connection)
        except Exception as error:  # noqa: BLE001 - the process serves everybody else
            _log.error("connection_failed error=%s", type(error).__name__)
            self._drop(connection)

    def _ready(self, connection: Connection, events: int) -> None:
        """Its socket has bytes, or room for some."""
        if connection not in self._open:
            return  # another's event of the same turn has ended it
        if events & selectors.EVENT_READ:
            self._readable(connection)
        elif connection.flush():
            self._sent(connection)

    def _woken(self, fd: int) -> None:
        """A signal came, or a thread is done."""
        try:
            os.read(fd, 4096)
        except BlockingIOError:
            return
        while True:
            try:
                connection, is_sent, keep = self._done.get_nowait()
            except Empty:
                return
            self._guarded(connection, partial(self._worked, connection, is_sent=is_sent, keep=keep))

    def _worked(self, connection: Connection, *, is_sent: bool, keep: bool) -> None:
        """A thread has answered; what the socket did not take is to be sent."""
        connection.keep = keep
        connection.until = time.monotonic() + ANSWER
        if is_sent:
            self._sent(connection)
        else:
            self._watch(connection, State.WRITING, selectors.EVENT_WRITE)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(32):
            try:
                sock, client = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no file is left for it
                self._make_room()
                return
            if len(self._open) >= self._room:
                self._make_room()
            sock.setblocking(False)
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, client, listener.getsockname(), self._body_limit, time.monotonic() + QUIET)
            self._open.add(connection)
            self._poller.register(sock, selectors.EVENT_READ, connection)
            self._guarded(connection, partial(self._readable, connection))

    def _make_room(self) -> None:
        """The one that has kept us waiting longest goes."""
        waiting = [one for one in self._open if one.state is not State.WORKING]
        if waiting:
            self._drop(min(waiting, key=lambda one: one.since))

    def _readable(self, connection: Connection) -> None:
        try:
            some = connection.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        if not some:
            self._drop(connection)
        elif connection.state is State.READING:
            connection.received(some, time.monotonic() + REQUEST)
            self._advance(connection)

    def _advance(self, connection: Connection) -> None:
        """Hand over the request that is whole, or go on reading."""
        while connection.state is State.READING:
            try:
                frame = connection.framing.feed(connection.data)
            except Refused as error:
                self._refuse(connection, error.status)
                return
            if frame is None:
                self._wait(connection)
                return
            connection.keep = self.alive and not frame.is_last
            if frame.size == frame.head and self._health.is_asked(connection.data):
                head = connection.take(frame.size)
                connection.since = connection.until = time.monotonic() + ANSWER
                if not connection.send(self._health.answer(head, is_last=not connection.keep)):
                    self._watch(connection, State.WRITING, selectors.EVENT_WRITE)
                    return
                self._next(connection)
            elif self._pool.waiting >= WAITING:
                self._refuse(connection, 503)
            else:
                self._poller.unregister(connection.sock)
                connection.state = State.WORKING
                self._pool.put((connection, connection.take(frame.size), frame.is_last, time.monotonic()))

    def _wait(self, connection: Connection) -> None:
        """The rest of a request is to come."""
        if connection.framing.wants_continue:
            connection.framing.wants_continue = False
            connection.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(connection.data) >= _PIECE and sum(len(one.data) for one in self._open) > HELD:
            self._make_room()

    # --- working, in a thread -----------------------------------------------------------------------------------------

    def _work(self, job: Job) -> None:
        """Answer, and send what the socket takes at once; the loop does the rest."""
        connection, raw, is_last, since = job
        client, server, said, keep = connection.client, connection.server, overloaded(), False
        late = time.monotonic() - since > PATIENCE
        if not late:
            said, keep = answer(self.cfg, self.wsgi, raw, client, server, is_last=lambda: is_last or not self.alive)
        self._measured.response(said, shed=late)
        try:
            is_sent = connection.send(said)
        except OSError:
            is_sent, keep = True, False
        self._done.put((connection, is_sent, keep))
        try:
            os.write(self.PIPE[1], b"\0")
        except BlockingIOError:
            return  # the pipe is full: the loop is woken already

    # --- sending and ending -------------------------------------------------------------------------------------------

    def _sent(self, connection: Connection) -> None:
        """The answer has left: the next request, or the end."""
        self._next(connection)
        if connection.state is State.READING:
            self._advance(connection)

    def _next(self, connection: Connection) -> None:
        now = time.monotonic()
        if not connection.keep:
            self._end(connection)
            return
        connection.since = connection.until = now + (REQUEST if connection.data else KEEP if self.alive else LEAVING)
        if connection.state is not State.READING:
            self._watch(connection, State.READING, selectors.EVENT_READ)

    def _refuse(self, connection: Connection, status: int) -> None:
        """The server's own short answer, and the end."""
        refused(connection.client, status, "framing")
        connection.data.clear()
        connection.keep = False
        connection.until = time.monotonic() + ENDING
        said = overloaded() if status == 503 else plain(status)
        self._measured.response(said, shed=status == 503)
        if connection.send(said):
            self._end(connection)
        else:
            self._watch(connection, State.WRITING, selectors.EVENT_WRITE)

    def _over(self, connection: Connection) -> None:
        """The deadline has passed."""
        if connection.state is State.READING and connection.data:
            self._refuse(connection, 408)
        else:
            self._drop(connection)

    def _end(self, connection: Connection) -> None:
        """Nothing more from here: let the other end close, else what it still sends would destroy the answer."""
        connection.until = time.monotonic() + ENDING
        connection.end()
        self._watch(connection, State.ENDING, selectors.EVENT_READ)

    def _watch(self, connection: Connection, state: State, events: int) -> None:
        if connection.state is State.WORKING:
            self._poller.register(connection.sock, events, connection)
        else:
            self._poller.modify(connection.sock, events, connection)
        connection.state = state

    def _drop(self, connection: Connection) -> None:
        """Close, whatever it was doing."""
        if connection in self._open:
            self._open.discard(connection)
            if connection.state is not State.WORKING:
                self._poller.unregister(connection.sock)
            connection.sock.close()
