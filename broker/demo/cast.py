"""Everybody on stage: the broker as a process of its own, the partners, applications and mailbox as threads on other addresses.

With `port=8080` the broker is http://localhost:8080 and the others listen on 8081 of 127.0.0.2 to 127.0.0.7; with `port=0` each takes
a port that is free. Addresses differ so that cookies and SameSite behave as in life.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from broker.demo.application import create_application
from broker.demo.home import PAYROLL, TRAVEL, Addresses, write_home
from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.mailbox import Note, create_mailbox
from broker.demo.partner import create_partner
from broker.demo.relying import RelyingParty, SignInFailed, call
from broker.demo.serving import Server, check_free, free_port

START_SECONDS, STOP_SECONDS = 30, 10

ADA = Account(subject="fab-1001", name="Ada Fabrik", email="ada@fabrikam.example")
BO = Account(subject="fab-1002", name="Bo Fabrik", email="bo@fabrikam.example")
CLEO = Account(subject="fab-1003", name="Cleo Fabrik", email="cleo@fabrikam.example")
NORA = Account(subject="nw-1", name="Nora North", email="nora@northwind.example")
MALLORY = Account(subject="nw-2", name="Ada Fabrik", email="ada@fabrikam.example")  # Northwind speaks for somebody else's address
BOB = Account(subject="staff-1", name="Bob Contoso", email="bob@contoso.example")
_PEOPLE = {"fabrikam": (ADA, BO, CLEO), "northwind": (NORA, MALLORY), "staff": (BOB,)}
_LOOKS = {
    "fabrikam": ("127.0.0.2", "Fabrikam", "RS256", "#7a3e9d"),
    "northwind": ("127.0.0.3", "Northwind", "ES256", "#a03c2e"),
    "staff": ("127.0.0.4", "Contoso staff", "PS256", "#2457a6"),
}


class CastError(Exception):
    """Somebody could not start; the text is one line for a person."""


class Cast:
    """Started by `with Cast(home) as cast:`. Raises PortTaken or CastError.

    home: the demo's home, made if it is not there. port: the broker's; the others take the next one; 0: free ones.
    """

    def __init__(self, home: Path, port: int = 8080) -> None:
        if port:
            check_free("127.0.0.1", port)
        self.home, self._port = home.resolve(), port or free_port()
        self._servers: list[Server] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.notes: list[Note] = []
        try:
            servers = {name: self._server(host, port) for name, host in self._hosts().items()}
            self.at = Addresses(
                broker=f"http://localhost:{self._port}",
                partners={name: servers[name].address for name in _LOOKS},
                payroll=servers[PAYROLL].address,
                travel=servers[TRAVEL].address,
                mailbox=servers["mailbox"].address,
            )
            secrets = write_home(self.home, self.at)
        except BaseException:
            self.close()
            raise
        self.partners = {name: self._partner(name, secrets[name]) for name in _LOOKS}
        self.payroll = RelyingParty(
            self.at.broker, PAYROLL, f"{self.at.payroll}/callback", client_secret=secrets[PAYROLL]
        )  # given nothing but the issuer and its credentials
        self.travel = RelyingParty(self.at.broker, TRAVEL, f"{self.at.travel}/callback", scope="openid profile email")
        for name, provider in self.partners.items():
            servers[name].start(create_partner(provider, colour=_LOOKS[name][3]))
        servers[PAYROLL].start(create_application("Payroll", self.payroll, self.at.payroll))
        servers[TRAVEL].start(create_application("Travel", self.travel, self.at.travel, colour="#1d6f8a"))
        servers["mailbox"].start(create_mailbox(self.home / "var" / "mail", self.notes))

    @staticmethod
    def _hosts() -> Mapping[str, str]:
        return {
            **{name: look[0] for name, look in _LOOKS.items()},
            PAYROLL: "127.0.0.5",
            TRAVEL: "127.0.0.6",
            "mailbox": "127.0.0.7",
        }

    def _server(self, host: str, port: int) -> Server:
        self._servers.append(Server(host, port + 1 if port else 0))
        return self._servers[-1]

    def _partner(self, partner: str, secret: str) -> IdentityProvider:
        _, name, alg, _ = _LOOKS[partner]
        client = Client(client_id="contoso-broker", client_secret=secret, redirect_uris=(self.at.callback(partner),))
        return IdentityProvider(self.at.partners[partner], name=name, accounts=_PEOPLE[partner], clients=[client], alg=alg)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Make the keys if there are none, start the broker and wait until it is ready."""
        if not any((self.home / "keys").glob("*")):
            self.broker("keys", "init")
        with (self.home / "var" / "broker.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                self._line("serve", "--bind", f"127.0.0.1:{self._port}"),
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        until = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise CastError(f"the broker did not start: {self.last_words()}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return call("GET", f"{self.at.broker}/readyz")[0] == 200
        except SignInFailed:
            return False

    def last_words(self) -> str:
        """The last line that the broker's process wrote."""
        lines = (self.home / "var" / "broker.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    @property
    def is_running(self) -> bool:
        """Whether the broker's process lives."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """Stop everybody; safe to call twice."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _line(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "broker", *words]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "BROKER_HOME": str(self.home)}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `broker WORDS` at the demo's home, whatever comes of it."""
        return subprocess.run(  # noqa: S603  our own command
            self._line(*words), env=self._environment(), capture_output=True, text=True, check=False, timeout=60
        )

    def broker(self, *words: str) -> str:
        """Run `broker WORDS`; what it printed. Raises CastError with its own line when it refuses."""
        done = self.command(*words)
        if done.returncode != 0:
            raise CastError(f"broker {words[0]}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        return done.stdout

    def ask(self, *words: str) -> Any:
        """The one JSON document of `broker WORDS --json`."""
        return json.loads(self.broker(*words, "--json"))

    def invite(self, person: Account) -> dict[str, Any]:
        """A guest's invitation to Payroll, without a mail: `id`, `email`, `status`, `redeem_url`."""
        found: dict[str, Any] = self.ask("invite", person.email, "--name", person.name, "--application", PAYROLL,
                                         "--redirect-url", f"{self.at.payroll}/login", "--no-mail")  # fmt: skip
        return found

    def login(self, application: str, **params: str) -> str:
        """The address at which a browser begins to sign in to an application."""
        return f"{application}/login{'?' + urlencode(params) if params else ''}"


def run_until_stopped(cast: Cast, say: Callable[[str], None] = print) -> int:
    """The interactive demo: invitations, where to click, and patience until Ctrl-C. Returns the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    for person in (ADA, NORA):
        cast.notes.append(Note(f"Contoso invites {person.name} ({person.email})", cast.invite(person)["redeem_url"]))
    for line in _guide(cast):
        say(line)
    while not stop.wait(0.5):
        if not cast.is_running:
            say(f"the broker stopped: {cast.last_words()}")
            return 1
    say("stopping")
    return 0


def _guide(cast: Cast) -> list[str]:
    at = cast.at
    return [
        "",
        f"  1. The mailbox has Ada's invitation     {at.mailbox}/",
        f"  2. Later she signs in from Payroll      {at.payroll}/",
        f"     and from Travel, without a password  {at.travel}/",
        "",
        f"  Fabrikam, Ada's home organization       {at.partners['fabrikam']}/   what it gets wrong: /faults",
        f"  Northwind, which speaks for others      {at.partners['northwind']}/   sign in as nora@northwind.example",
        f"  Contoso's own staff                     {at.partners['staff']}/   sign in as bob@contoso.example",
        f"  The broker                              {at.broker}/.well-known/openid-configuration",
        f"  Its home and log                        {cast.home}",
        f"  Commands                                BROKER_HOME={cast.home} broker guests list",
        "",
        "  Ctrl-C ends it.",
    ]
