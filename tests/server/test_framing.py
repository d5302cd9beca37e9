"""Where a request ends, however its bytes come (RFC 9112 6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
