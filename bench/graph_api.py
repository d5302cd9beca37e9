"""The management API in a directory of a thousand guests and in one of a million, in turns. Prints JSON.

    .venv/bin/python bench/graph_api.py [--sizes 1000,1000000] [--runs 100]

The directory is that of bench/directory.py. All figures are of this process, without a server: cpu_ms: CPU of the best turn's median a request;
statements: of one request. users: GET /users of 100, the first page, and the sixth by its link. invitation: POST /invitations of a
new guest with an e-mail, whose delivery is not part of it. slower: how many per cent the largest directory takes longer than the smallest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from directory import fill, prepared
from flask.testing import FlaskClient
from sqlalchemy import event

from broker.app import Broker, build
from broker.storage.migrate import upgrade
from broker.web import create_web

TURNS = 5
TOP = 100
PROGRAM = "name: Bench\nclient_secret: a-secret-of-the-bench-0123456789\napi_permissions: [User.ReadWrite.All]\n"


class Program:
    """A program that calls the API of one directory."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.base = broker.core.settings().issuer
        self.client: FlaskClient = create_web(broker).test_client(use_cookies=False)
        form = {
            "grant_type": "client_credentials", "scope": f"{self.base}/.default", "client_id": "bench",
            "client_secret": "a-secret-of-the-bench-0123456789",
        }  # fmt: skip
        token = self.client.post("/token", data=form, base_url=self.base).get_json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.number = 0
        self.far = self._far()

    def _far(self) -> str:
        """The address of the sixth page."""
        link = f"{self.base}/v1.0/users?$top={TOP}"
        for _ in range(5):
            link = self.client.get(link, base_url=self.base, headers=self.headers).get_json()["@odata.nextLink"]
        return link.removeprefix(self.base)

    def first(self) -> None:
        """The first page."""
        self._users(f"/v1.0/users?$top={TOP}")

    def later(self) -> None:
        """A page by a link."""
        self._users(self.far)

    def _users(self, path: str) -> None:
        answer = self.client.get(path, base_url=self.base, headers=self.headers)
        if answer.status_code != 200:
            raise SystemExit(answer.text)

    def invite(self) -> None:
        """A new guest."""
        self.number += 1
        body = {
            "invitedUserEmailAddress": f"new.{time.monotonic_ns()}.{self.number}@p1.example", "inviteRedirectUrl": f"{self.base}/apps",
            "sendInvitationMessage": True,
        }  # fmt: skip
        answer = self.client.post("/v1.0/invitations", json=body, base_url=self.base, headers=self.headers)
        if answer.status_code != 201:
            raise SystemExit(answer.text)


CALLS: dict[str, Callable[[Program], None]] = {
    "users": Program.first,
    "users_by_link": Program.later,
    "invitation": Program.invite,
}


def run(sizes: list[int], runs: int) -> dict[str, Any]:
    """The figures of each size, and how much slower the largest is."""
    with ExitStack() as stack:
        programs: dict[int, Program] = {}
        for size in sizes:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cast = stack.enter_context(prepared(home, None))
            (cast.home / "config" / "applications" / "bench.yaml").write_text(PROGRAM, "utf-8")
            broker = build(cast.home)
            stack.callback(broker.close)
            upgrade(broker.core.db)
            fill(broker.core.db, size, int(time.time()))
            programs[size] = Program(broker)
        spent: dict[tuple[int, str], list[float]] = {}
        for _ in range(TURNS):
            for name, call in CALLS.items():
                for size, program in programs.items():
                    spent.setdefault((size, name), []).append(median(call, program, max(runs // TURNS, 5)))
        figures = {
            str(size): {
                name: {"cpu_ms": round(min(spent[size, name]), 2), "statements": statements(call, program)}
                for name, call in CALLS.items()
            }
            for size, program in programs.items()
        }
        small, large = (figures[str(size)] for size in (sizes[0], sizes[-1]))
        slower = {name: round((large[name]["cpu_ms"] / small[name]["cpu_ms"] - 1) * 100) for name in CALLS}
        return {"load": round(os.getloadavg()[0], 1), "directory": figures, "slower": slower}


def median(call: Callable[[Program], None], program: Program, runs: int) -> float:
    """Milliseconds of CPU of this thread, the median of the runs."""
    found = []
    for _ in range(runs):
        started = time.thread_time()
        call(program)
        found.append((time.thread_time() - started) * 1000)
    return statistics.median(found)


def statements(call: Callable[[Program], None], program: Program) -> int:
    """Of one request, BEGIN not counted."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engines = (program.broker.core.db.writer, program.broker.core.db.reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    call(program)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--runs", type=int, default=100)
    asked = parser.parse_args()
    print(json.dumps(run([int(one) for one in asked.sizes.split(",")], asked.runs), indent=2))
