"""`/healthz` from outside the threads: the application's own answer, asked for once, sent by the loop at once (FA-01, FA-29)."""

from __future__ import annotations

import sys
from email.utils import formatdate
from io import BytesIO
from typing import Any

PATH = "/healthz"


class HealthAnswer:
    """Knows a request for it, and the answer."""

    def __init__(self, application: Any, prefixes: list[str]) -> None:
        """application: of WSGI. prefixes: paths below which it answers, "" for the root."""
        self._heads = tuple(
            f"{method} {prefix}{PATH} HTTP/1.{minor}\r\n".encode("ascii")
            for method in ("GET", "HEAD")
            for prefix in prefixes
            for minor in (0, 1)
        )
        said: list[tuple[str, list[tuple[str, str]]]] = []
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": PATH, "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }  # fmt: skip
        self._body = b"".join(application(environ, lambda status, headers, _exc=None: said.append((status, headers))))
        status, headers = said[0]
        self._head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)

    def is_asked(self, head: bytes) -> bool:
        """Whether this is a request for it and nothing more."""
        return head.startswith(self._heads)

    def answer(self, head: bytes, *, is_last: bool) -> bytes:
        """The bytes to send."""
        connection = "close" if is_last else "keep-alive"
        said = f"{self._head}Date: {formatdate(usegmt=True)}\r\nConnection: {connection}\r\n\r\n".encode("latin-1")
        return said if head.startswith(b"HEAD ") else said + self._body
