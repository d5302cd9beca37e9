"""Where a request ends, however its bytes come (RFC 9112 6)."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.server.connection import Connection
from broker.server.framing import HEAD, LINE, Frame, Framing, Refused

HOST = b"Host: localhost\r\n"
PLAIN = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
LENGTH = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nabcde"
CHUNKS = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n"
BARE = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


def limit(_line: bytes) -> int:
    """Of every body."""
    return 1000


def fed(data: bytes, cuts: list[int]) -> tuple[Frame | None, bytearray]:
    """What comes of the bytes in pieces."""
    framing, held = Framing(limit), bytearray()
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    start = 0
    for end in ends:
        held += data[start:end]
        start = end
        frame = framing.feed(held)
        if frame is not None:
            return frame, held + data[end:]
    return None, held


@pytest.mark.parametrize("request_", [PLAIN, LENGTH, CHUNKS, BARE, b"\r\n\r\n" + PLAIN])
@given(cuts=st.lists(st.integers(0, 200), max_size=20), following=st.sampled_from([b"", b"GET", LENGTH]))
def test_pieces_make_no_difference(request_: bytes, cuts: list[int], following: bytes) -> None:
    """A request has the same end in whatever pieces it comes, and what follows is not touched."""
    frame, held = fed(request_ + following, cuts)
    assert frame is not None
    assert bytes(held[frame.size :]) == following
    assert bytes(held[: frame.size]) == request_.lstrip(b"\r\n")


@pytest.mark.parametrize("request_", [PLAIN, LENGTH, CHUNKS, BARE])
def test_nothing_is_whole_before_its_end(request_: bytes) -> None:
    """Every beginning of a request is none."""
    for end in range(len(request_)):
        assert fed(request_[:end], [])[0] is None, request_[:end]


def judged(data: bytearray) -> tuple[int, Frame | None]:
    """The status of a refusal or 0, and the frame."""
    try:
        return 0, Framing(limit).feed(data)
    except Refused as error:
        return error.status, None


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_frame_a_refusal_or_a_wait(data: bytes) -> None:
    """HP-11: no bytes raise anything else, and a frame is never larger than what came."""
    held = bytearray(b"POST / HTTP/1.1\r\n" + data)
    status, frame = judged(held)
    assert status in (0, 400, 413, 414, 431)
    assert frame is None or frame.size <= len(held)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"G" * (LINE + 1), 414),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD, 431),
        (BARE.replace(b"0\r\n\r\n", b"-1\r\n"), 400),
        (BARE.replace(b"0\r\n\r\n", b"3e9\r\n"), 413),
        (BARE.replace(b"0\r\n\r\n", b"1" * 2000), 400),
    ],
)
def test_what_is_refused_while_it_comes(data: bytes, status: int) -> None:
    """FA-11: each part has an end."""
    with pytest.raises(Refused) as caught:
        Framing(limit).feed(bytearray(data))
    assert caught.value.status == status


def test_who_is_asked_to_go_on() -> None:
    """RFC 9110 10.1.1: only where a body is to come, and only of HTTP/1.1."""
    head = LENGTH.replace(b"\r\n\r\nabcde", b"\r\nExpect: 100-Continue\r\n\r\n")
    for data, wants in ((head, True), (head.replace(b"1.1", b"1.0"), False), (head.replace(b": 5", b": 5000"), False)):
        framing = Framing(limit)
        framing.feed(bytearray(data))
        assert framing.wants_continue == wants


def test_fa_01_empty_lines_are_no_life() -> None:
    """FA-01, RFC 9112 2.2: a few empty lines may stand before a request; a stream of them is refused."""
    assert judged(bytearray(b"\r\n" * 4 + PLAIN)) == (0, Frame(len(PLAIN), len(PLAIN), is_last=False))
    assert judged(bytearray(b"\r\n" * 5)) == (400, None)
    framing, held = Framing(limit), bytearray()
    for _ in range(4):
        held += b"\r\n"
        assert framing.feed(held) is None
    held += b"\r\n"
    with pytest.raises(Refused):
        framing.feed(held)


def test_fa_01_one_deadline_from_the_first_byte() -> None:
    """FA-01: bytes that come later move no deadline, also where those before them were empty lines that are gone."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, ("127.0.0.1", 1), ("127.0.0.1", 2), limit, until=10.0)
        for until in (20.0, 24.0, 28.0):
            connection.received(b"\r\n", until)
            assert connection.framing.feed(connection.data) is None
            assert connection.until == 20.0
        connection.received(PLAIN + LENGTH[:9], 32.0)
        assert connection.until == 20.0
        connection.take(len(PLAIN))
        connection.until = 40.0  # of the loop, for the rest of the second request
        connection.received(LENGTH[9:], 44.0)
        assert connection.until == 40.0
        connection.take(len(LENGTH))
        connection.received(PLAIN, 50.0)
        assert connection.until == 50.0
