"""The API of a running conformance suite: plans, modules, the addresses that a person is to visit, the log."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SECONDS = 60  # for one call
FINISHED = ("FINISHED", "INTERRUPTED")


class SuiteError(Exception):
    """The suite did not answer as its API says. The text is one line for a person."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of a plan. variant: what the suite calls it with."""

    name: str
    variant: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModuleState:
    """status: CREATED, CONFIGURED, RUNNING, WAITING, FINISHED, INTERRUPTED. result: PASSED, WARNING, REVIEW, SKIPPED, FAILED, or ""."""

    status: str
    result: str


@dataclass(frozen=True, slots=True)
class Suite:
    """address: without a path. token: of a hosted suite, "" for one of our own. trust: whose certificates it may have."""

    address: str
    token: str = ""
    trust: ssl.SSLContext | None = None

    def create_plan(self, name: str, variant: Mapping[str, str], config: Mapping[str, Any]) -> tuple[str, Sequence[Module]]:
        """Id and modules of a new plan. Raises SuiteError."""
        made = self._call("POST", "plan", {"planName": name, "variant": json.dumps(variant)}, json.dumps(config))
        modules = [Module(str(one["testModule"]), one.get("variant") or {}) for one in made["modules"]]
        return str(made["id"]), modules

    def create_module(self, plan: str, module: Module) -> str:
        """The id of a new run of a module. Raises SuiteError."""
        query = {"test": module.name, "plan": plan, "variant": json.dumps(module.variant)}
        return str(self._call("POST", "runner", query)["id"])

    def start(self, run: str) -> None:
        """Starts a run that waits for it (CONFIGURED)."""
        self._call("POST", f"runner/{run}")

    def state(self, run: str) -> ModuleState:
        """How far a run is."""
        said = self._call("GET", f"info/{run}")
        return ModuleState(str(said.get("status") or ""), str(said.get("result") or ""))

    def to_visit(self, run: str) -> Sequence[str]:
        """The addresses that a person is to open in a browser, and did not yet."""
        said = self._call("GET", f"runner/browser/{run}")
        visited = set(said.get("visited") or ())
        return [str(url) for url in said.get("urls") or () if url not in visited]

    def visited(self, run: str, url: str) -> None:
        """A person has opened this address."""
        self._call("POST", f"runner/browser/{run}/visit", {"url": url})

    def pictures_wanted(self, run: str) -> Sequence[str]:
        """The places of the log that wait for a picture."""
        return [str(entry["upload"]) for entry in self._call("GET", f"log/{run}") if entry.get("upload")]

    def show(self, run: str, place: str, picture: bytes) -> None:
        """Puts a PNG into the log."""
        data = "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
        self._call("POST", f"log/{run}/images/{place}", body=data, kind="text/plain")

    def _call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: str = "", kind: str = "application/json"
    ) -> Any:
        url = f"{self.address}/api/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "Content-Type": kind} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        request = urllib.request.Request(url, method=method, data=body.encode() if body else None, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS, context=self.trust) as answer:
                text = answer.read()
                return json.loads(text) if text.strip() else {}
        except urllib.error.HTTPError as error:
            raise SuiteError(f"{method} {path}: {error.code} {error.read(400).decode('utf-8', 'replace')}") from error
        except (OSError, ValueError) as error:
            raise SuiteError(f"{method} {path}: {error}") from error
