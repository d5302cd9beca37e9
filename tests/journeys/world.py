"""A company, its partners and its applications on loopback addresses: real signatures, one clock, no mocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

from broker.app import Broker, build
from broker.demo.browser import Browser, BrowserPage
from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.mailbox import ReceivedMail, read_mails
from broker.demo.partner import create_partner
from broker.demo.person import DemoPerson
from broker.demo.relying import RelyingParty, Tokens
from broker.demo.serving import LoopbackServer, at_first_request
from broker.domain.audit import Actor
from broker.domain.guest import Person
from broker.services.invitations.invitations import InvitationRequest, IssuedInvitation
from broker.services.lookup import named
from broker.storage.tables import metadata
from broker.web import create_web
from tests import first_ring
from tests.clock import Clock

ADA = Account(subject="ada", name="Ada Fabrik", email="ada@fabrikam.example", claims={"family_name": "Fabrik"})
BO = Account(subject="bo", name="Bo Fabrik", email="bo@fabrikam.example")
MALLORY = Account(subject="mallory", name="Mallory North", email="ada@fabrikam.example")
NORA = Account(subject="nora", name="Nora North", email="nora@northwind.example")
CLEO = Account(subject="cleo", name="Cleo Contoso", email="cleo@contoso.example")
PEOPLE = {"fabrikam": (ADA, BO), "northwind": (MALLORY, NORA), "staff": (CLEO,)}
HOSTS = {"fabrikam": "127.0.0.2", "northwind": "127.0.0.3", "staff": "127.0.0.4"}
SECRET = "only-for-tests-0123456789-abcdefgh"
ACTOR = Actor.command()


@dataclass
class World:
    """Everybody. Change a file with `write` and call `reload`."""

    home: Path
    url: str
    broker: Broker
    clock: Clock
    server: LoopbackServer
    partners: dict[str, IdentityProvider]
    party: RelyingParty
    travel: RelyingParty
    callback: str

    def invite(self, email: str = ADA.email, **more: Any) -> IssuedInvitation:
        """An invitation to Payroll, landing on the application's callback host."""
        wish = {"application": "payroll", "redirect_url": f"{self.callback}/home"} | more
        return self.broker.invitations.invitations.invite(ACTOR, InvitationRequest(email=email, **wish))

    def visitor(self, person: Account = ADA, **browser: Any) -> DemoPerson:
        """Somebody with a browser of their own."""
        return DemoPerson(person.email, person.subject, Browser(clock=self.clock, **browser))

    def mails(self, address: str) -> list[ReceivedMail]:
        """What lies in a mailbox after everything that waits was sent, newest first."""
        self.broker.messages.outbox.deliver()
        return [mail for mail in read_mails(self.home / "var" / "mail") if mail.to == address]

    def code(self, address: str) -> str:
        """The newest code by mail; empty if there is none."""
        return next((mail.subject[:8] for mail in self.mails(address) if mail.subject[:8].isdigit()), "")

    def mailbox(self, address: str, **browser: Any) -> DemoPerson:
        """Somebody who has no account anywhere, and reads this mailbox."""
        who = DemoPerson(address, "", Browser(clock=self.clock, **browser))
        who.read_code = lambda: self.code(address)
        return who

    def redeem(self, who: DemoPerson, invited: IssuedInvitation | None = None) -> BrowserPage:
        """From the link to where the invitation leads."""
        return who.open((invited or self.invite(who.address)).redeem_url, stop_at=self.callback)

    def refuse_mailbox(self, who: DemoPerson, page: BrowserPage) -> BrowserPage:
        """Somebody who is not the invited one, at the page that asks for a code from the invited mailbox."""
        if page.name != "email-code":
            raise AssertionError(f"nobody asked for the mailbox but {page}")
        return who.browser.submit(page, press="I can't read e-mail there")

    def request(self, party: RelyingParty | None = None, /, **params: str) -> tuple[str, Any]:
        """An application's authorization request: its address, and what the application remembers."""
        return (party or self.party).begin(**params)

    def arrive(self, who: DemoPerson, party: RelyingParty | None = None, /, **params: str) -> BrowserPage:
        """Where a request of an application ends: back at the application, or on one of our pages."""
        url, _ = self.request(party, **params)
        return who.open(url, stop_at=self.callback)

    def sign_in(self, who: DemoPerson, party: RelyingParty | None = None, /, **params: str) -> Tokens:
        """A whole sign-in, verified by the relying party."""
        party = party or self.party
        url, pending = party.begin(**params)
        page = who.open(url, stop_at=self.callback)
        if page.location is None:
            raise AssertionError(f"no answer to the application but {page}")
        return party.complete(page.query, pending)

    def write(self, name: str, text: str) -> None:
        """Write a config file, then load the files anew."""
        path = self.home / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        self.reload()

    def reload(self) -> None:
        """Take the files as they are now."""
        errors = self.broker.files.refresh()
        if errors:
            raise AssertionError("\n".join(map(str, errors)))

    def person(self, name: str) -> Person:
        """The record of a person, by address or id."""
        with self.broker.core.db.read() as tx:
            return named(tx, name)

    def receipt(self, page: BrowserPage) -> dict[str, Any]:
        """What the reference on a page stands for."""
        found = self.broker.history.receipts.by_request(page.request_id)
        if found is None:
            raise AssertionError(f"no receipt for {page.request_id}")
        return found.to_json()

    def counts(self, *leave_out: str) -> dict[str, int]:
        """How many rows every table has: for showing that nothing was created or changed.

        Without readings of our metadata: they are noted after the answer left, whenever a partner happens to read it.
        """
        with self.broker.core.db.read() as tx:
            tables: list[Table] = [t for t in metadata.sorted_tables if t.name not in {*leave_out, "metadata_fetches"}]
            return {t.name: tx.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def open_world(home: Path, database: str, clock: Clock) -> Iterator[World]:
    """Start the servers, write the files, build the broker; stop everything afterwards."""
    partners = {name: LoopbackServer(host) for name, host in HOSTS.items()}
    application, own = LoopbackServer("127.0.0.5"), LoopbackServer("localhost")
    with ExitStack() as stack:
        write_files(home, own.address, database, application.address, {name: server.address for name, server in partners.items()})
        first_ring.write_root(home / "keys")
        broker = stack.enter_context(closing(build(home, environ={"SECRET": SECRET}, clock=clock)))
        for server in (*partners.values(), application, own):
            stack.callback(server.close)  # before the broker: what they still answer uses its database
        first_ring.add_ring(broker)
        providers = {}
        for name, server in partners.items():
            client = Client(client_id="contoso", client_secret=SECRET, redirect_uris=(f"{own.address}/oidc/{name}/callback",))
            providers[name] = IdentityProvider(
                server.address, name=name.title(), accounts=PEOPLE[name], clients=[client], alg="ES256", clock=clock
            )
            server.start(at_first_request(partial(create_partner, providers[name])))
        application.start(_landing)
        own.start(at_first_request(partial(create_web, broker)))
        callback = f"{application.address}/callback"
        party = RelyingParty(
            own.address, "payroll", callback, client_secret=SECRET, scope="openid profile email offline_access", clock=clock
        )
        travel = RelyingParty(own.address, "travel", callback, scope="openid profile email", clock=clock)
        yield World(home, own.address, broker, clock, own, providers, party, travel, application.address)


def _landing(_environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """What stands behind the application's addresses that no test stops at."""
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"landed"]


def write_files(home: Path, issuer: str, database: str, application: str, partners: dict[str, str]) -> None:
    """The files of the company Contoso."""
    config = home / "config"
    for folder in ("partners", "applications", "policies"):
        (config / folder).mkdir(parents=True, exist_ok=True)
    (home / "keys").mkdir(exist_ok=True)
    (config / "broker.yaml").write_text(
        f"issuer: {issuer}\norganization: {{name: Contoso, support_url: 'mailto:it@contoso.example'}}\n"
        f"database: {json.dumps(database)}\nnetwork: {{allow_private_addresses: [127.0.0.0/8]}}\n",
        "utf-8",
    )
    for name, address in partners.items():
        domain = {"staff": "contoso.example"}.get(name, f"{name}.example")
        (config / "partners" / f"{name}.yaml").write_text(
            partner_file(name.title(), domain, address, members=name == "staff"), "utf-8"
        )
    (config / "applications" / "payroll.yaml").write_text(
        f"name: Payroll\nclient_secret: ${{env:SECRET}}\nredirect_uris: ['{application}/callback']\n"
        f"launch_url: {application}/home\nscopes: [openid, profile, email, offline_access, roles]\n"
        f"post_logout_redirect_uris: ['{application}/signed-out']\n",
        "utf-8",
    )
    (config / "applications" / "travel.yaml").write_text(
        f"name: Travel\nredirect_uris: ['{application}/callback']\nlaunch_url: {application}/travel\n", "utf-8"
    )


def partner_file(name: str, domain: str, issuer: str, *, members: bool = False, trust: bool = True, more: str = "") -> str:
    """A partner's file."""
    return (
        f"name: {name}\ndomains: [{domain}]\nmembers: {str(members).lower()}\n"
        f"oidc:\n  issuer: {issuer}\n  client_id: contoso\n  client_secret: ${{env:SECRET}}\n"
        f"trust: {{email: {str(trust).lower()}}}\n{more}"
    )
