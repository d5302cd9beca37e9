"""The ground floor of service tests: a database, a fixed clock and settings. No key, no broker, no server; some milliseconds.

    def test_something(core: Core) -> None: ...                     the company Contoso, on SQLite
    core = make_core(database_url, {"broker": {"administrators": [...]}, "applications/travel": None})

A dict replaces keys of Contoso's file of that name or adds a file; None leaves the file out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from broker.services.core import Core
from broker.settings.load import Settings, load
from broker.storage.engine import Database

SECRET = "only-for-tests-0123456789-abcdefgh"
File = Mapping[str, Any]
MakeCore = Callable[..., Core]


def _partner(name: str, number: int, **more: Any) -> File:
    oidc = {"issuer": f"http://127.0.0.{number}:1", "client_id": "contoso", "client_secret": "${env:SECRET}"}
    return {"name": name.title(), "domains": [f"{name}.example"], "oidc": oidc, "trust": {"email": True}, **more}


def _application(name: str, **more: Any) -> File:
    return {"name": name.title(), "redirect_uris": ["http://127.0.0.5:1/callback"], **more}


CONTOSO: Mapping[str, File] = {
    "broker": {
        "issuer": "http://localhost:1",
        "organization": {"name": "Contoso"},
        "network": {"allow_private_addresses": ["127.0.0.0/8"]},
    },
    "partners/fabrikam": _partner("fabrikam", 2),
    "partners/northwind": _partner("northwind", 3),
    "partners/staff": _partner("staff", 4, domains=["contoso.example"], members=True),
    "applications/payroll": _application("payroll", client_secret="${env:SECRET}"),
    "applications/travel": _application("travel"),
}


def make_settings(home: Path, database: str, changes: Mapping[str, File | None]) -> Settings:
    """The settings of Contoso with these changes, checked as those of any home."""
    for name in CONTOSO.keys() | changes.keys():
        change = changes.get(name, {})
        if change is None:
            continue
        content = {**CONTOSO.get(name, {}), **change} | ({"database": database} if name == "broker" else {})
        path = home / "config" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), "utf-8")  # JSON is YAML
    return load(home, {"SECRET": SECRET})


def make_core(home: Path, database: str, clock: Callable[[], int], changes: Mapping[str, File | None]) -> Core:
    """A core on a migrated database; its caller closes `core.db`."""
    settings = make_settings(home, database, changes)
    return Core(Database(database, base=home), clock, lambda: settings)
