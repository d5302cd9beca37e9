"""One company with somebody of every role, each with a session; the WSGI application is asked as a browser would ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.app import Broker, build
from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.factor import Method, Proof
from broker.domain.guest import PersonKind
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.job import JobKind
from broker.services.jobs.selections import ActTerms
from broker.services.partner_setup.links import MadeSetupLink, SetupLinkWish
from broker.storage.directory import access_requests, assignments, people
from broker.storage.history import audit
from broker.storage.login import receipts
from broker.storage.oauth import sessions
from broker.web import create_web, csrf
from broker.web.admin.door import SCOPE
from broker.web.cookies import CookiePurpose, Cookies
from tests import factories, first_ring
from tests.clock import Clock
from tests.journeys.world import ACTOR, SECRET, write_files
from tests.web.admin import rights_table as table

ISSUER = "http://localhost"
HOSTS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}
REFERENCE = "AAAA-BBBB-CCCC"  # of a sign-in to Payroll
STAFF = {  # role -> the name in their address
    table.ADMINISTRATOR: "alice",
    table.AUDITOR: "una",
    table.HELP_DESK: "hal",
    table.INVITER: "gil",
    table.OWNER: "bob",
    table.OTHER_OWNER: "zoe",
    table.GROUP_OWNER: "gus",
    table.HALF: "hana",
}
GUESTS = {table.GUEST: "ada", table.OTHER_GUEST: "bo"}
ROLES = """administrators: [alice@contoso.example, hana@contoso.example]
roles:
  guest_inviters: [gil@contoso.example]
  help_desk: [hal@contoso.example]
  auditors: ["group:Auditors"]
"""
POLICY = """name: Some members need a second step
users: {include: {groups: [Half]}}
applications: {include: all}
grant: {require: [mfa]}
"""


def person_id(name: str) -> str:
    """Ids that a reader of a failure can tell apart."""
    return f"00000000-0000-4000-8000-{name.encode().hex():0>12}"[:36]


@dataclass
class Company:
    """The broker, its web, and a session cookie a role."""

    home: Path
    broker: Broker
    clock: Clock
    client: FlaskClient
    cookies: dict[str, str] = field(default_factory=dict)

    def cookie(self, role: str) -> str:
        """The session cookie of a role; "" for nobody."""
        return self.cookies.get(role, "")

    def ask(self, role: str, method: str, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """A request of this role's browser. A POST carries the token of the portal's forms unless `data` has one."""
        cookie = self.cookie(role)
        headers = dict(more.pop("headers", {}))
        if cookie:
            session = f"{Cookies(ISSUER).name(CookiePurpose.SESSION)}={cookie}"
            headers["Cookie"] = f"{session}; {headers['Cookie']}" if "Cookie" in headers else session
        if method == "POST":
            data = {csrf.FIELD: csrf.token(cookie, SCOPE), **(data or {})} if cookie else (data or {})
        return self.client.open(path, method=method, base_url=ISSUER, data=data, headers=headers, **more)

    def get(self, role: str, path: str, **more: Any) -> TestResponse:
        """A page."""
        return self.ask(role, "GET", path, **more)

    def post(self, who: str, path: str, **data: Any) -> TestResponse:
        """A form of the portal."""
        return self.ask(who, "POST", path, data)

    def audit(self, name: str) -> list[dict[str, Any]]:
        """The audit's rows of this name, newest first."""
        with self.broker.core.db.read() as tx:
            return [row for row in audit.newest(tx) if row["name"] == name]

    def request(self) -> str:
        """The id of Ada's open request for Payroll."""
        now = self.clock()
        wish = AccessRequest(
            id=new_id(), person_id=person_id("ada"), application="payroll", reason="I check <b>hours</b>.", created_at=now,
            expires_at=now + 86_400, wanted_until=now + 30 * 86_400,
        )  # fmt: skip
        with self.broker.core.db.write() as tx:
            access_requests.add(tx, wish)
            found = access_requests.of_person(tx, wish.person_id, since=0)
        return next(one.id for one in found if one.state is RequestState.OPEN)

    def assignment(self, application: str = "payroll") -> str:
        """The id of an assignment of a person to an application: Ada's to Payroll, Bo's to Travel."""
        with self.broker.core.db.read() as tx:
            return assignments.of_application(tx, application, Principal.PERSON, limit=1)[0].id

    def review(self) -> str:
        """The id of the newest review of Payroll, which asks the administrator about Ada."""
        campaigns = self.broker.reviews.campaigns
        found = campaigns.listed(ACTOR) or [campaigns.start(ACTOR, "payroll", due_at=self.clock() + 7 * 86_400)]
        return found[0].id

    def setup_link(self) -> str:
        """The id of a set-up link for Woodgrove."""
        return self.made_setup_link().link.id

    def made_setup_link(self, **more: Any) -> MadeSetupLink:
        """A set-up link for Woodgrove, with its ticket."""
        wish = {"partner": "woodgrove", "name": "Woodgrove", "domains": ["woodgrove.example"], "language": "en", **more}
        return self.broker.partner_setup.links.create(ACTOR, SetupLinkWish(**wish))

    def job(self, route: str) -> str:
        """The id of a job of the administrator that this route can have: a draft to confirm, or one that runs."""
        actor, jobs = Actor.person(person_id("alice")), self.broker.jobs
        if "/import/" in route:
            return jobs.imports.read(actor, b"email\nlena@fabrikam.example\n")
        kind = JobKind(route.rpartition("/")[2]) if "/bulk/" in route else JobKind.RENEW
        job = jobs.selections.these(actor, kind, (person_id("ada"),))
        if "/jobs/" in route:
            jobs.selections.begin(actor, job, kind, ActTerms(until=self.clock() + 86_400))
        return job

    def sign_in(self, role: str, person: str, partner: str, *, proven_at: int | None = None) -> None:
        """A session of this person, begun now at their home organization. proven_at: when; else now."""
        secret, now = new_secret(), self.clock()
        at = now if proven_at is None else proven_at
        word = Proof(method=Method.PARTNER, at=at, by=partner, amr=("pwd",))
        session = factories.session(
            person, partner=partner, issuer=HOSTS[partner], auth_time=at, created_at=now, last_seen_at=now,
            expires_at=now + 12 * 3600, proofs=(word,),
        )  # fmt: skip
        with self.broker.core.db.write() as tx:
            sessions.add(tx, session, digest(secret))
        self.cookies[role] = secret


