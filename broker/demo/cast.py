"""Everybody on stage: the broker as a process of its own, the partners, applications and mailbox as threads on other addresses.

With `port=8080` the broker is http://localhost:8080 and the others listen on 8081 of 127.0.0.2 to 127.0.0.11; with `port=0` each takes
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
from broker.demo.home import LEDGER, PAYROLL, PORTAL, PROSEWARE, SAFE, TRAVEL, WOODGROVE, Addresses, write_home
from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.mailbox import Note, create_mailbox
from broker.demo.partner import create_partner
from broker.demo.process import BrokerProcess
from broker.demo.relying import RelyingParty
from broker.demo.saml.identity import SamlIdentityProvider
from broker.demo.saml.partner import create_saml_partner
from broker.demo.serving import LoopbackServer, check_free, free_port

ADA = Account(subject="fab-1001", name="Ada Fabrik", email="ada@fabrikam.example")
BO = Account(subject="fab-1002", name="Bo Fabrik", email="bo@fabrikam.example")
CLEO = Account(subject="fab-1003", name="Cleo Fabrik", email="cleo@fabrikam.example")
DANA = Account(subject="fab-1004", name="Dana Fabrik", email="dana@fabrikam.example")
NORA = Account(subject="nw-1", name="Nora North", email="nora@northwind.example")
MALLORY = Account(subject="nw-2", name="Ada Fabrik", email="ada@fabrikam.example")  # Northwind speaks for somebody else's address
WANDA = Account(subject="wanda", name="Wanda Wood", email="wanda@woodgrove.example")
WILL = Account(subject="will", name="Will Wood", email="will@woodgrove.example")
BOB = Account(subject="staff-1", name="Bob Contoso", email="bob@contoso.example")  # owns Payroll and Ledger
ALICE = Account(subject="staff-2", name="Alice Contoso", email="alice@contoso.example")  # administrator
GUS = Account(subject="staff-3", name="Gus Contoso", email="gus@contoso.example")  # owns a group
GWEN = Account(subject="", name="Gwen Freelance", email="gwen@mailbox.example")  # no home organization: a code by mail
ZOE = Account(subject="nw-3", name="Zoe North", email="zoe@northwind.example")
UMA = Account(subject="fab-1005", name="Uma Fabrik", email="uma@fabrikam.example")  # nobody invites her: she signs up
PIA = Account(subject="pro-1", name="Pia Prose", email="pia@proseware.example")  # her organization is set up in the story
ZOE_AT_HOME = Account(subject="", name="Zoe North", email="zoe@mailbox.example")  # a mailbox of hers, where she is invited
_PEOPLE = {
    "fabrikam": (ADA, BO, CLEO, DANA, UMA),
    "northwind": (NORA, MALLORY, ZOE),
    "staff": (BOB, ALICE, GUS),
    PROSEWARE: (PIA,),
}
_LOOKS = {
    "fabrikam": ("127.0.0.2", "Fabrikam", "RS256", "#7a3e9d"),
    "northwind": ("127.0.0.3", "Northwind", "ES256", "#a03c2e"),
    "staff": ("127.0.0.4", "Contoso staff", "PS256", "#2457a6"),
    PROSEWARE: ("127.0.0.11", "Proseware", "RS256", "#3d6b35"),
}
PORTAL_HOST = "127.0.0.12"  # of the sample that `make sample` starts
_HOSTS = {
    **{name: look[0] for name, look in _LOOKS.items()},
    PAYROLL: "127.0.0.5",
    TRAVEL: "127.0.0.6",
    "mailbox": "127.0.0.7",
    WOODGROVE: "127.0.0.8",
    LEDGER: "127.0.0.9",
    SAFE: "127.0.0.10",
}


class Cast:
    """Everybody, by `with Cast(home) as cast:`. Raises PortTaken, or BrokerError when the broker does not start.

    home: the demo's home, made if it is not there. port: the broker's; the others take the next one; 0: free ones. broker: its address
    behind a proxy; "": http on loopback.
    """

    def __init__(self, home: Path, port: int = 8080, broker: str = "") -> None:
        if port:
            check_free("127.0.0.1", port)
        own = port or free_port()
        self.home, self.notes, self._servers = home.resolve(), list[Note](), dict[str, LoopbackServer]()
        try:
            for name, host in _HOSTS.items():
                self._servers[name] = LoopbackServer(host, port + 1 if port else 0)
        except BaseException:
            self.close()
            raise
        address = {name: server.address for name, server in self._servers.items()}
        self.at = Addresses(
            broker=broker or f"http://localhost:{own}",
            partners={name: address[name] for name in _LOOKS},
            payroll=address[PAYROLL],
            travel=address[TRAVEL],
            mailbox=address["mailbox"],
            ledger=address[LEDGER],
            safe=address[SAFE],
            saml=address[WOODGROVE],
            portal=f"http://{PORTAL_HOST}:{port + 1 if port else free_port(PORTAL_HOST)}",
        )
        secrets = write_home(self.home, self.at)
        self.portal_secret = secrets[PORTAL]
        self.partners = {name: self._partner(name, secrets[name]) for name in _LOOKS}
        ours = f"{self.at.broker}/saml/{WOODGROVE}/metadata"
        self.woodgrove = SamlIdentityProvider(self.at.saml, name="Woodgrove", accounts=(WANDA, WILL), sp_metadata=ours)
        self.payroll = RelyingParty(self.at.broker, PAYROLL, f"{self.at.payroll}/callback", client_secret=secrets[PAYROLL])
        self.travel = RelyingParty(self.at.broker, TRAVEL, f"{self.at.travel}/callback", scope="openid profile email")
        scope = "openid email groups roles offline_access"
        self.ledger = RelyingParty(self.at.broker, LEDGER, f"{self.at.ledger}/callback", scope=scope)
        self.safe = RelyingParty(self.at.broker, SAFE, f"{self.at.safe}/callback", scope="openid email")
        self.broker = BrokerProcess(self.home, self.at.broker, own)

    def _partner(self, partner: str, secret: str) -> IdentityProvider:
        _, name, alg, _ = _LOOKS[partner]
        client = Client(
            client_id="contoso-broker",
            client_secret=secret,
            redirect_uris=(self.at.callback(partner),),
            post_logout_redirect_uris=(self.at.signed_out(partner),),
        )
        return IdentityProvider(self.at.partners[partner], name=name, accounts=_PEOPLE[partner], clients=[client], alg=alg)

    def __enter__(self) -> Self:
        try:
            for name, provider in self.partners.items():
                self._servers[name].start(create_partner(provider, colour=_LOOKS[name][3]))
            self._servers[WOODGROVE].start(create_saml_partner(self.woodgrove))
            self._servers[PAYROLL].start(create_application("Payroll", self.payroll, self.at.payroll))
            self._servers[TRAVEL].start(create_application("Travel", self.travel, self.at.travel, colour="#1d6f8a"))
            self._servers[LEDGER].start(create_application("Ledger", self.ledger, self.at.ledger, colour="#6b5b00"))
            self._servers[SAFE].start(create_application("Safe", self.safe, self.at.safe, colour="#8a1d3c"))
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

    def invite(self, person: Account, *, mail: bool = False) -> Mapping[str, Any]:
        """A guest's invitation to Payroll, with a mail or without: `id`, `email`, `status`, `redeem_url`."""
        return self.broker.invite(person.email, PAYROLL, login(self.at.payroll), "--name", person.name, mail=mail)


