"""A company whose programs call the API: one program a permission, each with a token of the token endpoint."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.app import Broker, build
from broker.domain.guest import PersonKind
from broker.services.authorization import PERMITS
from broker.storage.history import audit
from broker.web import create_web
from tests import factories, first_ring
from tests.clock import Clock
from tests.journeys.world import SECRET, write_files
from tests.web.graph.described import described_in

ISSUER = "http://localhost"
SCOPE = f"{ISSUER}/.default"
HOSTS = {"fabrikam": "http://127.0.0.2:1", "staff": "http://127.0.0.4:1"}
ALL = "robot"  # the program with every permission


def program_of(permission: str) -> str:
    """The client id of the program that has this permission alone."""
    return permission.lower().replace(".", "-")


@dataclass
class Api:
    """The broker, its web, and a token a program."""

    home: Path
    broker: Broker
    clock: Clock
    client: FlaskClient
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, program: str = ALL, **form: str) -> TestResponse:
        """A request at the token endpoint; a value "" leaves its name out."""
        pair = base64.b64encode(f"{program}:{SECRET}".encode()).decode()
        wish = {"grant_type": "client_credentials", "scope": SCOPE, **form}
        return self.client.post(
            "/token", data={k: v for k, v in wish.items() if v}, base_url=ISSUER, headers={"Authorization": f"Basic {pair}"}
        )

    def bearer(self, program: str = ALL) -> dict[str, str]:
        """The header of a program's requests."""
        if program not in self.tokens:
            self.tokens[program] = self.token(program).get_json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[program]}"}

    def ask(self, method: str, path: str, body: Any = None, *, by: str = ALL, **more: Any) -> TestResponse:
        """A request of a program, with a JSON body. The response must be one that the OpenAPI document describes."""
        headers = {**self.bearer(by), **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        response = self.client.open(f"/v1.0{path}", method=method, base_url=ISSUER, headers=headers, **more)
        described_in(self.client).check(method, path, response)
        return response

    def get(self, path: str, **more: Any) -> TestResponse:
        """A GET of the program that may everything."""
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        """A POST of the program that may everything."""
        return self.ask("POST", path, body, **more)

    def member(self, name: str, **values: Any) -> str:
        """A member of staff who can answer for guests; their id."""
        plain = {"kind": PersonKind.MEMBER, "email": f"{name}@contoso.example", "name": name.title(), "partner": "staff"}
        return self._saved({**plain, "sponsor": None, **values})

    def guest(self, name: str, **values: Any) -> str:
        """A guest who has redeemed; their id."""
        plain = {"email": f"{name}@fabrikam.example", "name": f"{name.title()} Fabrik", "redeemed_at": self.clock()}
        return self._saved({**plain, "sponsor": None, **values})

    def _saved(self, values: dict[str, Any]) -> str:
        with self.broker.core.db.write() as tx:
            return factories.saved_person(tx, **values).id

    def audited(self, name: str) -> list[dict[str, Any]]:
        """The audit's rows of this name, newest first."""
        with self.broker.core.db.read() as tx:
            return [row for row in audit.newest(tx) if row["name"] == name]

    def write(self, name: str, text: str) -> None:
        """Write a config file, then load the files anew."""
        (self.home / "config" / name).write_text(text, "utf-8")
        assert self.broker.files.refresh() == []

    def program(self, client_id: str, *permissions: str) -> None:
        """Write the file of a program, then load the files anew."""
        self.write(f"applications/{client_id}.yaml", program_file(*permissions))


def program_file(*permissions: str) -> str:
    """The file of a program that only uses the API."""
    return f"name: A program\nclient_secret: ${{env:SECRET}}\napi_permissions: [{', '.join(permissions)}]\n"


def error_of(response: TestResponse) -> tuple[int, str]:
    """Status and code of an error, whose envelope is whole."""
    error = response.get_json()["error"]
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    assert error["innerError"]["request-id"] == response.headers["request-id"]
    assert error["message"]
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, error["code"]


@contextmanager
def open_api(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Api]:
    """Fabrikam is a partner; Payroll and Travel are applications for people."""
    home = tmp_path / "home"
    write_files(home, ISSUER, database_url, "http://127.0.0.5:1", HOSTS)
    first_ring.write_root(home / "keys")
    programs = {program_of(one): (one,) for one in PERMITS} | {ALL: tuple(PERMITS)}
    for client_id, permissions in programs.items():
        (home / "config" / "applications" / f"{client_id}.yaml").write_text(program_file(*permissions), "utf-8")
    broker = build(home, environ={"SECRET": SECRET}, clock=clock)
    first_ring.add_ring(broker)
    try:
        yield Api(home, broker, clock, create_web(broker).test_client(use_cookies=False))
    finally:
        broker.close()
