"""Sign-in, lists and searches in a directory of a thousand guests and in one of a million, in turns. Prints JSON.

    .venv/bin/python bench/directory.py [--sizes 1000,1000000] [--logins 100] [--runs 200] [--database URL]

Every guest has an identity, an accepted invitation and is in one group of fifty; one in ten is assigned to the application
by name, the groups are assigned too, and ten groups have a rule that each sign-in judges. login_cpu_ms: CPU of the broker's
processes a login. All other figures: milliseconds of this process for a full page of 20, by the use-case of the command.
slower: how many per cent the largest directory takes longer than the smallest.
--database: of PostgreSQL, with {size} in its name; the databases are there and empty. Without it SQLite files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from oidc_login import cpu, fresh
from sqlalchemy import insert, text

from broker.app import Broker, build
from broker.demo import process
from broker.demo.cast import ADA, Cast
from broker.demo.person import DemoPerson
from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor
from broker.domain.group import Group
from broker.domain.guest import GuestState
from broker.domain.ids import new_id
from broker.storage.directory import assignments, groups
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.directory.people import by_id
from broker.storage.engine import Database
from broker.storage.tables import assignments as assignment_rows
from broker.storage.tables import group_members, identities, invitations, people

ACTOR = Actor.command()
DAY = 86_400
PARTNERS, SPONSORS, IN_GROUP, RULES = 20, 20, 50, 10
STATES = (["active"] * 90) + ["invited"] * 5 + ["blocked"] * 3 + ["expired"] * 2
PAGE = 20
TURNS = 10
CHUNK = 20_000
MEMORY = 2_000_000  # KiB that filling may take
Row = dict[str, Any]


def run(sizes: list[int], logins: int, runs: int, database: str | None) -> dict[str, Any]:
    """The figures of each size, and how much slower the largest is. The brokers live side by side, so a busy machine is busy for all."""
    process.START_SECONDS = process.COMMAND_SECONDS = 600
    figures: dict[int, dict[str, float]] = {}
    with ExitStack() as stack:
        casts: dict[int, Cast] = {}
        brokers: dict[int, Broker] = {}
        for size in sizes:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            casts[size] = stack.enter_context(prepared(home, database.format(size=size) if database else None))
            brokers[size] = build(casts[size].home)
            stack.callback(brokers[size].close)
            started = time.perf_counter()
            fill(brokers[size].core.db, size, int(time.time()))
            figures[size] = {"fill_s": round(time.perf_counter() - started, 1)}
            ada = DemoPerson(ADA.email, ADA.subject)
            ada.open(casts[size].invite(ADA)["redeem_url"])
            for _ in range(10):
                fresh(casts[size])
        spent: dict[int, list[float]] = {size: [] for size in sizes}
        for _ in range(TURNS):
            for size, cast in casts.items():
                spent[size].append(turn(cast, max(logins // TURNS, 1)))
        for size in sizes:
            figures[size] |= {
                "login_cpu_ms": round(statistics.median(spent[size]), 2),
                "login_best_cpu_ms": round(min(spent[size]), 2),
            }
        for name, each in asked(brokers, runs).items():
            for size, value in each.items():
                figures[size][name] = value
    first, last = figures[min(sizes)], figures[max(sizes)]
    slower = {name: round((last[name] / first[name] - 1) * 100) for name in first if name != "fill_s"}
    return {"directory": {str(size): found for size, found in figures.items()}, "slower": slower}


def prepared(home: Path, database: str | None) -> Cast:
    """The cast, before its broker starts, on a database of its own."""
    cast = Cast(home, 0)
    if database is not None:
        with (home / "config" / "broker.yaml").open("a") as stream:
            stream.write(f"database: {database}\n")
    return cast


def turn(cast: Cast, logins: int) -> float:
    """Milliseconds of CPU a login."""
    before = cpu(cast.broker.pid)
    for _ in range(logins):
        fresh(cast)
    spent: float = cpu(cast.broker.pid) - before
    return spent / logins * 1000


# --- the directory ----------------------------------------------------------------------------------------------------


def fill(db: Database, size: int, now: int) -> None:
    """So many guests, the same for every size: only there are more of them."""
    chance = random.Random(1)
    made = [Group(id=new_id(), name=f"Group {n:05}", created_at=now) for n in range(size // IN_GROUP)]
    ruled = [
        Group(
            id=new_id(),
            name=f"Rule {n:03}",
            rule=f'partner = fabrikam and groups contains "team-{n}"',
            partner="fabrikam",
            created_at=now,
        )
        for n in range(RULES)
    ]
    with db.write() as tx:
        for group in (*made, *ruled):
            groups.add(tx, group)
            wish = Assignment(
                id=new_id(), principal=Principal.GROUP, holder=group.id, name="", application="payroll", role="", starts_at=now
            )
            assignments.put(tx, wish)
    with db.write() as tx:
        if db.dialect == "sqlite":
            tx.execute(text(f"PRAGMA cache_size = -{MEMORY}"))
        for begin in range(0, size, CHUNK):
            rows = [person(n, chance, now) for n in range(begin, min(begin + CHUNK, size))]
            tx.execute(insert(people), rows)
            tx.execute(insert(identities), [identity(row) for row in rows])
            tx.execute(insert(invitations), [invitation(row) for row in rows])
            tx.execute(insert(group_members), [membership(row, made[n % len(made)]) for n, row in enumerate(rows, begin)])
            tx.execute(insert(assignment_rows), [assignment(row) for row in rows[::10]])
        tx.execute(text("ANALYZE"))
    db.close()  # what was put into its cache is no help to those who ask next


def person(number: int, chance: random.Random, now: int) -> Row:
    """A guest, at a random place of the alphabet."""
    name = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6))
    partner = chance.randrange(PARTNERS)
    state = chance.choice(STATES)
    active = state == "active"
    return {
        "id": new_id(), "kind": "guest", "state": state, "email": f"{name}.{number}@p{partner}.example", "email_verified": True,
        "name": f"{name.title()} Guest", "folded_name": f"{name} guest", "language": "en", "partner": f"p{partner}",
        "sponsor": f"sponsor-{chance.randrange(SPONSORS)}@contoso.example", "profile": {"family_name": "Guest", "groups": ["staff"]},
        "created_at": now - 400 * DAY, "redeemed_at": now - 399 * DAY if active else None,
        "expires_at": now + chance.randrange(1, 365 * DAY) if active else None,
        "last_sign_in": now - chance.randrange(1, 300 * DAY) if active else None,
    }  # fmt: skip


def identity(row: Row) -> Row:
    """What its provider calls the guest."""
    issuer = f"https://login.{row['partner']}.example"
    return {
        "partner": row["partner"],
        "issuer": issuer,
        "subject": row["id"],
        "person_id": row["id"],
        "bound_at": row["created_at"],
    }


def invitation(row: Row) -> Row:
    """The one that the guest accepted."""
    return {
        "id": new_id(), "person_id": row["id"], "email": row["email"], "ticket": new_id(), "status": "redeemed", "redirect_url": "/",
        "application": "payroll", "language": "en", "message": "", "inviter": row["sponsor"], "created_at": row["created_at"],
        "expires_at": row["created_at"] + 30 * DAY, "redeemed_at": row["redeemed_at"],
    }  # fmt: skip


def membership(row: Row, group: Group) -> Row:
    """In one group."""
    return {"group_id": group.id, "person_id": row["id"], "since": row["created_at"]}


def assignment(row: Row) -> Row:
    """To the application by name."""
    return {
        "id": new_id(), "person_id": row["id"], "application": "payroll", "role": "", "starts_at": row["created_at"], "ends_at": None,
    }  # fmt: skip


# --- what is asked ----------------------------------------------------------------------------------------------------


def questions(broker: Broker) -> Iterator[tuple[str, Callable[[], object]]]:
    """What staff looks for."""
    now, guests = broker.core.clock(), broker.guests.directory
    known = guests.page(GuestFilter(state=GuestState.ACTIVE), limit=PAGE)
    middle, partner, sponsor = "m", known[0].partner, known[0].sponsor

    def page(after: str = "", **wanted: Any) -> Callable[[], object]:
        return lambda: guests.page(GuestFilter(**wanted), after=after, limit=PAGE)

    yield "list_first", page()
    yield "list_middle", page(after=middle)
    yield "list_state", page(state=GuestState.BLOCKED)
    yield "list_state_middle", page(after=middle, state=GuestState.ACTIVE)
    yield "list_partner", page(partner=partner)
    yield "list_sponsor", page(sponsor=sponsor)
    yield "list_partner_and_state", page(partner=partner, state=GuestState.ACTIVE)
    yield "list_expiring", page(expiring_before=now + 300 * DAY)
    yield "list_inactive", page(inactive_since=now - 30 * DAY)
    yield "list_without_sponsor", page(without_sponsor=True)
    yield "search_address", page(text=known[0].email[:6])
    yield "search_common", page(text="m")
    yield "search_name", page(name="m")
    yield "search_nobody", page(text="nobody@")
    yield "show_guest", lambda: guests.show(known[0].email)
    yield "show_group", lambda: broker.access.groups.show(ACTOR, "group 00007", limit=PAGE)
    yield "list_groups", lambda: broker.access.groups.listed(ACTOR, limit=PAGE)
    yield "list_assigned", lambda: broker.access.assignments.of_application(ACTOR, "payroll", limit=PAGE)
    with broker.core.db.read() as tx:
        guest = by_id(tx, known[0].id)
    assert guest is not None
    yield "own_account", lambda: broker.guests.self_service.of(guest)


def asked(brokers: dict[int, Broker], runs: int) -> dict[str, dict[int, float]]:
    """Median milliseconds of each question, asked of one directory after the other."""
    ready = {size: dict(questions(broker)) for size, broker in brokers.items()}
    found: dict[str, dict[int, float]] = {}
    for name in next(iter(ready.values())):
        times: dict[int, list[float]] = {size: [] for size in ready}
        for _ in range(runs):
            for size, ask in ready.items():
                started = time.perf_counter()
                ask[name]()
                times[size].append((time.perf_counter() - started) * 1000)
        found[name] = {size: round(statistics.median(each), 3) for size, each in times.items()}
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--logins", type=int, default=100)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--database")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    print(json.dumps({"load": os.getloadavg()[0], **run(sizes, given.logins, given.runs, given.database)}, indent=2))


if __name__ == "__main__":
    main()
