"""An act on every guest of a filter, from the list's button to the last row. Prints JSON.

    .venv/bin/python bench/bulk.py [--guests 100000] [--acts sign-out,renew,block] [--batches N] [--database URL]

The directory is that of bench/directory.py. freeze_ms: the selection is made. list_ms: a page of the list and
its counts. begin_ms: the button. For each act: seconds and guests a second of the whole work by one process, milliseconds of the median and of the
slowest batch (the others wait so long for the writer of SQLite), and statements a batch of 25. resumed: a job that was stopped in its middle
and continued settled each guest once. --batches: no more of each act; the job is then stopped. --database: of PostgreSQL, there and empty. Without it a SQLite file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from directory import DAY, fill, prepared
from sqlalchemy import event

from broker.app import Broker, build
from broker.domain.audit import Actor
from broker.domain.job import JobKind, JobState
from broker.services.guests.staff_view import GuestOrder, GuestSearch, usual_searches
from broker.services.jobs.selections import ActTerms
from broker.storage.migrate import upgrade
from broker.storage.operations import jobs as rows

ACTOR = Actor.command()
YEAR = 365 * DAY


def run(guests: int, kinds: list[JobKind], most: int, database: str | None) -> dict[str, Any]:
    """The figures of each act."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cast = stack.enter_context(prepared(home, database))
        broker = build(cast.home)
        stack.callback(broker.close)
        upgrade(broker.core.db)
        fill(broker.core.db, guests, int(time.time()))
        found: dict[str, Any] = {"guests": guests, "dialect": broker.core.db.dialect, "list_ms": round(listing(broker), 1)}
        return found | {kind.value: act(broker, kind, most) for kind in kinds}


def listing(broker: Broker) -> float:
    """Milliseconds of the page of the list that the selection is made on."""
    now = broker.core.clock()
    started = time.perf_counter()
    broker.guests.staff_view.listed(ACTOR, GuestSearch(), GuestOrder.EMAIL, views=usual_searches(now, 90 * DAY))
    return (time.perf_counter() - started) * 1000


def act(broker: Broker, kind: JobKind, most: int) -> dict[str, Any]:
    """One act on all guests, stopped once in its middle."""
    service, terms = broker.jobs.selections, ActTerms(reason="bench", until=broker.core.clock() + YEAR)
    started = time.perf_counter()
    job = service.choose(ACTOR, kind, GuestSearch())
    frozen = time.perf_counter()
    service.begin(ACTOR, job, kind, terms)
    begun = time.perf_counter()
    batches = work(broker, job, most)
    page = broker.jobs.jobs.show(ACTOR, job, limit=1).job
    with broker.core.db.read() as tx:
        settled = [row.row for row in rows.rows(tx, job, limit=page.total) if row.row.result is not None]
    return {
        "freeze_ms": round((frozen - started) * 1000),
        "begin_ms": round((begun - frozen) * 1000, 1),
        "seconds": round(sum(batches) / 1000, 1),
        "settled": page.settled,
        "guests_a_second": round(page.settled / (sum(batches) / 1000)),
        "batch_ms": round(statistics.median(batches), 1),
        "slowest_batch_ms": round(max(batches), 1),
        "statements_a_batch": statements_of_a_batch(broker, kind, terms),
        "done": page.done,
        "failed": page.failed,
        "resumed": len({row.person_id for row in settled}) == page.settled == page.done + page.failed,
    }


def work(broker: Broker, job: str, most: int) -> list[float]:
    """Milliseconds of each batch; half-way the job is stopped and continued, and stopped at the end if rows are left."""
    spent: list[float] = []
    total = broker.jobs.jobs.show(ACTOR, job, limit=1).job.total
    while True:
        started = time.perf_counter()
        more = broker.jobs.batches.batch(job)
        spent.append((time.perf_counter() - started) * 1000)
        if not more:
            return spent
        if len(spent) == most:
            broker.jobs.jobs.stop(ACTOR, job)
            return spent
        if len(spent) == min(most, total // 25) // 2:
            if broker.jobs.jobs.stop(ACTOR, job).state is not JobState.STOPPED or broker.jobs.batches.batch(job):
                raise SystemExit("the job did not stop")
            broker.jobs.jobs.resume(ACTOR, job)


def statements_of_a_batch(broker: Broker, kind: JobKind, terms: ActTerms) -> int:
    """Statements of one batch of 25 guests, whatever became of them."""
    ids = tuple(
        one.id for one in broker.guests.staff_view.listed(ACTOR, GuestSearch(), GuestOrder.EMAIL, views={}, limit=25).rows
    )
    job = broker.jobs.selections.these(ACTOR, kind, ids)
    broker.jobs.selections.begin(ACTOR, job, kind, terms)
    count = 0

    def note(*_given: object) -> None:
        nonlocal count
        count += 1

    event.listen(broker.core.db.writer, "before_cursor_execute", note)
    broker.jobs.batches.batch(job)
    event.remove(broker.core.db.writer, "before_cursor_execute", note)
    broker.jobs.batches.batch(job)
    return count


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guests", type=int, default=100_000)
    parser.add_argument("--acts", default="sign-out,renew,block")
    parser.add_argument("--batches", type=int, default=1_000_000)
    parser.add_argument("--database")
    given = parser.parse_args()
    kinds = [JobKind(name) for name in given.acts.split(",")]
    print(json.dumps({"load": os.getloadavg()[0], **run(given.guests, kinds, given.batches, given.database)}, indent=2))


if __name__ == "__main__":
    main()
