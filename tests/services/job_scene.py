"""A company with many guests, for tests of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.domain.audit import Actor
from broker.domain.guest import GuestState
from broker.domain.job import JobKind
from broker.services.guests.staff_view import GuestSearch
from broker.services.jobs.batches import JobBatches
from broker.services.jobs.selections import ActTerms
from broker.services.jobs.views import JobPage
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.history import audit
from tests import factories
from tests.clock import Clock
from tests.web.admin.company import GUESTS, STAFF, Company, open_company, person_id

DAY = 86_400

ADMIN = Actor.person(person_id("alice"))

ACTIVE = GuestSearch(state=GuestState.ACTIVE)


@pytest.fixture
def company(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Company]:
    """On both databases."""
    with open_company(tmp_path, database_url, clock) as made:
        yield made


@pytest.fixture
def crowded(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[Company]:
    """On PostgreSQL, where two transactions meet."""
    with open_company(tmp_path, postgresql_url, clock) as made:
        yield made


def who(role: str) -> Actor:
    """Somebody of this role."""
    return Actor.person(person_id({**STAFF, **GUESTS}[role]))


def guest_id(number: int) -> str:
    """The id of one guest of the crowd; their order is the order of their numbers."""
    return f"00000000-0000-4000-9000-{number:012}"


def crowd(company: Company, count: int) -> None:
    """So many guests of Fabrikam more."""
    with company.broker.core.db.write() as tx:
        for number in range(count):
            factories.saved_person(
                tx, id=guest_id(number), email=f"guest-{number:03}@fabrikam.example", name="", redeemed_at=company.clock()
            )


def begun(company: Company, kind: JobKind, wanted: GuestSearch = ACTIVE, actor: Actor = ADMIN, **terms: Any) -> str:
    """A job that runs."""
    service = company.broker.jobs.selections
    job = service.choose(actor, kind, wanted)
    service.begin(actor, job, kind, replace(ActTerms(reason="Project over"), **terms))
    return job


def finished(company: Company, job: str, actor: Actor = ADMIN) -> JobPage:
    """The job after every batch."""
    while company.broker.jobs.batches.look():
        pass
    return company.broker.jobs.jobs.show(actor, job)


def states(company: Company) -> dict[str, int]:
    """How many guests are in which state."""
    found: dict[str, int] = {}
    for one in company.broker.guests.directory.page(GuestFilter(), limit=500):
        found[one.state.value] = found.get(one.state.value, 0) + 1
    return found


def node(company: Company, name: str) -> JobBatches:
    """The batches of another process."""
    made = company.broker.jobs.batches
    return JobBatches(company.broker.core, made._acts, lambda: name)


def events(company: Company, name: str) -> list[dict[str, object]]:
    """The audit's rows of a name."""
    with company.broker.core.db.read() as tx:
        return audit.newest(tx, name=name, limit=500)
