"""FA-09: an old sealed anchor put back and the tail deleted, with access to the database alone: what was seen outside of it tells."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, select, update

from broker.app import build
from broker.cli import broker
from broker.storage.tables import audit, audit_anchor
from tests.journeys.world import ADA, BO, SECRET, World

Run = Callable[..., Result]


@pytest.fixture
def run(both: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("broker.app.system_clock", both.clock)

    def call(*words: str, home: Path | None = None) -> Result:
        return CliRunner().invoke(broker, [*words, "--home", str(home or both.home)])

    return call


def sealed(world: World) -> str:
    """The anchor as it stands."""
    with world.broker.core.db.read() as tx:
        return str(tx.execute(select(audit_anchor.c.sealed)).scalar_one())


def put_back(world: World, run: Run) -> tuple[int, str]:
    """Two stretches of events are chained; then the tail goes and the anchor of the first stretch is put back. What was its end."""
    world.redeem(world.visitor())
    world.broker.operations.housekeeping.run()
    first, old = json.loads(run("audit", "verify", "--json").stdout), sealed(world)
    world.redeem(world.visitor(BO))
    world.broker.operations.housekeeping.run()
    end = json.loads(run("audit", "verify", "--json").stdout)
    with world.broker.core.db.write() as tx:
        tx.execute(delete(audit).where(audit.c.seq > first["last"]))
        tx.execute(delete(audit).where(audit.c.seq.is_(None)))
        tx.execute(update(audit_anchor).values(sealed=old))
    return end["last"], end["head"]


def test_fa_09_the_tail_cut_off_behind_an_old_anchor(both: World, run: Run) -> None:
    """The attack: `verify` exits 0. Now the end that this machine saw last is missing, by the file under var/ alone."""
    last, head = put_back(both, run)
    kept = both.home / "var" / "audit-head"
    assert kept.read_text("utf-8") == f"{last}:{head}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    found = run("audit", "verify")
    assert (found.exit_code, f"there were {last} before" in found.stderr) == (1, True)


def test_fa_09_a_running_process_alarms_by_itself(both: World, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Each process remembers: log and audit say once that the anchor went back, and the figure stays until it is accepted."""
    last, head = put_back(both, run)
    (both.home / "var" / "audit-head").unlink()  # memory alone
    with caplog.at_level(logging.INFO):
        done = [both.broker.history.audit_chain.watch() for _ in range(3)]
    assert done == [1, 1, 1]
    [line] = [record.getMessage() for record in caplog.records if "went_back" in record.getMessage()]
    assert f"seen={last}:{head}" in line
    with both.broker.core.db.read() as tx:
        [data] = tx.execute(select(audit.c.data).where(audit.c.name == "audit.went_back")).scalars()
    assert data["seen"] == last
    assert both.broker.operations.housekeeping.run()["audit_went_back"] == 1  # new events behind the old end do not make it good
    assert both.broker.operations.housekeeping.run()["audit_went_back"] == 1


def test_fa_09_the_whole_chain_begun_again(both: World, run: Run) -> None:
    """Every row and the anchor deleted: the new chain verifies by itself, and is not the one that was seen."""
    put_back(both, run)
    with both.broker.core.db.write() as tx:
        tx.execute(delete(audit))
        tx.execute(delete(audit_anchor))
    for _ in range(4):
        both.sign_in(both.visitor(ADA))
        both.broker.operations.housekeeping.run()
    assert run("audit", "verify").exit_code == 1
    assert both.broker.history.audit_chain.watch() == 1


def test_fa_09_an_end_that_was_kept_elsewhere(both: World, run: Run, tmp_path: Path) -> None:
    """`--anchor FILE`: kept output, the file of another node, or log lines; every end in it must still be so."""
    last, head = put_back(both, run)
    (both.home / "var" / "audit-head").unlink()
    assert run("audit", "verify").exit_code == 0  # nothing outside the database is left: this is what cannot be seen
    kept = tmp_path / "ends.txt"
    kept.write_text(f"2027-01-15 INFO audit.head 1:{'0' * 64}\nend: {last}:{head}\n", "utf-8")
    (both.home / "var" / "audit-head").unlink(missing_ok=True)
    assert run("audit", "verify", "--anchor", str(kept)).exit_code == 1
    kept.write_text("nothing here\n", "utf-8")
    assert run("audit", "verify", "--anchor", str(kept)).exit_code == 2


def test_fa_09_another_process_of_the_machine(both: World, run: Run) -> None:
    """A process that starts later knows the end by the file; what it saw is good, and no alarm."""
    both.redeem(both.visitor())
    both.broker.operations.housekeeping.run()
    other = build(both.home, environ={"SECRET": SECRET}, clock=both.clock)
    assert other.history.audit_chain.watch() == 0
    both.sign_in(both.visitor(ADA))
    both.broker.operations.housekeeping.run()
    assert other.history.audit_chain.watch() == 0
    both.clock.advance(401 * 86_400)
    both.broker.operations.housekeeping.run()  # what is removed as old is no step back
    assert other.history.audit_chain.watch() == 0
    assert run("audit", "verify").exit_code == 0
    other.close()


def test_fa_09_a_restore_on_purpose(both: World, run: Run) -> None:
    """`broker db restored` accepts the state: the file goes, and a new process starts from what stands there."""
    put_back(both, run)
    assert run("db", "restored").exit_code == 0
    assert run("audit", "verify").exit_code == 0
    fresh = build(both.home, environ={"SECRET": SECRET}, clock=both.clock)
    assert fresh.history.audit_chain.watch() == 0
    fresh.close()


