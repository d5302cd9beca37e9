"""FA-29: a SQLite file that another process holds: an honest page within five seconds, and /healthz at once."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.wire import Answer, get, lives, send
from tests.cli.conftest import Serving, make_home, serve


@contextmanager
def held(path: Path) -> Iterator[None]:
    """As VACUUM or a careless backup holds it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def application(home: Path) -> None:
    """Something to sign in to."""
    (home / "config" / "applications" / "payroll.yaml").write_text(
        "name: Payroll\nredirect_uris: [https://payroll.contoso.example/cb]\nclient_secret: '0123456789abcdefghijklmnopqrstuv'\n"
    )


ASK = (
    "/authorize?client_id=payroll&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fpayroll.contoso.example%2Fcb"
    "&state=0123456789&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)


def authorize(serving: Serving) -> str:
    """The path of the authorization endpoint."""
    found = json.loads(get(serving.port, "/.well-known/openid-configuration").body)
    return str(found["authorization_endpoint"]).partition(str(serving.port))[2] + ASK.partition("/authorize")[2]


def test_fa_29_a_held_database_is_said(tmp_path: Path, sqlite_url: str) -> None:
    """FA-29: more sign-ins than threads end in 503 with Retry-After and words; /healthz answers at once; then all goes on."""
    home = make_home(tmp_path, sqlite_url)
    application(home)
    with serve(home, "--workers", "1", "--threads", "4") as serving:
        path = authorize(serving)
        first = get(serving.port, path)
        assert first.status == 303, serving.log()
        answers: list[Answer] = []
        with held(tmp_path / "var" / "broker.db"):
            threads = [threading.Thread(target=lambda: answers.append(get(serving.port, path))) for _ in range(4)]
            for thread in threads:
                thread.start()
            assert lives(serving.port)
            assert not answers  # they do wait at this moment
            for thread in threads:
                thread.join(20)
            body = b"grant_type=refresh_token&refresh_token=x&client_id=payroll&client_secret=0123456789abcdefghijklmnopqrstuv"
            head = (
                f"POST /token HTTP/1.1\r\nHost: localhost:{serving.port}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
            )
            token = send(serving.port, head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
        for answer in answers:
            assert (answer.status, "Retry-After: 5" in answer.head) == (503, True)
            assert 'data-error="server_error"' in answer.body
            assert "Our database did not answer in time" in answer.body
        assert min(answer.seconds for answer in answers) < 10  # the lock is waited for 4 s; a full machine adds its own
        assert (token.status, "Retry-After: 5" in token.head) == (503, True)
        assert json.loads(token.body)["error"] == "temporarily_unavailable"
        assert get(serving.port, path).status == 303
        assert "OperationalError" not in serving.log()
