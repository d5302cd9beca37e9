"""From the bytes of one whole request to the bytes of its answer: gunicorn's parser and its WSGI side, without a socket."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any

from gunicorn.http import RequestParser, errors, wsgi

_log = logging.getLogger("broker.server")
_STATUS: dict[type[Exception], int] = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
}


class Reply:
    """What gunicorn takes for the socket: an answer is collected here, and sent by the loop."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """A part of the answer."""
        self._parts.append(bytes(data))

    def send(self, data: bytes) -> int:
        """An interim answer: the loop has sent it, or the body was there already (RFC 9110 10.1.1)."""
        return len(data)

    def all(self) -> bytes:
        """The whole answer."""
        return b"".join(self._parts)


def answer(
    cfg: Any, application: Any, raw: bytes, client: Any, server: Any, *, is_last: Callable[[], bool]
) -> tuple[bytes, bool]:
    """(the answer, whether the connection may go on). Never raises.

    raw: one whole request. is_last: whether the connection shall end with this answer.
    """
    reply = Reply()
    try:
        parser = RequestParser(cfg, [raw], client)
        request = next(parser)
        response, environ = wsgi.create(request, reply, client, server, cfg)
        environ["wsgi.multithread"] = True
        environ["wsgi.input"] = BytesIO(request.body.read())  # here, where a malformed chunk is the client's error
        body: Iterable[bytes] = application(environ, response.start_response)
        if is_last():
            response.force_close()
        try:
            for item in body:
                response.write(item)
            response.close()
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        is_whole = parser.finish_body() and not parser.unreader.take_buffered()
        return reply.all(), is_whole and not response.should_close()
    except (errors.ParseException, errors.NoMoreData, StopIteration) as error:
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
        refused(client, status, type(error).__name__)
        return plain(status), False
    except Exception as error:  # noqa: BLE001 - the application answers its own errors; this one is before or behind it
        _log.error("request_failed error=%s", _where(error))  # its text may hold values (LP-01)
        return plain(500), False


def refused(client: Any, status: int, kind: str) -> None:
    """Note a request that no page answers; never what stood in it: codes and tickets are part of addresses (FA-23, LP-01)."""
    address = client[0] if isinstance(client, tuple) else "local"
    _log.warning("request_refused status=%d kind=%s from=%s", status, kind, address)


def plain(status: int, text: str = "", *, headers: str = "") -> bytes:
    """A short answer of the server itself; the connection ends with it."""
    said = HTTPStatus(status)
    body = f"{text or said.phrase}\n".encode("ascii")
    head = (
        f"HTTP/1.1 {status} {said.phrase}\r\nDate: {formatdate(usegmt=True)}\r\nConnection: close\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nCache-Control: no-store\r\n"
        f"X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    )
    return head.encode("ascii") + headers.encode("ascii") + b"\r\n" + body


def overloaded() -> bytes:
    """The answer to a request on which no work was done (RFC 9110 10.2.3, 15.6.4)."""
    return plain(503, headers="Retry-After: 5\r\n")


def _where(error: BaseException) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