def login(application: str, **params: str) -> str:
    """The address at which a browser begins to sign in to an application of the cast."""
    return f"{application}/login{'?' + urlencode(params) if params else ''}"


def run_until_stopped(cast: Cast, say: Callable[[str], None] = print) -> int:
    """The interactive demo: invitations, where to click, and patience until Ctrl-C. Returns the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    cast.notes.append(Note("The sample portal for sign-ups, once `make sample` runs", cast.at.portal))
    for person in (ADA, NORA, WANDA, GWEN):
        cast.notes.append(Note(f"Contoso invites {person.name} ({person.email})", cast.invite(person, mail=True)["redeem_url"]))
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
    places = (
        ("Mailbox", at.mailbox, "every e-mail of the demo; begin with Ada's invitation"),
        ("Payroll", at.payroll, "an application; Ada signs in here after her invitation"),
        ("Travel", at.travel, "an application; single sign-on after Payroll"),
        ("Safe", at.safe, "an application that asks guests for a second factor"),
        ("Ledger", at.ledger, "an application for assigned guests: broker assign ledger ada@fabrikam.example"),
        ("Access panel", f"{at.broker}/apps", "the tiles of whoever is signed in"),
        ("Fabrikam", f"{at.partners['fabrikam']}/", "partner over OpenID Connect, Ada's organization; faults at /faults"),
        ("Northwind", f"{at.partners['northwind']}/", "partner over OpenID Connect; sign in as nora@northwind.example"),
        ("Woodgrove", f"{at.saml}/", "partner over SAML; sign in as wanda@woodgrove.example; faults at /faults"),
        (
            "Proseware",
            f"{at.partners[PROSEWARE]}/",
            "an organization that is no partner yet: send its IT a link, in the portal at /admin/setup-links",
        ),
        (
            "Portal",
            f"{at.broker}/admin",
            "for administrators and owners: alice@contoso.example, bob@contoso.example, gus@contoso.example",
        ),
        (
            "Contoso staff",
            f"{at.partners['staff']}/",
            "the company's own people; Alice administers, Bob owns Payroll and Ledger, Gus a group",
        ),
        ("Gwen", at.mailbox, "a guest without an organization: gwen@mailbox.example gets codes by e-mail"),
        ("Broker", f"{at.broker}/.well-known/openid-configuration", "its discovery document"),
    )
    lines = [f"  {name:14}{address if address.count('/') > 2 else address + '/':58}{what}" for name, address, what in places]
    home = f"BROKER_HOME={cast.home}"
    return [
        "",
        *lines,
        "",
        f"  Home and log  {cast.home}",
        f"  Commands      {home} .venv/bin/broker guests list",
        f"  Sample        make sample starts a portal for sign-ups at {cast.at.portal}",
        "",
        "  Ctrl-C ends it.",
    ]
