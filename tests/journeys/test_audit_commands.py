"""`broker audit verify` and `export`: what an auditor runs (LP-06, AD-09, HT-18)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

from broker.cli import broker
from broker.cli.audit import since
from broker.domain.audit import Actor, Event
from broker.services.history import audit
from broker.services.history.audit_export import COLUMNS, syslog_line
from broker.storage.tables import audit as events
from tests.clock import Clock
from tests.journeys.world import ADA, BO, SECRET, World, open_world

Run = Callable[..., Result]


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    """On SQLite and on PostgreSQL."""
    yield from open_world(tmp_path / "home", database_url, clock)


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker audit WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("broker.app.system_clock", world.clock)

    def call(*words: str) -> Result:
        return CliRunner().invoke(broker, ["audit", *words, "--home", str(world.home)])

    return call


def lines(result: Result) -> list[dict[str, Any]]:
    """The events of an export in JSON lines, without the anchor that stands at its end."""
    assert result.exit_code == 0, result.output
    return events_of([json.loads(line) for line in result.stdout.splitlines()])


def events_of(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the anchor, which is the last one where anything is chained."""
    assert all(event["name"] != "audit.anchor" for event in found[:-1])
    return found[:-1] if found and found[-1]["name"] == "audit.anchor" else found


def test_verify(world: World, run: Run) -> None:
    """LP-06: exit 0 and the end; after a change exit 1, one line that names the record; --anchor finds an end that was cut off."""
    assert "nothing is chained yet" in run("verify").stdout
    world.redeem(world.visitor())
    world.broker.operations.housekeeping.run()
    good = run("verify")
    assert good.exit_code == 0, good.output
    assert "are unaltered; 0 are not chained yet" in good.stdout
    end = good.stdout.splitlines()[1].removeprefix("end: ")
    found = json.loads(run("verify", "--json").stdout)
    assert (found["ok"], f"{found['last']}:{found['head']}") == (True, end)
    world.sign_in(world.visitor())
    world.broker.operations.housekeeping.run()
    assert run("verify", "--anchor", end).exit_code == 0
    forged = run("verify", "--anchor", f"{found['last']}:{'0' * 64}")
    assert (forged.exit_code, forged.stderr.count("\n")) == (1, 1)
    assert run("verify", "--anchor", "nonsense").exit_code == 2
    with world.broker.core.db.write() as tx:
        tx.execute(update(events).where(events.c.seq == 2).values(reason="nothing to see"))
    bad = run("verify")
    assert (bad.exit_code, bad.stderr.count("\n")) == (1, 1)
    assert "record 2 (id " in bad.stderr
    found = run("verify", "--json")
    assert (found.exit_code, json.loads(found.stdout)["record"]) == (1, 2)


def test_maintain_says_how_many(world: World) -> None:
    """`broker maintain --json` counts what was chained and what was removed."""
    world.redeem(world.visitor())
    done = world.broker.operations.housekeeping.run()
    assert done["audit_chained"] > 3
    assert done["audit_removed"] == 0
    assert world.broker.operations.housekeeping.run()["audit_chained"] == 0
    world.clock.advance(401 * 86_400)
    assert world.broker.operations.housekeeping.run()["audit_removed"] == done["audit_chained"]


def test_export(world: World, run: Run) -> None:
    """One object a line, oldest first, with personal values beside; --json one list."""
    world.redeem(world.visitor())
    world.broker.operations.housekeeping.run()
    found = lines(run("export"))
    assert [event["seq"] for event in found] == sorted(event["seq"] for event in found)
    assert {"invitation.created", "invitation.redeemed"} <= {event["name"] for event in found}
    (created,) = [event for event in found if event["name"] == "invitation.created"]
    assert created["at"].startswith("2027-01-15T08:")
    assert ADA.email in created["personal"].values()
    assert all(ADA.email not in json.dumps({**event, "personal": None}) for event in found)
    assert events_of(json.loads(run("export", "--json").stdout)) == found
    assert json.loads(run("export", "--json", "--since", "2100-01-01").stdout) == []
    assert run("export", "--since", "2100-01-01").stdout == ""


