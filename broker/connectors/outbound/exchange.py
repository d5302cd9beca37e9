"""One request over an open connection, and its answer: never a redirect that was not asked for, never more than the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from urllib3.connection import HTTPConnection
from urllib3.response import BaseHTTPResponse

from broker.connectors.outbound.address_policy import HttpFailure
from broker.connectors.outbound.transport import Deadline, timed_response

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response. headers: names in lower case. body: as sent, without content encoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """max_bytes: of the body. see_redirect: a redirect is an answer. into: takes the body of a 200 instead of memory."""

    max_bytes: int
    see_redirect: bool = False
    into: BinaryIO | None = None


def exchange(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
    deadline: Deadline,
    wanted: Wanted,
) -> HttpResponse:
    """Send a request over a connection, and read its whole answer. Raises HttpFailure, TimeoutError and errors of the network."""
    connection.response_class = timed_response(deadline)  # type: ignore[assignment]  # http.client only calls it
    connection.timeout = deadline.left()
    connection.request(method, path, body=body, headers=headers, preload_content=False, decode_content=False)
    response = connection.getresponse()
    try:
        content = _content(response, wanted)
    except BaseException:
        response.close()
        raise
    kept = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(response.status, kept, content)


def _content(response: BaseHTTPResponse, wanted: Wanted) -> bytes:
    if 300 <= response.status < 400 and not wanted.see_redirect:
        raise HttpFailure("url_not_allowed", "the answer is a redirect, and redirects are not followed")  # SM-07
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise HttpFailure("upstream_unavailable", "the answer is compressed although that was not accepted")
    parts: list[bytes] = []
    size = 0
    while chunk := response.read(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > wanted.max_bytes:
            raise HttpFailure("upstream_unavailable", f"the answer is larger than {wanted.max_bytes} bytes")
        if wanted.into is None:
            parts.append(chunk)
        elif response.status == 200:
            wanted.into.write(chunk)
    return b"".join(parts)
