"""Everybody on stage: the broker as a process of its own, the partners, applications and mailbox as threads on other addresses.

With `port=8080` the broker is http://localhost:8080 and the others listen on 8081 of 127.0.0.2 to 127.0.0.8; with `port=0` each takes
a port that is free. Addresses differ so that cookies and SameSite behave as in life.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from broker.demo.application import create_application
from broker.demo.home import LEDGER, PAYROLL, SAFE, TRAVEL, WOODGROVE, Addresses, write_home
from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.mailbox import Note, create_mailbox
from broker.demo.partner import create_partner
from broker.demo.process import BrokerProcess
from broker.demo.relying import RelyingParty
from broker.demo.saml_identity import SamlIdentityProvider
from broker.demo.saml_partner import create_saml_partner
from broker.demo.serving import Server, check_free, free_port

ADA = Account(subject="fab-1001", name="Ada Fabrik", email="ada@fabrikam.example")
BO = Account(subject="fab-1002", name="Bo Fabrik", email="bo@fabrikam.example")
CLEO = Account(subject="fab-1003", name="Cleo Fabrik", email="cleo@fabrikam.example")
NORA = Account(subject="nw-1", name="Nora North", email="nora@northwind.example")
MALLORY = Account(subject="nw-2", name="Ada Fabrik", email="ada@fabrikam.example")  # Northwind speaks for somebody else's address
WANDA = Account(subject="wanda", name="Wanda Wood", email="wanda@woodgrove.example")
WILL = Account(subject="will", name="Will Wood", email="will@woodgrove.example")
BOB = Account(subject="staff-1", name="Bob Contoso", email="bob@contoso.example")
GWEN = Account(subject="", name="Gwen Freelance", email="gwen@mailbox.example")  # no home organization: a code by mail
ZOE = Account(subject="nw-3", name="Zoe North", email="zoe@northwind.example")
ZOE_AT_HOME = Account(subject="", name="Zoe North", email="zoe@mailbox.example")  # a mailbox of hers, where she is invited
_PEOPLE = {"fabrikam": (ADA, BO, CLEO), "northwind": (NORA, MALLORY, ZOE), "staff": (BOB,)}
_LOOKS = {
    "fabrikam": ("127.0.0.2", "Fabrikam", "RS256", "#7a3e9d"),
    "northwind": ("127.0.0.3", "Northwind", "ES256", "#a03c2e"),
    "staff": ("127.0.0.4", "Contoso staff", "PS256", "#2457a6"),
}
_HOSTS = {
    **{name: look[0] for name, look in _LOOKS.items()},
    PAYROLL: "127.0.0.5",
    TRAVEL: "127.0.0.6",
    "mailbox": "127.0.0.7",
    WOODGROVE: "127.0.0.8",
}


class Cast:
    """Everybody, by `with Cast(home) as cast:`. Raises PortTaken, or BrokerError when the broker does not start.

    home: the demo's home, made if it is not there. port: the broker's; the others take the next one; 0: free ones.
    """

    def __init__(self, home: Path, port: int = 8080) -> None:
        if port:
            check_free("127.0.0.1", port)
        own = port or free_port()
        self.home, self.notes, self._servers = home.resolve(), list[Note](), dict[str, Server]()
        try:
            for name, host in _HOSTS.items():
                self._servers[name] = Server(host, port + 1 if port else 0)
        except BaseException:
            self.close()
            raise
        address = {name: server.address for name, server in self._servers.items()}
        self.at = Addresses(
            broker=f"http://localhost:{own}",
            partners={name: address[name] for name in _LOOKS},
            payroll=address[PAYROLL],
            travel=address[TRAVEL],
            mailbox=address["mailbox"],
            saml=address[WOODGROVE],
        )
        secrets = write_home(self.home, self.at)
        self.partners = {name: self._partner(name, secrets[name]) for name in _LOOKS}
        ours = f"{self.at.broker}/saml/{WOODGROVE}/metadata"
        self.woodgrove = SamlIdentityProvider(self.at.saml, name="Woodgrove", accounts=(WANDA, WILL), sp_metadata=ours)
        self.payroll = RelyingParty(self.at.broker, PAYROLL, f"{self.at.payroll}/callback", client_secret=secrets[PAYROLL])
        self.travel = RelyingParty(self.at.broker, TRAVEL, f"{self.at.travel}/callback", scope="openid profile email")
        scope = "openid email groups roles offline_access"
        self.ledger = RelyingParty(self.at.broker, LEDGER, f"{self.at.travel}/callback", scope=scope)
        self.safe = RelyingParty(self.at.broker, SAFE, f"{self.at.travel}/callback", scope="openid email")
        self.broker = BrokerProcess(self.home, self.at.broker, own)

    def _partner(self, partner: str, secret: str) -> IdentityProvider:
        _, name, alg, _ = _LOOKS[partner]
        client = Client(client_id="contoso-broker", client_secret=secret, redirect_uris=(self.at.callback(partner),))
        return IdentityProvider(self.at.partners[partner], name=name, accounts=_PEOPLE[partner], clients=[client], alg=alg)

    def __enter__(self) -> Self:
        try:
            for name, provider in self.partners.items():
                self._servers[name].start(create_partner(provider, colour=_LOOKS[name][3]))
            self._servers[WOODGROVE].start(create_saml_partner(self.woodgrove))
            self._servers[PAYROLL].start(create_application("Payroll", self.payroll, self.at.payroll))
            self._servers[TRAVEL].start(create_application("Travel", self.travel, self.at.travel, colour="#1d6f8a"))
            self._servers["mailbox"].start(create_mailbox(self.home / "var" / "mail", self.notes))
            self.broker.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop everybody; safe to call twice."""
        if hasattr(self, "broker"):
            self.broker.close()
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def invite(self, person: Account) -> Mapping[str, Any]:
        """A guest's invitation to Payroll, without a mail: `id`, `email`, `status`, `redeem_url`."""
        return self.broker.invite(person.email, PAYROLL, login(self.at.payroll), "--name", person.name)


def login(application: str, **params: str) -> str:
    """The address at which a browser begins to sign in to an application of the cast."""
    return f"{application}/login{'?' + urlencode(params) if params else ''}"


def run_until_stopped(cast: Cast, say: Callable[[str], None] = print) -> int:
    """The interactive demo: invitations, where to click, and patience until Ctrl-C. Returns the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    for person in (ADA, NORA, WANDA, GWEN):
        cast.notes.append(Note(f"Contoso invites {person.name} ({person.email})", cast.invite(person)["redeem_url"]))
    for line in _guide(cast):
        say(line)
    while not stop.wait(0.5):
        if not cast.broker.is_running:
            say(f"the broker stopped: {cast.broker.last_words}")
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
        f"  Northwind, which speaks for others      {at.partners['northwind']}/   type nora@northwind.example, be Ada there",
        f"  Woodgrove, which speaks SAML            {at.saml}/   wanda@woodgrove.example; what it gets wrong: /faults",
        f"  Gwen, who has no account anywhere       {at.mailbox}/   her codes by mail arrive there: gwen@mailbox.example",
        f"  Contoso's own staff                     {at.partners['staff']}/   type bob@contoso.example",
        f"  The broker                              {at.broker}/.well-known/openid-configuration",
        f"  Its home and log                        {cast.home}",
        f"  Commands                                BROKER_HOME={cast.home} .venv/bin/broker guests list",
        "",
        "  Ctrl-C ends it.",
    ]
