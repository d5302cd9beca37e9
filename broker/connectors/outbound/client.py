"""The one outbound client, for metadata, discovery, keys, tokens and logout (HO-16, HW-11).

It sends https requests only and follows no redirect. It resolves a name once, checks every address, and connects to one of the
checked addresses, while TLS verifies the name. A request takes at most ten seconds in all, and the size of a body is limited. No
body is logged.
"""

from __future__ import annotations

import base64
import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import quote_plus, urlencode

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from broker.connectors.outbound.address_policy import HttpFailure, Reach, Target, parse_address, split_url
from broker.connectors.outbound.exchange import HttpResponse, Wanted, exchange
from broker.connectors.outbound.transport import Deadline, Idle, Places, connection_fault

__all__ = ["HttpClient", "HttpFailure", "HttpResponse", "basic_authorization"]

DEADLINE = 10.0  # seconds, in all: name, handshake, answer
MAX_BYTES = 512 * 1024
IN_FLIGHT, IN_ALL = 16, 64  # simultaneous calls to one host and to all, if the number of threads is not given
_HOW = "; network.allow_private_addresses counts where it lists the configured address itself"


def basic_authorization(user: str, password: str) -> str:
    """The value of an Authorization header; both parts are form-encoded first (RFC 6749 2.3.1)."""
    pair = f"{quote_plus(user)}:{quote_plus(password)}".encode("ascii")
    return "Basic " + base64.b64encode(pair).decode("ascii")