# --- an export, without the database ---------------------------------------------------------------------------------


def exported(world: World, run: Run, path: Path, *words: str) -> list[dict[str, Any]]:
    """An export in a file, and its lines."""
    world.redeem(world.visitor())
    world.sign_in(world.visitor())
    world.broker.operations.housekeeping.run()
    result = run("audit", "export", *words)
    path.write_text(result.stdout, "utf-8")
    return [json.loads(line) for line in result.stdout.splitlines()]


def with_keys(world: World, run: Run, path: Path, *words: str) -> Result:
    """Judged with the root key at hand."""
    return run("audit", "verify", "--file", str(path), *words)


def without(run: Run, path: Path, tmp_path: Path, *words: str) -> Result:
    """Judged by somebody who has the file and nothing else."""
    (tmp_path / "auditor").mkdir(exist_ok=True)
    return run("audit", "verify", "--file", str(path), *words, home=tmp_path / "auditor")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_export_is_judged_without_the_database(both: World, run: Run, tmp_path: Path, form: list[str]) -> None:
    """LP-06: with the key every event is as it was written; without it links and ends, and the output says no more than that."""
    path = tmp_path / "audit.jsonl"
    both.redeem(both.visitor())
    both.broker.operations.housekeeping.run()
    path.write_text(run("audit", "export", *form).stdout, "utf-8")
    end = json.loads(run("audit", "verify", "--json").stdout)
    known = f"{end['last']}:{end['head']}"
    full = with_keys(both, run, path, "--anchor", known)
    assert (full.exit_code, "are unaltered" in full.stdout, f"end: {known}" in full.stdout) == (0, True, True)
    bare = without(run, path, tmp_path, "--anchor", known)
    assert (bare.exit_code, "not proven" in bare.stdout) == (0, True)
    assert json.loads(without(run, path, tmp_path, "--json").stdout)["proven"] == "links"
    assert without(run, path, tmp_path, "--anchor", f"{end['last']}:{'0' * 64}").exit_code == 1


def called_one_persons(lines: list[dict[str, Any]]) -> None:
    """An event is taken out, and the file says that it is of one person, who has gaps."""
    lines[-1]["data"]["person"] = True
    lines.pop(2)


Change = Callable[[list[dict[str, Any]]], object]
CHANGES: dict[str, tuple[Change, bool]] = {  # what is done to the file -> whether it shows without the key, too
    "reason": (lambda lines: lines[2].update(reason="nothing to see"), False),
    "time": (lambda lines: lines[2].update(at="2027-01-15T07:00:00Z"), False),
    "data": (lambda lines: lines[2].update(data={"x": 1}), False),
    "chain": (lambda lines: lines[2].update(chain="0" * 64), True),
    "removed": (lambda lines: lines.pop(2), True),
    "doubled": (lambda lines: lines.insert(2, lines[2]), True),
    "exchanged": (lambda lines: lines.insert(2, lines.pop(3)), True),
    "anchor": (lambda lines: lines.pop(), True),
    "tail": (lambda lines: lines.pop(-2), False),
    "called one person's": (called_one_persons, True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_export_that_was_altered(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str) -> None:
    """LP-06: with the key every change is found; without it those of numbers and links, and none of what an event says."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("broker.app.system_clock", world.clock)

    def run(*words: str, home: Path | None = None) -> Result:
        return CliRunner().invoke(broker, [*words, "--home", str(home or world.home)])

    path = tmp_path / "audit.jsonl"
    lines = exported(world, run, path)
    end = next(f"{event['seq']}:{event['chain']}" for event in reversed(lines) if event["seq"])
    act, shows = CHANGES[change]
    act(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = with_keys(world, run, path)
    assert (found.exit_code, found.stderr.count("\n")) == (1, 1), found.output
    assert (without(run, path, tmp_path).exit_code == 1) is shows
    if change == "tail":  # an end that was told before is what shows it without the key
        assert without(run, path, tmp_path, "--anchor", end).exit_code == 1


def test_an_export_for_one_person_or_since(both: World, run: Run, tmp_path: Path) -> None:
    """A part of the audit is judged event by event: the numbers between them are of others, and are counted."""
    path = tmp_path / "audit.jsonl"
    both.redeem(both.visitor())
    both.redeem(both.visitor(BO))  # his events lie between hers
    exported(both, run, path, "--person", ADA.email)
    found = json.loads(with_keys(both, run, path, "--one-person", "--json").stdout)
    assert (found["ok"], found["proven"], found["gaps"] > 0) == (True, "content", True)
    assert "--one-person" in with_keys(both, run, path).stderr
    both.clock.advance(3600)
    exported(both, run, path, "--since", "2027-01-15T08:30:00Z")
    found = json.loads(with_keys(both, run, path, "--json").stdout)
    assert (found["ok"], found["first"] > 1, found["gaps"]) == (True, True, 0)
    assert found["older"] == found["first"] - 1
    assert "older records of the chain are not in the file" in with_keys(both, run, path).stdout


def test_what_is_no_export(both: World, run: Run, tmp_path: Path) -> None:
    """A table, a text, an empty file: one clear line, exit status 1."""
    path = tmp_path / "audit.csv"
    for text in (run("audit", "export", "--csv").stdout or "a,b\n", "hello\n", "", "[1]\n"):
        path.write_text(text, "utf-8")
        found = with_keys(both, run, path)
        assert (found.exit_code, found.stderr.count("\n")) == (1, 1), text[:20]
