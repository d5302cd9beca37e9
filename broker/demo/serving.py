"""A WSGI application on a loopback address of its own, in a thread of this process."""

from __future__ import annotations

import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

FIXED_PORTS = (10_240, 32_768)  # first and end: Linux and IANA give any port from 32768 or 49152 on
_PATIENCE = 5.0  # seconds for what is being answered when a server closes


class PortTaken(Exception):
    """Somebody else listens there. The text is one line for a person."""


class _Quiet(WSGIRequestHandler):
    """No access log: tokens of query strings do not belong in a terminal."""

    protocol_version = "HTTP/1.0"  # one connection a request: nothing is left open at the end

    def send_response(self, code: int, message: str | None = None) -> None:
        """The status line alone: Server and Date are the application's to say."""
        self.send_response_only(code, message)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


class _Server(ThreadedWSGIServer):
    """Answers each request in a thread of its own, and can wait for those that are under way."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, _not_yet, handler=_Quiet)
        self._answering: list[threading.Thread] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of one request."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._answering = [other for other in self._answering if other.is_alive()] + [thread]
        thread.start()

    def finish(self) -> None:
        """Wait for what is being answered, within limits: it may use what the caller closes next."""
        end = time.monotonic() + _PATIENCE
        for thread in self._answering:
            thread.join(max(0.0, end - time.monotonic()))


class LoopbackServer:
    """Binds at once (so that the port is known, also when 0 was asked for), answers after `start`.

    Raises PortTaken. `address` is "http://HOST:PORT"; `close` ends the thread.
    """

    def __init__(self, host: str, port: int = 0) -> None:
        check_free(host, port)
        self._server = _Server(host, port)
        self._thread: threading.Thread | None = None
        self._end, self._ended = socket.socketpair()
        self.host, self.port = host, self._server.server_port
        self.address = f"http://{host}:{self.port}"

    def start(self, app: Callable[..., Iterable[bytes]]) -> LoopbackServer:
        """Answer with `app` from now on."""
        self.replace(app)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def _serve(self) -> None:
        """Until `close`, which the second socket reports at once: the library's own loop looks for its end now and then."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._server, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while not any(key.fileobj is self._ended for key, _ in selector.select()):
                self._server.handle_request()

    def replace(self, app: Callable[..., Iterable[bytes]]) -> None:
        """Answer with another application from the next request on."""
        self._server.app = app

    def close(self) -> None:
        """Stop listening and wait for what is being answered, for five seconds at most."""
        if self._thread is not None:
            self._end.send(b"x")
            self._thread.join(5)
            self._thread = None
        self._server.finish()
        self._server.server_close()
        self._end.close()
        self._ended.close()


def at_first_request(make: Callable[[], Callable[..., Iterable[bytes]]]) -> Callable[..., Iterable[bytes]]:
    """An application that is made when the first request comes: many tests never send one."""
    lock, made = threading.Lock(), list[Callable[..., Iterable[bytes]]]()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with lock:
            if not made:
                made.append(make())
        return made[0](environ, start_response)

    return answer


def check_free(host: str, port: int) -> None:
    """Raise PortTaken when `port` (0 never) of `host` cannot be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = f"port {port} of {host} cannot be used ({error.strerror})"
            raise PortTaken(f"{why}: stop what listens there, or choose another with --port") from None


def free_port(host: str = "127.0.0.1") -> int:
    """
    Return a port of `host` that nobody uses at this moment.

    It lies below the ports that the system gives to connections and to port 0: none of those takes it before its server starts.

    host: an IPv4 address of this machine.
    Raises: PortTaken when a hundred ports in a row are in use.
    """
    chance = secrets.SystemRandom()
    for _ in range(100):
        port = chance.randrange(*FIXED_PORTS)
        try:
            check_free(host, port)
        except PortTaken:
            continue
        return port
    raise PortTaken(f"no free port of {host} was found: stop what listens there, or choose one with --port")


def _not_yet(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
    return [b"starting\n"]
