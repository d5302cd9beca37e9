"""Two identities never merge without proof: random histories of invitations and assertions, judged by a model."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from broker.app import Broker, build
from broker.domain.assertion import Assertion
from broker.domain.errors import CommandError, PageError
from broker.domain.ids import new_secret
from broker.domain.next_step import Step
from broker.domain.request import AuthorizationRequest
from broker.domain.visitor import Visitor
from broker.services.invitations.invitations import InvitationRequest
from broker.storage import migrate
from broker.storage.login import logins
from broker.storage.tables import identities, people
from tests import first_ring
from tests.clock import Clock
from tests.journeys.world import ACTOR, SECRET, write_files

ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}
DOMAINS = {"fabrikam": "fabrikam.example", "northwind": "northwind.example", "staff": "contoso.example"}
SUBJECTS = st.sampled_from(["s1", "S1", "s2"])
ADDRESSES = st.sampled_from([f"{name}@{domain}" for name in ("a", "b") for domain in DOMAINS.values()])
PARTNERS = st.sampled_from(sorted(ISSUERS))
NOBODY = Visitor(None, None, "127.0.0.1")  # a browser that comes for the first time


class Histories(RuleBasedStateMachine):
    """What any sequence of honest and dishonest sign-ins may do to the directory."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.links: dict[str, list[str]] = {}
        self.proven: set[tuple[str, str, str]] = set()  # (partner, subject, address) that somebody had proof for
        self.broker: Broker = self._start()

    def _start(self) -> Broker:
        write_files(self.home, "http://localhost:1", f"sqlite:///{self.home}/b.db", "http://127.0.0.5:1", ISSUERS)
        first_ring.write_root(self.home / "keys")
        broker = build(self.home, environ={"SECRET": SECRET}, clock=self.clock)
        migrate.upgrade(broker.core.db)
        first_ring.add_ring(broker)
        return broker

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.broker.close()
        shutil.rmtree(self.home, ignore_errors=True)

    @initialize()
    def somebody_is_invited(self) -> None:
        """There is always one invitation."""
        self.invite("a@fabrikam.example")

    @rule(email=ADDRESSES)
    def invite(self, email: str) -> None:
        """Staff invites an address, perhaps again."""
        try:
            made = self.broker.invitations.invitations.invite(ACTOR, InvitationRequest(email=email, application="payroll"))
        except CommandError:
            return  # a member
        self.links.setdefault(email, []).append(made.redeem_url.rpartition("/")[2])
        self.clock.advance(1)

    @rule(
        partner=PARTNERS,
        subject=SUBJECTS,
        email=st.none() | ADDRESSES,
        claimed=st.booleans(),
        link=st.none() | ADDRESSES,
        old=st.booleans(),
    )
    def sign_in(self, partner: str, subject: str, email: str | None, claimed: bool, link: str | None, old: bool) -> None:
        """Somebody signs in at a partner, with or without a link in hand; whatever the page offers is accepted."""
        verified = claimed and email is not None and email.endswith("@" + DOMAINS[partner])  # what HO-14 lets the connector say
        said = Assertion(
            partner=partner,
            issuer=ISSUERS[partner],
            subject=subject,
            email=email,
            email_verified=verified,
            auth_time=self.clock.now,
        )
        try:
            login_id, browser = self._login(link, old=old)
            with self.broker.core.db.write() as tx:
                login = logins.by_id(tx, login_id)
                assert login is not None
                logins.change(tx, login, assertion=said.to_json())
            if verified and email is not None:
                self.proven.add((partner, subject, email))
            for _ in range(3):
                turn = self.broker.login.sign_in.step(login_id, Visitor(browser, None, "127.0.0.1"))
                if turn.step not in (Step.REDEEM, Step.CONSENT):
                    break
                self.broker.login.consent.accept(login_id, Visitor(browser, None, "127.0.0.1"))
        except PageError:
            pass
        self.clock.advance(1)

    def _login(self, link: str | None, *, old: bool) -> tuple[str, str]:
        tickets = self.links.get(link or "", [])
        if tickets:
            landing = self.broker.invitations.invitations.landing(tickets[0] if old else tickets[-1])
            started = self.broker.login.sign_in.begin_invitation(
                NOBODY, invitation_id=landing.id, email=landing.email, another_account=False
            )
        else:
            request = AuthorizationRequest(
                client_id="payroll", redirect_uri="http://127.0.0.5:1/callback", scopes=("openid",), state=new_secret()
            )
            started = self.broker.login.sign_in.begin(request, NOBODY)
        return started.login_id, started.browser

    def _bound(self) -> list[Any]:
        with self.broker.core.db.read() as tx:
            joined = select(identities.c.partner, identities.c.subject, people.c.email, people.c.kind, people.c.state)
            return list(tx.execute(joined.join(people, people.c.id == identities.c.person_id)))

    @invariant()
    def every_binding_was_proven(self) -> None:
        """An identity is bound to an address only where its partner, the authority for it, said that it is verified."""
        for partner, subject, email, _kind, state in self._bound():
            assert (partner, subject, email) in self.proven
            assert email.endswith("@" + DOMAINS[partner])
            assert state == "active"

    @invariant()
    def one_person_an_address(self) -> None:
        """Never two people for one address, whoever invited and signed in how often."""
        with self.broker.core.db.read() as tx:
            emails = [row[0] for row in tx.execute(select(people.c.email))]
        assert len(emails) == len(set(emails))

    @invariant()
    def letters_differ(self) -> None:
        """Subjects that differ in case only are different identities (OU-18)."""
        owners: dict[tuple[str, str], set[str]] = {}
        for partner, subject, email, _kind, _state in self._bound():
            owners.setdefault((partner, subject), set()).add(email)
        assert all(len(emails) == 1 for emails in owners.values())


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