@contextmanager
def open_company(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Company]:
    """Bob owns Payroll, Zoe owns Travel, Gus owns the group Finance. Ada has Payroll and is in Finance, Bo has Travel."""
    home = tmp_path / "home"
    write_files(home, ISSUER, database_url, "http://127.0.0.5:1", HOSTS)
    first_ring.write_root(home / "keys")
    with (home / "config" / "broker.yaml").open("a") as stream:
        stream.write(ROLES)
    for client_id, owner in (("payroll", "bob"), ("travel", "zoe")):
        with (home / "config" / "applications" / f"{client_id}.yaml").open("a") as stream:
            stream.write(f"owners: [{owner}@contoso.example]\nroles: [viewer, approver]\n")
    (home / "config" / "policies" / "half.yaml").write_text(POLICY, "utf-8")
    broker = build(home, environ={"SECRET": SECRET}, clock=clock)
    first_ring.add_ring(broker)
    try:
        with broker.core.db.write() as tx:
            for name in STAFF.values():
                factories.saved_person(
                    tx, id=person_id(name), kind=PersonKind.MEMBER, email=f"{name}@contoso.example", name=name.title(),
                    partner="staff", sponsor=None,
                )  # fmt: skip
            for name in GUESTS.values():
                factories.saved_person(
                    tx, id=person_id(name), email=f"{name}@fabrikam.example", name=f"{name.title()} Fabrik", redeemed_at=clock()
                )
            for name, client_id in (("ada", "payroll"), ("bo", "travel")):
                assignments.put(
                    tx,
                    factories.assignment(
                        Principal.PERSON, holder=person_id(name), application=client_id, starts_at=clock(), role="viewer"
                    ),
                )
            people.change(tx, person_id("ada"), {"expires_at": clock() + 30 * 86_400})
            receipts.save(tx, factories.receipt(request_id=REFERENCE, person_id=person_id("ada"), at=clock()))
        for group, owners, member in (
            ("Finance", ["gus@contoso.example"], "ada@fabrikam.example"),
            ("Auditors", [], "una@contoso.example"),
            ("Half", [], "hana@contoso.example"),
        ):
            broker.access.groups.create(ACTOR, group, owners=owners)
            broker.access.groups.add_members(ACTOR, group, [member])
        company = Company(home, broker, clock, create_web(broker).test_client(use_cookies=False))
        for role, name in STAFF.items():
            company.sign_in(role, person_id(name), "staff")
        for role, name in GUESTS.items():
            company.sign_in(role, person_id(name), "fabrikam")
        yield company
    finally:
        broker.close()
