"""A hundred thousand guests: a page far behind costs the statements of the first one, in every order (issue 15)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from broker.domain.audit import Actor
from broker.domain.guest import GuestState
from broker.domain.ids import new_id
from broker.domain.job import JobKind, JobState
from broker.services.guests.staff_view import GuestOrder, GuestSearch, usual_searches
from broker.services.jobs.selections import ActTerms
from broker.storage.tables import people
from tests.clock import Clock
from tests.journeys.counting import statements
from tests.web.admin.company import Company, open_company, person_id

DAY = 86_400
GUESTS, CHUNK, PAGE, STRIDE = 100_000, 10_000, 25, 9_000
ADMIN = Actor.person(person_id("alice"))
BATCHES = 40  # of 25 guests


def fill(company: Company) -> None:
    """The crowd, active, with ends and last sign-ins that differ."""
    now = company.clock()
    for begin in range(0, GUESTS, CHUNK):
        rows = [
            {
                "id": new_id(), "kind": "guest", "state": "active", "email": f"{number:06}@fabrikam.example", "email_verified": True,
                "name": f"{number * 7919 % GUESTS:06}", "folded_name": f"{number * 7919 % GUESTS:06}", "language": "en",
                "partner": "fabrikam", "sponsor": "bob@contoso.example", "profile": {}, "created_at": now, "redeemed_at": now,
                "expires_at": now + DAY + number * 31 % GUESTS, "last_sign_in": now - number * 17 % GUESTS,
            }
            for number in range(begin, begin + CHUNK)
        ]  # fmt: skip
        with company.broker.core.db.write() as tx:
            tx.execute(insert(people), rows)


def pages_seen(company: Company, order: GuestOrder) -> tuple[int, int, int]:
    """Statements of the first page and of one behind most guests, and how many guests a walk through the whole list shows."""
    service, views = company.broker.guests.staff_view, usual_searches(company.clock(), 90 * DAY)
    with statements(company.broker.core.db) as first:
        service.listed(ADMIN, GuestSearch(), order, views=views, limit=PAGE)
    shown, after, behind = set(), None, None
    while True:
        page = service.listed(ADMIN, GuestSearch(), order, views={}, after=after, limit=STRIDE)
        shown |= {row.id for row in page.rows}
        if page.next_key is None:
            break
        behind = after = page.next_key
    with statements(company.broker.core.db) as last:
        service.listed(ADMIN, GuestSearch(), order, views=views, after=behind, limit=PAGE)
    return len(first), len(last), len(shown)


def test_lists_and_an_act_on_all(tmp_path: Path, sqlite_url: str, clock: Clock) -> None:
    """Every order shows each guest once with as many statements behind as in front; an act on all is frozen, left and continued."""
    with open_company(tmp_path, sqlite_url, clock) as company:
        fill(company)
        for order in GuestOrder:
            first, last, shown = pages_seen(company, order)
            assert (first, shown) == (last, GUESTS + 2), order  # Ada and Bo are guests, too
            assert last <= 6, order

        jobs = company.broker.jobs
        wanted = GuestSearch(state=GuestState.ACTIVE, text="0")
        job = jobs.selections.choose(ADMIN, JobKind.SIGN_OUT, wanted)
        jobs.selections.begin(ADMIN, job, JobKind.SIGN_OUT, ActTerms(reason="Project over"))
        for _ in range(BATCHES):
            assert jobs.batches.batch(job)
        assert jobs.jobs.stop(ADMIN, job).state is JobState.STOPPED
        assert not jobs.batches.batch(job)
        before = jobs.jobs.show(ADMIN, job, limit=1).job
        jobs.jobs.resume(ADMIN, job)
        for _ in range(BATCHES):
            assert jobs.batches.batch(job)
        after = jobs.jobs.show(ADMIN, job, limit=1).job
        assert before.total == after.total == GUESTS
        assert (before.settled, after.settled) == (BATCHES * 25, 2 * BATCHES * 25)
