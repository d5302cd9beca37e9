"""HP-42, HP-51, HT-15, CF-08: the ring as processes share it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from broker.domain.audit import Actor
from broker.keyring.create import SIGNING, new_records
from broker.keyring.errors import KeyFileError
from broker.keyring.ring import KEEP, OVERLAP, KeyRecord
from broker.keyring.seal import Sealer
from broker.services.keys.ring import LOOK_EVERY, Keys
from broker.storage.engine import Database
from broker.storage.history import audit
from broker.storage.partners import signing_keys as rows
from tests.clock import START, Clock
from tests.keyring.conftest import roots
from tests.race import race

ACTOR = Actor.command("test")

ALGS = ("ES256", "EdDSA", "PS256", "RS256")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Each test once on SQLite and once on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def node(database: Database, sealer: Sealer, clock: Clock, records: tuple[KeyRecord, ...]) -> Keys:
    """One process on a database that has its first ring (made once for all tests: RSA keys take a while)."""
    with database.write() as tx:
        for record in records:
            if record.use == "sig":
                rows.add(tx, asdict(record))
    return Keys(database, sealer, clock)


def another(database: Database, sealer: Sealer, clock: Clock) -> Keys:
    """Another process on the same database."""
    return Keys(database, sealer, clock)


def states(keys: Keys) -> dict[str, list[str]]:
    """Algorithm -> the states of its keys."""
    found: dict[str, list[str]] = {}
    for info in keys.list():
        found.setdefault(info.alg, []).append(info.state)
    return {alg: sorted(values) for alg, values in found.items()}


def every(*found: str) -> dict[str, list[str]]:
    """The same states for each algorithm."""
    return {alg: list(found) for alg in ALGS}


def events(database: Database, name: str) -> list[dict[str, Any]]:
    """The audit's rows of a name."""
    with database.read() as tx:
        return audit.newest(tx, name=name)


def test_the_first_ring(database: Database, sealer: Sealer, clock: Clock) -> None:
    """HP-42, HP-51: four signing keys, active at once, RS256 among them; made once; audited with ids and words only."""
    node = another(database, sealer, clock)
    assert node.ensure(ACTOR)
    assert states(node) == every("active")
    assert not node.ensure(ACTOR)
    assert [key["alg"] for key in node.ring().jwks(clock())["keys"]] == [alg for _, alg in SIGNING]
    made = events(database, "keys.created")
    assert {row["target"] for row in made} == {info.kid for info in node.list()}
    assert {row["actor_id"] for row in made} == {"test"}
    assert all(row["data"].keys() == {"use", "alg", "active_from"} for row in made)


def test_nodes_that_start_at_the_same_time_make_one_ring(database: Database, sealer: Sealer, clock: Clock) -> None:
    """CF-08: the first ring is made once, whoever comes first."""
    made = race(lambda _: another(database, sealer, clock).ensure(ACTOR), 3)
    assert sorted(made) == [False, False, True]
    assert states(another(database, sealer, clock)) == every("active")


def test_rotation_with_overlap(node: Keys, clock: Clock) -> None:
    """HP-51: the new keys are in the JWKS at once and sign after the overlap; the old ones leave it at last."""
    old = {alg: node.ring().signing(alg, clock()).kid for alg in ALGS}
    clock.advance(100)
    added = node.rotate(ACTOR, now_active=False)
    assert {record.alg for record in added} == set(ALGS)
    assert len(node.ring().jwks(clock())["keys"]) == 8
    assert states(node) == every("active", "next")
    assert {alg: node.ring().signing(alg, clock()).kid for alg in ALGS} == old
    clock.advance(OVERLAP)
    assert {alg: node.ring().signing(alg, clock()).kid for alg in ALGS} == {record.alg: record.kid for record in added}
    assert states(node) == every("active", "retired")
    assert {info.retired_at for info in node.list() if info.state == "retired"} == {START + 100 + OVERLAP}
    clock.advance(KEEP - 1)
    assert len(node.ring().jwks(clock())["keys"]) == 8
    clock.advance(1)
    assert {key["kid"] for key in node.ring().jwks(clock())["keys"]} == {record.kid for record in added}
    assert {info.published for info in node.list() if info.state == "retired"} == {False}
    assert len(node.ring().public_keys()) == 8


def test_a_rotation_under_way_is_not_begun_again(node: Keys, clock: Clock, database: Database, sealer: Sealer) -> None:
    """CF-08: two nodes' schedules at the same time, or a second command, add nothing until the first has taken over."""
    race(lambda _: another(database, sealer, clock).rotate(ACTOR, now_active=False), 3)
    assert states(node) == every("active", "next")
    assert node.rotate(ACTOR, now_active=False) == ()
    clock.advance(OVERLAP)
    assert len(node.rotate(ACTOR, now_active=False)) == 4
    assert states(node) == every("active", "next", "retired")


def test_two_nodes_rotate_now_at_the_same_time(node: Keys, database: Database, sealer: Sealer, clock: Clock) -> None:
    """CF-08: one active key an algorithm, which every node publishes and signs with within 10 s."""
    nodes = [another(database, sealer, clock) for _ in range(3)]
    for one in nodes:
        one.ring()
    clock.advance(1)
    race(lambda number: nodes[number].rotate(ACTOR, now_active=True), 3)
    clock.advance(10)
    rings = [one.ring() for one in [*nodes, node]]
    for alg in ALGS:
        (kid,) = {ring.signing(alg, clock()).kid for ring in rings}
        assert all(kid in {key["kid"] for key in ring.jwks(clock())["keys"]} for ring in rings)
        assert states(node)[alg] == ["active", "retired", "retired", "retired"]


