"""RX-08: more requests than the server can answer: it refuses before work is done, finishes what it began, and recovers at once."""

from __future__ import annotations

import json
import select
from contextlib import ExitStack
from pathlib import Path

from tests.attacks.test_fa_29_held_database import application, authorize, held
from tests.attacks.wire import dial, get, lives, receive
from tests.cli.conftest import make_home, serve

CROWD = 300  # 2 threads work, 200 requests wait


def test_rx_08_a_server_that_cannot_keep_up(tmp_path: Path, sqlite_url: str) -> None:
    """RX-08: a hundred sign-ins too many get 503 at once, those that waited for 5 s get it without work; then all goes on."""
    home = make_home(tmp_path, sqlite_url)
    application(home)
    with serve(home, "--workers", "1", "--threads", "2", "--log-format", "json") as serving, ExitStack() as stack:
        path = authorize(serving)
        ask = f"GET {path} HTTP/1.1\r\nHost: localhost:{serving.port}\r\nConnection: close\r\n\r\n".encode()
        with held(tmp_path / "var" / "broker.db"):  # a thread waits for it about as long as a request waits for a thread
            crowd = [stack.enter_context(dial(serving.port)) for _ in range(CROWD)]
            for sock in crowd:
                sock.sendall(ask)
            assert select.select([crowd[-1]], [], [], 20)[0]
            answers = [receive(crowd.pop())]
            assert "Service Unavailable" in answers[0].body  # nobody who waits is answered yet, or few are
            assert lives(serving.port)
            answers += [receive(sock) for sock in crowd]
        assert get(serving.port, path).status == 303, serving.log()
        shed = serving.figure("broker_requests_shed_total")
        lines = [json.loads(line) for line in serving.log().splitlines()]  # nothing but objects, from the start on
    assert {line["event"] for line in lines} >= {"serve.start", "page_error", "request_refused"}
    assert all(line["request_id"] and line["reason"] == "database_busy" for line in lines if line["event"] == "page_error")
    assert len(answers) == CROWD
    assert {answer.status for answer in answers} == {503}
    assert all("Retry-After: 5" in answer.head for answer in answers)
    worked = [answer for answer in answers if 'data-error="server_error"' in answer.body]
    assert 2 <= len(worked) < CROWD // 4
    assert shed == CROWD - len(worked)
