"""Numbers of changes: none is missed by a reader, however late its transaction commits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from broker.domain.changes import ChangePlace
from broker.domain.guest import Person
from broker.domain.ids import new_id
from broker.storage.directory import changes, erasure, groups, people
from broker.storage.directory.changes import GROUPS, PEOPLE
from broker.storage.engine import Database
from tests import factories
from tests.race import race


def added(database: Database, number: int) -> Person:
    person = replace(factories.person(), id=new_id(), email=f"guest{number}@fabrikam.example")
    with database.write() as tx:
        assert people.add(tx, person)
    return person


def beginning(database: Database) -> ChangePlace:
    with database.write() as tx:
        changes.give_numbers(tx, (*PEOPLE, *GROUPS))
        found = changes.counter(tx)
    assert found is not None
    return ChangePlace(history=found.history, number=changes.FIRST, row="", start=found.last)


def read_on(database: Database, place: ChangePlace) -> tuple[list[str], ChangePlace]:
    """The ids of people who changed after a place, in pages of 3, and the place behind them."""
    seen: list[str] = []
    while True:
        with database.write() as tx:
            changes.give_numbers(tx, PEOPLE)
        with database.read() as tx:
            found = changes.people_since(tx, place, 3)
        seen += [person.id for _, person in found]
        if found:
            place = replace(place, number=found[-1][0], row=found[-1][1].id)
        if len(found) < 3:
            return seen, place


def test_each_change_is_read_once(database: Database):
    """Everybody at the beginning, then who has changed: each once, whatever else happened in between."""
    crowd = [added(database, number) for number in range(7)]
    seen, place = read_on(database, beginning(database))
    assert sorted(seen) == sorted(one.id for one in crowd)
    assert read_on(database, place)[0] == []
    with database.write() as tx:
        people.change(tx, crowd[0].id, {"name": "Another"})
        people.change(tx, crowd[0].id, {"language": "nl"})
        people.change(tx, crowd[1].id, {"last_sign_in": 1, "due_at": 2})  # nothing that a program is shown
        erasure.forget(tx, crowd[2], [])
    newer = added(database, 9)
    seen, place = read_on(database, place)
    assert sorted(seen) == sorted([crowd[0].id, crowd[2].id, newer.id])
    assert read_on(database, place)[0] == []


def test_a_late_commit_is_not_missed(database: Database):
    """A transaction that began first and commits last is read after its commit, on PostgreSQL while a later one was read before."""
    early, late = added(database, 1), added(database, 2)
    _, place = read_on(database, beginning(database))
    if database.dialect == "sqlite":  # one writer: the next one waits, so nothing can overtake
        with database.write() as tx:
            people.change(tx, late.id, {"name": "Late"})
            with database.read() as other:
                assert changes.people_since(other, place, 3) == []
        assert read_on(database, place)[0] == [late.id]
        return
    with database.write() as tx:
        people.change(tx, late.id, {"name": "Late"})
        with database.write() as other:
            people.change(other, early.id, {"name": "Early"})
        seen, place = read_on(database, place)  # does not wait for the row that is held
        assert seen == [early.id]
    seen, place = read_on(database, place)
    assert seen == [late.id]
    assert read_on(database, place)[0] == []


def test_writers_and_readers_at_once(database: Database):
    """Readers that follow the changes of eight writers see every last name, and numbers are given by one at a time."""
    crowd = [added(database, number) for number in range(8)]
    start = beginning(database)

    def write(number: int) -> None:
        for step in range(4):
            with database.write() as tx:
                people.change(tx, crowd[number].id, {"name": f"{number}/{step}"})

    done = Event()

    def follow(_number: int) -> dict[str, str]:
        place, names = start, dict[str, str]()
        while True:
            last = done.is_set()
            with database.read() as tx:
                behind = changes.is_behind(tx, PEOPLE)
            if behind:
                with database.write() as tx:
                    changes.give_numbers(tx, PEOPLE)
            with database.read() as tx:
                found = changes.people_since(tx, place, 5)
            names |= {person.id: person.name for _, person in found}
            if found:
                place = replace(place, number=found[-1][0], row=found[-1][1].id)
            elif last:
                return names

    with ThreadPoolExecutor(max_workers=2) as pool:
        readers = [pool.submit(follow, number) for number in range(2)]
        try:
            race(write, len(crowd))
        finally:
            done.set()
        for reader in readers:
            assert reader.result(timeout=60) == {one.id: f"{number}/3" for number, one in enumerate(crowd)}


def test_groups_that_are_gone(database: Database):
    """A group that is deleted is read as gone; one that is renamed as it is now."""
    kept, gone = factories.group(name="Kept"), factories.group(id=new_id(), name="Gone")
    with database.write() as tx:
        assert groups.add(tx, kept)
        assert groups.add(tx, gone)
    place = beginning(database)
    with database.write() as tx:
        found = changes.groups_since(tx, place, 10)
        assert {row for _, row, _ in found} == {kept.id, gone.id}
        place = replace(place, number=found[-1][0], row=found[-1][1])
        assert groups.remove(tx, gone.id)
        assert not groups.remove(tx, gone.id)
        groups.change(tx, replace(kept, name="Renamed"), empty=False)
        changes.give_numbers(tx, GROUPS)
        found = changes.groups_since(tx, place, 10)
    assert {row: group.name if group else None for _, row, group in found} == {gone.id: None, kept.id: "Renamed"}


def test_a_restored_database_has_another_history(database: Database):
    """Places of before a restore are void."""
    place = beginning(database)
    with database.write() as tx:
        changes.begin_anew(tx)
        found = changes.counter(tx)
    assert found is not None
    assert found.history != place.history
