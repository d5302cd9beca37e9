"""Sign-ups at the same moment: one person, one request, one question to the owner, whatever proved the address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import func, select

from broker.app import Broker, build
from broker.domain.assertion import Assertion
from broker.domain.errors import NotInvited
from broker.domain.ids import digest
from broker.domain.login import LoginPurpose
from broker.domain.mailbox import PARTNER
from broker.domain.next_step import Step
from broker.domain.sign_up import Attribute, SignUp
from broker.domain.visitor import Visitor
from broker.keyring.root import create_root
from broker.settings.self_service import Attribute as NamedAttribute
from broker.storage.login import logins
from broker.storage.tables import access_requests, identities, people, questions
from tests import factories
from tests.clock import Clock
from tests.journeys.world import SECRET, write_files
from tests.race import PARALLEL, race

ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}
BROWSER = "b" * 43
VISITOR = Visitor(BROWSER, None, "127.0.0.1")
WISH = SignUp(application="payroll", name="Ada Fabrik", reason="Year-end", language="en")


@pytest.fixture
def crowded(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[Broker]:
    """Payroll is open for sign-ups, on PostgreSQL, where transactions meet."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:1", postgresql_url, "http://127.0.0.5:1", ISSUERS)
    create_root(home / "keys")
    with (home / "config" / "applications" / "payroll.yaml").open("a") as stream:
        stream.write("assignment_required: true\nowners: [bob@contoso.example]\nself_service: {sign_up: true}\n")
    with closing(build(home, environ={"SECRET": SECRET}, clock=clock)) as built:
        yield built


def proven(broker: Broker, assertion: Assertion) -> str:
    """A login whose address is proven; its id."""
    login = factories.login(
        purpose=LoginPurpose.SIGN_UP, sign_up=WISH, login_hint=assertion.email, partner=assertion.partner, assertion=assertion
    )
    with broker.core.db.write() as tx:
        logins.add(tx, login, browser=digest(BROWSER), address="127.0.0.1")
    return login.id


def counts(broker: Broker) -> dict[str, int]:
    """How many rows there are of what a sign-up makes."""
    with broker.core.db.read() as tx:
        tables = (people, identities, access_requests, questions)
        return {one.name: tx.execute(select(func.count()).select_from(one)).scalar_one() for one in tables}


@pytest.mark.parametrize("partner", ["fabrikam", PARTNER])
def test_twenty_at_once(crowded: Broker, partner: str) -> None:
    """SU-06, HT-3: twenty browsers of one person; a code makes another subject each time, and is the same person all the same."""
    by_code = partner == PARTNER
    issuer = crowded.core.settings().issuer if by_code else ISSUERS["fabrikam"]
    address = "ada@mailbox.example" if by_code else "ada@fabrikam.example"
    said = Assertion(partner=partner, issuer=issuer, subject="ada", email=address, email_verified=True)
    started = [
        proven(crowded, replace(said, subject=f"00000000-0000-4000-8000-{number:012}") if by_code else said)
        for number in range(PARALLEL)
    ]
    found = race(lambda number: crowded.login.sign_in.step(started[number], VISITOR).step)
    assert found == [Step.REQUESTED] * PARALLEL
    assert counts(crowded) == {"people": 1, "identities": 1, "access_requests": 1, "questions": 1}


def test_two_identities_of_one_address(crowded: Broker) -> None:
    """SU-03, AL-07: one of them signs up, the other one is refused."""
    said = Assertion(
        partner="fabrikam", issuer=ISSUERS["fabrikam"], subject="0", email="ada@fabrikam.example", email_verified=True
    )
    started = [proven(crowded, replace(said, subject=str(number))) for number in range(4)]

    def step(number: int) -> str:
        try:
            return crowded.login.sign_in.step(started[number], VISITOR).step.value
        except NotInvited as error:
            return "deny" if error.reason == "sign_up_address" else error.reason

    assert sorted(race(step, 4)) == ["deny", "deny", "deny", "requested"]
    assert counts(crowded) == {"people": 1, "identities": 1, "access_requests": 1, "questions": 1}


def test_the_file_knows_the_attributes_of_the_form() -> None:
    """One closed list, written where the file is read and where the form is checked."""
    assert set(get_args(NamedAttribute)) == {one.value for one in Attribute}
