"""An end of TLS before a server that speaks none, with a certificate of a test authority."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker.demo.serving import free_port
from tests.connectors.tls import certificates


@dataclass(frozen=True)
class Front:
    """address: https. authority: the file that whoever trusts it needs."""

    address: str
    authority: Path

    def trusting(self) -> ssl.SSLContext:
        """What a browser needs whose owner trusts the authority."""
        return ssl.create_default_context(cafile=str(self.authority))


@contextmanager
def tls_front(folder: Path, host: str, to: int, *names: str, behind: str = "", hours: int = 1) -> Iterator[Front]:
    """Until the end of the block: https at another port of `host`, for the server at port `to`. names: that its certificate has, too.

    behind: the address of that server, if it is not `host`.
    """
    authority, chain = certificates(folder, host, *names, hours=hours)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    port = free_port(host)
    with socket.create_server((host, port)) as listening:
        threading.Thread(target=_serve, args=(listening, context, (behind or host, to)), daemon=True).start()
        try:
            yield Front(f"https://{host}:{port}", authority)
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, context: ssl.SSLContext, to: tuple[str, int]) -> None:
    while True:
        try:
            plain, _ = listening.accept()
        except OSError:
            return  # the block has ended
        threading.Thread(target=_one, args=(plain, context, to), daemon=True).start()


def _one(plain: socket.socket, context: ssl.SSLContext, to: tuple[str, int]) -> None:
    """One connection, one request: the server behind is asked to close when it has answered."""
    try:
        with context.wrap_socket(plain, server_side=True) as outside, socket.create_connection(to, timeout=30) as inside:
            outside.settimeout(30)
            head, _, rest = _until_blank_line(outside)
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            length = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0)
            while len(rest) < length:
                rest += _more(outside)
            inside.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + rest)
            while data := inside.recv(65_536):
                outside.sendall(data)
    except OSError:
        return  # one side went away, or does not trust the authority


def _until_blank_line(outside: ssl.SSLSocket) -> tuple[bytes, bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(outside)
    return data.partition(b"\r\n\r\n")


def _more(outside: ssl.SSLSocket) -> bytes:
    data = outside.recv(65_536)
    if not data:
        raise ConnectionError("ended before the request did")
    return data