def system_addresses(host: str) -> list[str]:
    """Every address of a name, as the system resolves it."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class HttpClient:
    """Sends one request and returns one response, or raises HttpFailure.

    allow: host names, addresses and networks that may be reached although they are private or loopback, also by http:.
    ca_file: a PEM file of certificate authorities that are trusted besides the system's. seconds: the deadline of one request.
    places: the places for calls, which all clients of a process share.
    """

    def __init__(
        self,
        allow: Sequence[str],
        user_agent: str,
        *,
        ca_file: str | None = None,
        seconds: float | None = None,
        places: Places | None = None,
        resolve: Callable[[str], list[str]] = system_addresses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reach = Reach(allow)
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._seconds = DEADLINE if seconds is None else seconds
        self._resolve = resolve
        self._clock = clock
        self._places = places or Places(IN_FLIGHT, IN_ALL)
        self._idle = Idle(clock)
        self._tls: ssl.SSLContext | None = None

    def get(
        self,
        url: str,
        *,
        accept: str,
        max_bytes: int = MAX_BYTES,
        headers: Mapping[str, str] | None = None,
        see_redirect: bool = False,
    ) -> HttpResponse:
        """GET. Raises HttpFailure (`url_not_allowed`, `upstream_unavailable`, `upstream_busy`); any status except a redirect is a response.

        see_redirect: a redirect is returned, too, so that the caller can read its target; it is never followed.
        """
        return self._send("GET", url, None, {"Accept": accept, **(headers or {})}, max_bytes, see_redirect=see_redirect)

    def download(self, url: str, into: BinaryIO, *, accept: str, max_bytes: int, seconds: float) -> int:
        """GET of a large body, which is written to a file as it comes; the status, with nothing written unless it is 200.

        seconds: the deadline of this request. Raises as `get`.
        """
        return self._send("GET", url, None, {"Accept": accept}, max_bytes, into=into, seconds=seconds).status

    def certificate_end(self, url: str) -> int | None:
        """The end of the certificate of an https: URL's host (seconds since 1970); None for http:. Raises as `get`."""
        target = split_url(url)
        if target.scheme == "http":
            return None
        deadline = Deadline(self._clock, self._seconds)
        with self._told(target), self._places.place(target.host):
            connection = self._connection(target, deadline)
            socket_: Any = connection.sock
            try:
                end = ssl.cert_time_to_seconds(socket_.getpeercert()["notAfter"])
            finally:
                connection.close()
        return int(end)

    def post_form(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        accept: str = "application/json",
        max_bytes: int = MAX_BYTES,
    ) -> HttpResponse:
        """POST of a form in UTF-8. Raises as `get`."""
        body = urlencode(fields, errors="replace").encode("ascii")
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.post(url, body, headers=sent, accept=accept, max_bytes=max_bytes)

    def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], accept: str = "*/*", max_bytes: int = MAX_BYTES
    ) -> HttpResponse:
        """POST of a body, whose Content-Type is among the headers. Raises as `get`."""
        return self._send("POST", url, body, {"Accept": accept, **headers}, max_bytes)

    @contextmanager
    def waiting(self, url: str) -> Iterator[None]:
        """A place for a thread that waits for another thread's call to this URL. Raises HttpFailure(upstream_busy)."""
        with self._places.place(split_url(url).host):
            yield

    def check_url(self, url: str) -> None:
        """Raises HttpFailure if a request to `url` would be refused before the first packet, or its name has no address."""
        self._addresses(split_url(url), Deadline(self._clock, self._seconds))

    def allows_plain(self, url: str) -> bool:
        """Whether this http: URL points at a host that `network.allow_private_addresses` lists."""
        try:
            self.check_url(url)
        except HttpFailure:
            return False
        return True

    def close(self) -> None:
        """Close the idle connections."""
        self._idle.close()

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        max_bytes: int,
        *,
        see_redirect: bool = False,
        into: BinaryIO | None = None,
        seconds: float | None = None,
    ) -> HttpResponse:
        target = split_url(url)
        deadline = Deadline(self._clock, self._seconds if seconds is None else seconds)
        headers |= {"Host": target.authority, "User-Agent": self._user_agent, "Accept-Encoding": "identity"}
        with self._told(target), self._places.place(target.host):
            connection = self._connection(target, deadline)
            try:
                wanted = Wanted(max_bytes, see_redirect=see_redirect, into=into)
                answer = exchange(connection, method, target.path, body, headers, deadline, wanted)
            except BaseException:
                connection.close()
                raise
            if connection.sock is not None:
                self._idle.keep(target, connection)
            return answer

    @contextmanager
    def _told(self, target: Target) -> Iterator[None]:
        """Any failure of the network as HttpFailure, with the host and without text of the server."""
        try:
            yield
        except (NewConnectionError, ConnectionError) as error:  # before its parent ConnectTimeoutError: nothing ran out (FC-08)
            said = f"{target.host}, port {target.port}: {connection_fault(error)}"
            raise HttpFailure("upstream_unavailable", said) from error
        except (TimeoutError, ReadTimeoutError, ConnectTimeoutError) as error:
            raise HttpFailure("upstream_unavailable", f"no whole answer from {target.host} in {self._seconds:g} s") from error
        except ssl.SSLCertVerificationError as error:
            said = f"the certificate of {target.host} is not accepted: {error.verify_message}"
            raise HttpFailure("upstream_unavailable", said) from error
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            raise HttpFailure("upstream_unavailable", f"{target.host}: {type(error).__name__}") from error

    def _connection(self, target: Target, deadline: Deadline) -> HTTPConnection:
        """An idle connection, or a new one to the first checked address that answers."""
        waiting = self._idle.take(target)
        if waiting is not None:
            waiting.timeout = deadline.left()
            return waiting
        addresses = self._addresses(target, deadline)
        last: Exception | None = None
        for index, address in enumerate(addresses):
            connection = self._open(target, address)
            connection.timeout = deadline.left() / (len(addresses) - index)
            try:
                connection.connect()
            except ssl.SSLError:
                connection.close()
                raise
            except (HTTPError, OSError) as error:
                connection.close()
                last = error
            else:
                return connection
        raise last or OSError("no address")

    def _open(self, target: Target, address: str) -> HTTPConnection:
        """Connect to the checked address; TLS verifies the requested name."""
        if target.scheme == "http":
            return HTTPConnection(address, target.port)
        if self._tls is None:
            context = ssl.create_default_context()
            if self._ca_file is not None:
                context.load_verify_locations(self._ca_file)
            self._tls = context
        return HTTPSConnection(address, target.port, ssl_context=self._tls, server_hostname=target.host)

    def _addresses(self, target: Target, deadline: Deadline) -> list[str]:
        """The addresses of the host, all checked: one that is not allowed refuses the name (HO-16)."""
        found = [target.host] if parse_address(target.host) else self._look_up(target.host, deadline)
        if not all(self._reach.may_connect(target, address) for address in found):
            raise HttpFailure("url_not_allowed", f"{target.host} is at an address that is not public{_HOW}")
        if target.scheme == "http" and not all(self._reach.is_listed(target, address) for address in found):
            raise HttpFailure("url_not_allowed", f"http: to {target.host}, which is not listed{_HOW}")
        return found

    def _look_up(self, host: str, deadline: Deadline) -> list[str]:
        """Resolve the name in a thread of its own, because the system's resolver has no deadline."""
        answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(host))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            answer = answers.get(timeout=deadline.left())
        except (queue.Empty, TimeoutError) as error:
            raise HttpFailure("upstream_unavailable", f"the name {host} was not resolved in time") from error
        if isinstance(answer, Exception) or not answer:
            raise HttpFailure("upstream_unavailable", f"the name {host} has no address")
        return answer
