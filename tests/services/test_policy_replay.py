"""The time machine over stored receipts: which count, in which batches, with how much memory, and a file that is none."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.assurance import SFA
from broker.domain.errors import Invalid
from broker.domain.gates import is_young
from broker.domain.guest import PersonKind
from broker.domain.policy import PersonSelector, Policy, Rulebook
from broker.domain.receipt import Outcome
from broker.domain.replay import PastSignIn, compare
from broker.services.policies.export import Export, lines
from broker.services.policies.replay import SHOWN, from_database, past_of, run, shown
from broker.storage.directory import people
from broker.storage.engine import Database
from broker.storage.login import receipts
from tests import factories
from tests.clock import START
from tests.domain.test_policy import ADA

BLOCK = Policy(id="block", include=PersonSelector(all_guests=True), block=True)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """On SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()


def past(count: int, persons: int = 3) -> Iterator[PastSignIn]:
    """Sign-ins of some people, one a second."""
    for n in range(count):
        yield PastSignIn(receipt=f"R{n}", at=START + n, person=f"person-{n % persons}", circumstances=ADA, acr=SFA, proof_age=n)


def test_which_receipts_count(database: Database) -> None:
    """Allowed ones and those that a policy refused; in the order of their times, in batches, none twice; no deleted person's."""
    with database.write() as tx:
        ada = factories.saved_person(tx, email="ada@fabrikam.example")
        gone = factories.saved_person(tx)
        blocked: dict[str, Any] = {"outcome": Outcome.BLOCKED, "error": "policy_blocked"}
        for n in range(7):
            receipts.save(tx, factories.receipt(person_id=ada.id, at=START + n // 2, request_id=f"ok-{n}"))
        receipts.save(tx, factories.receipt(person_id=ada.id, at=START + 9, request_id="no", reason="policy_error", **blocked))
        receipts.save(tx, factories.receipt(person_id=ada.id, at=START, outcome=Outcome.BLOCKED, error="not_assigned"))
        receipts.save(tx, factories.receipt(person_id=ada.id, at=START, outcome=Outcome.ABANDONED))
        receipts.save(tx, factories.receipt(at=START))
        receipts.save(tx, factories.receipt(person_id=gone.id, at=START))
        people.change(tx, gone.id, {"email": None, "state": "deleted"})
        assert len(receipts.judged(tx, (START, ""), limit=3)) == 3
    found = list(from_database(database, START))
    assert {sign_in.receipt for sign_in in found} == {*(f"ok-{n}" for n in range(7)), "no"}
    assert [sign_in.at for sign_in in found] == sorted(sign_in.at for sign_in in found)
    assert found[-1].blocked
    assert found[0].circumstances.guest == "ada@fabrikam.example"
    assert [sign_in.receipt for sign_in in from_database(database, START + 4)] == ["no"]


def test_a_long_replay(database: Database) -> None:
    """More sign-ins take no more memory; the newest references are kept, all are counted, and progress is told."""
    told: list[int] = []
    tracemalloc.start()
    report = run(Rulebook.of([BLOCK]), past(20_000), told.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert told[:2] + told[-1:] == [1000, 2000, 20_000]
    changes = shown(report, by_address=True)["newly_blocked"]
    assert [change["sign_ins"] for change in changes] == [6667, 6667, 6666]
    assert changes[0]["receipts"][:2] == ["R19998", "R19995"]
    assert {len(change["receipts"]) for change in changes} == {SHOWN}


def write(path: Path, *rows: str) -> Path:
    """A file of these lines."""
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_an_export_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Everything that policies look at comes back, the address as its network and the time as its hour."""
    file = write(tmp_path / "x", *lines(past(3), since=START, until=START + 10))
    export = Export(file)
    first = next(export.sign_ins(3600))
    assert export.marks is not None
    assert first.circumstances.guest == export.marks(ADA.guest)
    assert first.circumstances.address == "192.0.2.0/24"
    assert (first.circumstances.groups, first.acr, first.proof_age, first.receipt) == (ADA.groups, SFA, 0, "R0")
    assert len({sign_in.person for sign_in in export.sign_ins(3600)}) == 3
    assert first.at % 3600 == 0


HEAD, ROW, *_ = lines(past(1), since=START, until=START)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["{}"], "is no export"),
        ([""], "line 1: the line"),
        (["[]"], "line 1: the line"),
        ([HEAD.replace('"version": 1', '"version": 2')], "is no export of this version"),
        ([json.dumps(json.loads(HEAD) | {"marks": "zz"})], "line 1: marks"),
        ([json.dumps(json.loads(HEAD) | {"until": None})], "line 1: until"),
        ([HEAD, ROW, "{"], "line 3: the line"),
        ([HEAD, "7"], "line 2: the line"),
        *(([HEAD, json.dumps({k: v for k, v in json.loads(ROW).items() if k != name})], f"line 2: {name}") for name in json.loads(ROW)),
        ([HEAD, json.dumps(json.loads(ROW) | {"groups": [7]})], "line 2: groups"),
        ([HEAD, json.dumps(json.loads(ROW) | {"groups": "contractors"})], "line 2: groups"),
        ([HEAD, json.dumps(json.loads(ROW) | {"partner_mfa": "true"})], "line 2: partner_mfa"),
        ([HEAD, json.dumps(json.loads(ROW) | {"at": True})], "line 2: at"),
        ([HEAD, json.dumps(json.loads(ROW) | {"kind": "king"})], "line 2: kind"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export(tmp_path: Path, rows: list[str], said: str) -> None:
    """PO-05: one clear line with file and line, for wrong types too; nothing is taken for something else."""
    with pytest.raises(Invalid, match=said):
        list(Export(write(tmp_path / "x", *rows)).sign_ins(10**9))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """One clear line."""
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Invalid, match="cannot be read"):
            Export(path)


@given(
    asserted_now=st.booleans(), freshness_asked=st.booleans(), frequency=st.integers(1, 40), age=st.integers(-2, 60) | st.none()
)
def test_a_proof_is_as_old_as_the_gates_say(
    *, asserted_now: bool, freshness_asked: bool, frequency: int, age: int | None
) -> None:
    """PO-08: a sign-in that a frequency let in is not newly asked by the same frequency, to the second and with the same leeway."""
    facts = factories.facts(
        now=START + 5, started_at=START, asserted=True, asserted_now=asserted_now, freshness_asked=freshness_asked
    )
    began = facts.request.started_at if asserted_now else facts.now
    facts = factories.facts(facts, auth_time=None if age is None else began - age)
    then = past_of(factories.receipt(facts=facts.recorded()), "ada@fabrikam.example", PersonKind.GUEST)
    book = Rulebook.of([Policy(id="often", include=PersonSelector(all_guests=True), sign_in_frequency=frequency)])
    assert (compare(book, replace(then, circumstances=ADA)) is None) is is_young(facts, frequency)
