"""The edge of the server, attacked over real sockets: FA-01, FA-11, FA-22, FA-23 (HW-8)."""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack

from tests.attacks.wire import dial, get, lives, receive, send
from tests.cli.conftest import Serving

POST = b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ngrant"


def crowd(stack: ExitStack, port: int, data: bytes, count: int) -> list[socket.socket]:
    """So many connections that have sent the same."""
    found = [stack.enter_context(dial(port)) for _ in range(count)]
    for sock in found:
        sock.sendall(data)
    return found


def test_fa_01_half_sent_requests_hold_no_thread(small: Serving) -> None:
    """FA-01: half heads, half bodies and silence by the hundred: everybody else is served, and the half-sent end in 408."""
    began = time.monotonic()
    with ExitStack() as stack:
        heads = crowd(stack, small.port, b"GET /healthz HTTP/1.1\r\nHost: lo", 100)
        bodies = crowd(stack, small.port, POST, 100)
        chunks = crowd(
            stack,
            small.port,
            POST.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked").replace(b"grant", b"5\r\ngr"),
            50,
        )
        crowd(stack, small.port, b"", 100)
        assert lives(small.port)
        assert get(small.port, "/.well-known/openid-configuration").status == 200
        drip = stack.enter_context(dial(small.port))
        drip.sendall(b"GET /")
        ends: list[float] = []
        while time.monotonic() - began < 30 and not ends:
            try:
                drip.sendall(b"x")
                time.sleep(0.5)
            except ConnectionError:
                ends.append(time.monotonic() - began)
        assert ends  # a byte now and then does not move the deadline
        for sock in (heads[0], bodies[0], chunks[0]):
            answer = receive(sock)
            assert answer.status == 408
            assert "Connection: close" in answer.head
        assert lives(small.port)


def test_fa_01_more_connections_than_there_is_room_for(small: Serving) -> None:
    """FA-01: more half-sent requests than a process holds: the oldest go, and a newcomer is answered at once."""
    with ExitStack() as stack:
        first = crowd(stack, small.port, b"GET / HT", 200)
        crowd(stack, small.port, b"GET / HT", 900)
        assert lives(small.port)
        assert receive(first[0]).raw == b""
        assert get(small.port, "/.well-known/openid-configuration").status == 200


def test_fa_01_answers_that_nobody_reads_hold_no_thread(small: Serving) -> None:
    """FA-01: hundreds of requests for the largest file on connections that read nothing: no thread waits for them."""
    page = get(small.port, "/missing").body
    style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert style
    ask = f"GET {style} HTTP/1.1\r\nHost: localhost:{small.port}\r\n\r\n".encode()
    with ExitStack() as stack:
        readers = [stack.enter_context(socket.socket()) for _ in range(20)]
        for sock in readers:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", small.port))
            sock.sendall(ask * 100)
        for sock in readers:
            assert select.select([sock], [], [], 10)[0]  # the first answer has begun to come
        assert lives(small.port)
        assert get(small.port, "/.well-known/openid-configuration").status == 200


def test_fa_11_an_endless_request_line(small: Serving) -> None:
    """FA-11: 10 MiB of address are refused after 32 KiB; from 16 KiB the refusal is a page."""
    answer = send(small.port, b"GET /" + b"a" * (10 * 1024 * 1024) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.status in (414, 0)  # 0: the answer was lost because the sender does not stop
    assert answer.seconds < 5
    with dial(small.port) as sock:
        sock.sendall(b"GET /" + b"a" * (33 * 1024))
        assert receive(sock).status == 414
    answer = get(small.port, "/" + "a" * (17 * 1024))
    assert answer.status == 414
    assert 'data-error="bad_request"' in answer.body
    assert lives(small.port)


def test_fa_11_endless_headers_and_chunks(small: Serving) -> None:
    """FA-11, the same kind: headers, trailers, chunk sizes and bodies have an end, too."""
    start = b"POST /token HTTP/1.1\r\nHost: localhost\r\n"
    endless = {
        b"X: " + b"a" * 200_000: 431,
        b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"a" * 5_000: 400,
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a" * 20_000: 431,
        b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 3_000: 413,
        b"Transfer-Encoding: chunked\r\n\r\n" + b"fffffff\r\n": 413,
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n": 400,
    }
    for tail, status in endless.items():
        assert send(small.port, start + tail).status == status, tail[:60]


def test_fa_22_no_header_names_the_script(small: Serving) -> None:
    """FA-22: SCRIPT_NAME and PATH_INFO headers, and a forwarded scheme, are nobody's word, not even loopback's."""
    for header in (
        "SCRIPT_NAME: /wrong",
        "PATH_INFO: /wrong",
        "SCRIPT_NAME: /.well-known",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Ssl: on",
    ):
        answer = get(small.port, "/.well-known/openid-configuration", header)
        assert answer.status == 200, header
        assert f'"issuer":"http://localhost:{small.port}"' in answer.body.replace(" ", "")
    assert get(small.port, "/healthz", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off").status == 200


def test_fa_23_the_log_of_refused_requests_holds_nothing_of_them(small: Serving) -> None:
    """FA-23: a request line that cannot be read is noted without what stood in it."""
    lines = [
        b"GET /oidc/fabrikam/callback?code=S3CRET-code&state=S3CRET-state\x00 HTTP/1.1",
        b"GET /invitation?ticket=S3CRET-ticket HTTP/9.9",
        b"S3CRET?method /invitation?ticket=S3CRET HTTP/1.1",
        b"GET /invitation?ticket=S3CRET",
        b"GET /invitation?ticket=S3CRET HTTP/1.1\r\nHost: localhost\r\nS3CRET header: x",
        b"GET /invitation?ticket=S3CRET HTTP/1.1\r\nHost: localhost\r\nContent-Length: S3CRET",
        b"GET /invitation?ticket=S3CRET HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: S3CRET",
        b"GET /invitation?ticket=S3CRET HTTP/1.1\r\nHost: localhost\r\nExpect: S3CRET",
    ]
    for line in lines:
        answer = send(small.port, line + b"\r\n\r\n")
        assert 400 <= answer.status < 502, line
        assert b"S3CRET" not in answer.raw
    assert "request_refused status=400" in small.log()
    assert "S3CRET" not in small.log()


def test_two_readings_of_one_request_are_none(small: Serving) -> None:
    """Request smuggling: what says its length in two ways is refused, and what follows it is not read."""
    start = b"POST /token HTTP/1.1\r\nHost: localhost\r\n"
    hidden = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for framing in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        b"Content-Length: +5\r\n\r\nabcde",
        b"Content-Length: 5, 5\r\n\r\nabcde",
        b"Content-Length : 5\r\n\r\nabcde",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: a\r\n Content-Length: 5\r\n\r\nabcde",
        b"X: a\nContent-Length: 5\r\n\r\nabcde",
        b"X: a\rContent-Length: 5\r\n\r\nabcde",
    ):
        answer = send(small.port, start + framing + hidden)
        assert answer.raw.count(b"HTTP/1.1 ") == 1, framing
        assert answer.status in (400, 501), framing
        assert b"\r\n\r\nok\n" not in answer.raw