def test_export_filters(world: World, run: Run) -> None:
    """--since by age and by date, --person by address and by id; what is not understood is wrong usage."""
    world.redeem(world.visitor(ADA))
    world.clock.advance(86_400)
    world.redeem(world.visitor(BO))
    everything = lines(run("export"))
    newer = lines(run("export", "--since", "2027-01-16"))
    assert 0 < len(newer) < len(everything)
    assert lines(run("export", "--since", "2027-01-16T08:00:00Z")) == newer
    assert [since(age, 1_000_000) for age in ("3d", "12h", "5m", "900d")] == [740_800, 956_800, 999_700, 0]
    ada = lines(run("export", "--person", ADA.email))
    ids = {event["subject"] for event in ada} | {event["actor_id"] for event in ada}
    assert 0 < len(ada) < len(everything)
    (person,) = {event["subject"] for event in ada if event["name"] == "invitation.redeemed"}
    assert person in ids
    assert lines(run("export", "--person", person)) == ada
    assert not {event["id"] for event in ada} & {event["id"] for event in lines(run("export", "--person", BO.email))}
    nobody = run("export", "--person", "nobody@fabrikam.example")
    assert (nobody.exit_code, nobody.stderr.count("\n")) == (1, 1)
    for words in (["--since", "soon"], ["--csv", "--json"], ["--csv", "--syslog"]):
        assert run("export", *words).exit_code == 2


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", "＝1"])
def test_csv_holds_no_formula(world: World, run: Run, text: str) -> None:
    """AD-09: a cell that a spreadsheet would calculate begins with an apostrophe; line breaks and quotes stay inside their cell."""
    with world.broker.core.db.write() as tx:
        actor = Actor.person("x", address=text)
        audit.record(tx, Event(name="a.b", actor=actor, target=text, reason=f'a "quoted"\n{text}'), world.clock())
    found = run("export", "--csv")
    assert found.exit_code == 0, found.output
    head, *rows = list(csv.reader(io.StringIO(found.stdout, newline="")))
    assert tuple(head) == COLUMNS
    (row,) = [row for row in rows if row[2] == "a.b"]
    assert row[COLUMNS.index("target")] == f"'{text}"
    assert row[COLUMNS.index("reason")] == f'a "quoted"\n{text}'
    assert not [cell for line in rows for cell in line if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]


def test_of_somebody_who_was_deleted(world: World, run: Run) -> None:
    """LP-05: what is emptied is in no export; the events stay, and verify."""
    world.redeem(world.visitor())
    world.broker.operations.housekeeping.run()
    with world.broker.core.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM audit_personal")
    assert ADA.email not in run("export").stdout
    assert run("verify").exit_code == 0
    with world.broker.core.db.write() as tx:
        tx.execute(delete(events).where(events.c.seq == 1))
    assert "record 1 is missing" in run("verify").stderr


def test_an_export_for_syslog(world: World, run: Run) -> None:
    """RFC 5424 6: one line an event, audit and notice, with the event as JSON; what a reason holds makes no line of its own."""
    evil = "x\r\n<0>1 - FAKE\u2028"
    with world.broker.core.db.write() as tx:
        audit.record(tx, Event(name="guest.blocked", actor=Actor.command(), reason=evil), world.clock())
    found = run("export", "--syslog").stdout.splitlines()
    plain = [json.loads(line) for line in run("export").stdout.splitlines()]
    message = re.compile(r"<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [!-~]{1,255} guest-broker - ([!-~]{1,32}) - (\{.*\})", re.ASCII)
    taken = [match.groups() for match in map(message.fullmatch, found) if match]
    assert [(event["name"], event) for event in plain] == [(name, json.loads(text)) for name, text in taken]
    assert evil in [event["reason"] for event in plain]
    long = {**plain[0], "name": "x y" * 40}
    assert syslog_line(long, "").split(" ")[2:6] == ["-", "guest-broker", "-", "xy" * 16]