def test_rotate_now_withdraws_what_waits(node: Keys, clock: Clock, database: Database) -> None:
    """HP-51: with --now the new key signs at once, and a key that waited never takes over."""
    waiting = {record.kid for record in node.rotate(ACTOR, now_active=False)}
    clock.advance(1)
    fresh = {record.alg: record.kid for record in node.rotate(ACTOR, now_active=True)}
    for seconds in (0, OVERLAP, KEEP):
        clock.advance(seconds)
        assert {alg: node.ring().signing(alg, clock()).kid for alg in ALGS} == fresh
    assert {info.state for info in node.list() if info.kid in waiting} == {"retired"}
    assert len(events(database, "keys.rotated")) == 8


def test_the_last_command_wins_whatever_the_clocks_say(node: Keys, database: Database, sealer: Sealer, clock: Clock) -> None:
    """CF-08, HP-51: --now twice in one second, then by a node whose clock is behind: the newest key signs, on every node."""
    behind = another(database, sealer, Clock(clock() - 3))
    for keys in (node, node, behind):
        added = {record.alg: record.kid for record in keys.rotate(ACTOR, now_active=True)}
        ring = another(database, sealer, clock).ring()
        assert {alg: ring.signing(alg, clock()).kid for alg in ALGS} == added


def test_every_process_sees_a_new_ring_within_seconds(node: Keys, database: Database, sealer: Sealer, clock: Clock) -> None:
    """HT-15: a process asks for the version at most every 5 s, by one statement, and keeps what it has loaded."""
    other = another(database, sealer, clock)
    key = other.ring().signing("RS256", clock())
    statements: list[str] = []
    for engine in {database.reader, database.writer}:
        event.listen(engine, "before_cursor_execute", lambda _c, _cur, text, *_rest: statements.append(text))
    for _ in range(10):
        other.ring()
    assert statements == []
    clock.advance(LOOK_EVERY)
    before = other.ring()
    assert len([text for text in statements if "SELECT" in text]) == 1
    other.ring()
    assert len([text for text in statements if "SELECT" in text]) == 1
    node.rotate(ACTOR, now_active=False)
    assert other.ring() is before
    clock.advance(LOOK_EVERY)
    after = other.ring()
    assert len(after.jwks(clock())["keys"]) == 8
    assert after.signing("RS256", clock()) is key
    assert len(before.jwks(clock())["keys"]) == 4  # HT-10: what a request holds does not change under it


def test_a_clock_that_went_back_looks_anew(node: Keys, database: Database, sealer: Sealer, clock: Clock) -> None:
    """HT-15: a corrected clock does not freeze the ring."""
    other = another(database, sealer, clock)
    other.ring()
    node.rotate(ACTOR, now_active=False)
    clock.advance(-1000)
    assert len(other.ring().records) == 8


def test_threads_share_one_look(node: Keys, database: Database, sealer: Sealer, clock: Clock) -> None:
    """The first ring is loaded once; afterwards nobody waits for somebody else's look."""
    other = another(database, sealer, clock)
    assert len({id(ring) for ring in race(lambda _: other.ring(), 8)}) == 1
    clock.advance(LOOK_EVERY)
    with other._lock:
        assert other.ring() is not None


def test_a_ring_that_does_not_open_refuses_the_start(node: Keys, database: Database, clock: Clock) -> None:
    """CF-03: no root key that lies here opens the ring: one line, at the first use."""
    stranger = Keys(database, Sealer(roots(7)), clock)
    with pytest.raises(KeyFileError, match="is not here; put its file back"):
        stranger.ring()
    with pytest.raises(KeyFileError):
        stranger.ensure(ACTOR)  # what `serve` and `keys init` call
    assert states(stranger) == every("active")  # `keys list` still tells what is there


def problem(node: Keys) -> str:
    """What /readyz would say."""
    return node.problem or ""


def test_a_bad_ring_never_replaces_a_good_one(
    node: Keys, database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """HT-15, HP-42: a node that lacks the newest root goes on with what it has, and says so; it recovers by itself."""
    good = node.ring()
    newer = Sealer(roots(1, 2))
    assert problem(node) == ""
    Keys(database, newer, clock).rotate(ACTOR, now_active=True)
    clock.advance(LOOK_EVERY)
    assert node.ring() is good
    assert "which is not here" in problem(node)
    assert "keys.ring_refused" in caplog.text
    with database.write() as tx:
        for row in rows.listed(tx):
            if row["sealed"].split(".")[1] == f"{2:016x}":
                rows.change(tx, row["kid"], retired_at=0, active_from=0)
    clock.advance(KEEP + LOOK_EVERY)
    assert node.ring() is not good
    assert problem(node) == ""


def test_a_row_that_somebody_slipped_in(node: Keys, database: Database, clock: Clock) -> None:
    """HP-42: with write access to the table but no root key, nobody publishes or uses a key of his own."""
    node.ring()
    (foreign,) = new_records(clock() - 5, Sealer(roots(9)), now_active=True, algs=[("sig", "ES256")])
    with database.write() as tx:
        rows.add(tx, asdict(foreign))
    clock.advance(LOOK_EVERY)
    assert foreign.kid not in str(node.ring().jwks(clock()))
    assert "which is not here" in problem(node)


def test_the_root_folder_of_the_ring(database: Database, clock: Clock, tmp_path: Path) -> None:
    """The whole way over files: a root key made here opens the ring that it sealed."""
    from broker.keyring.root import create_root, load_roots

    create_root(tmp_path / "keys")
    keys = Keys(database, Sealer(load_roots(tmp_path / "keys")), clock)
    keys.ensure(ACTOR)
    create_root(tmp_path / "keys")
    again = Keys(database, Sealer(load_roots(tmp_path / "keys")), clock)
    assert again.ring().signing("EdDSA", clock()).kid == keys.ring().signing("EdDSA", clock()).kid
