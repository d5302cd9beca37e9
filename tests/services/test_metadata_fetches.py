"""Who read our SAML metadata since our keys changed: what is noted, and what doctor makes of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from broker.domain.audit import Actor
from broker.keyring.create import ENCRYPTION, SAML
from broker.services.doctor import Finding, Level
from broker.services.doctor.rollover import Rollover
from broker.storage.partners import metadata_readers
from broker.storage.tables import metadata_fetches as table
from broker.web import create_web
from tests.clock import Clock
from tests.journeys.saml_world import WILL, SamlWorld, saml_world
from tests.journeys.world import open_world

DAY, HOUR = 86_400, 3_600
OWN, COMMON = "/saml/woodgrove/metadata", "/saml/metadata"


@pytest.fixture
def woodgrove(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[SamlWorld]:
    """Contoso's world with a partner over SAML, on SQLite and on PostgreSQL."""
    for world in open_world(tmp_path / "home", database_url, clock):
        with saml_world(world) as found:
            found.file()
            world.broker.keys.ensure(Actor.system(), [SAML])
            yield found


def read(at: SamlWorld, path: str = OWN, address: str = "203.0.113.7", method: str = "GET") -> int:
    """Somebody reads our metadata; the status, when all that follows the answer is done."""
    client = create_web(at.world.broker).test_client()
    answer = client.open(path, method=method, base_url=at.world.url, environ_base={"REMOTE_ADDR": address}, buffered=True)
    answer.close()
    return answer.status_code


def rows(at: SamlWorld, partner: str = "woodgrove") -> list[metadata_readers.MetadataFetch]:
    """What is noted of a partner."""
    with at.world.broker.core.db.read() as tx:
        return metadata_readers.of(tx, partner)


def found(at: SamlWorld, check: str, partner: str = "woodgrove") -> list[Finding]:
    """Doctor's findings of one kind, without a visit."""
    report = at.world.broker.doctor.examine(partner, offline=True)
    return [finding for finding in report.findings if finding.check == check]


def rotate(at: SamlWorld, pair: tuple[str, str] = SAML, *, at_once: bool = False) -> str:
    """A new key; its kid."""
    (record,) = at.world.broker.keys.rotate(Actor.system(), now_active=at_once, of=(pair,))
    return record.kid


def test_never_read(woodgrove: SamlWorld) -> None:
    """Nothing is claimed, and where no key changed, nothing is asked for."""
    (finding,) = found(woodgrove, "own_metadata")
    assert finding.level is Level.OK
    assert "was never read" in finding.seen
    assert found(woodgrove, "own_keys") == found(woodgrove, "rotation") == []


def test_read_at_the_partners_own_address(woodgrove: SamlWorld) -> None:
    """The time and the network, never the whole address, and that anybody may have been it."""
    assert read(woodgrove) == 200
    (noted,) = rows(woodgrove)
    assert (noted.network, noted.at, noted.encryption) == ("203.0.113.0/24", woodgrove.world.clock(), "")
    (finding,) = found(woodgrove, "own_metadata")
    assert f"{woodgrove.world.url}{OWN} was last read 2027-01-15T08:00:00Z from 203.0.113.0/24" in finding.seen
    assert "anybody may read it" in finding.seen


def test_the_common_document_tells_of_nobody(woodgrove: SamlWorld) -> None:
    """`/saml/metadata` is the same for all: it is told, and counts for no partner."""
    read(woodgrove, COMMON)
    rotate(woodgrove)
    woodgrove.world.clock.advance(HOUR)
    read(woodgrove, COMMON)
    assert rows(woodgrove) == []
    (finding,) = found(woodgrove, "own_metadata")
    assert "was never read" in finding.seen
    assert "nobody knows" in finding.seen
    assert found(woodgrove, "own_keys")[0].level is Level.WARNING


def rehearsed(at: SamlWorld) -> list[Rollover]:
    """What would happen at the next change of keys."""
    partner = at.world.broker.core.settings().partners["woodgrove"]
    return [one.what for one in at.world.broker.doctor.rehearse(partner)]


def test_the_next_change_of_keys_rehearsed(woodgrove: SamlWorld) -> None:
    """SL-13: never read, planned and not read, and read in time; the partner's own key is looked up at its address."""
    assert rehearsed(woodgrove) == [Rollover.THEIR_KEYS_UNREAD, Rollover.OUR_NEXT_NEVER_READ]
    woodgrove.world.redeem(woodgrove.world.visitor(WILL))
    assert rehearsed(woodgrove)[0] is Rollover.THEIR_NEXT_FETCHED
    read(woodgrove)
    assert rehearsed(woodgrove)[1] is Rollover.OUR_NEXT_LATER
    rotate(woodgrove)
    assert rehearsed(woodgrove)[1] is Rollover.OUR_NEXT_UNREAD
    read(woodgrove)
    assert rehearsed(woodgrove)[1] is Rollover.OUR_NEXT_READ
    woodgrove.file(sign_requests=False)
    assert rehearsed(woodgrove)[1] is Rollover.OUR_KEYS_UNUSED


def test_one_row_an_hour(woodgrove: SamlWorld) -> None:
    """HT-13: a monitor that reads every minute writes once an hour; a HEAD shows nobody a key."""
    written: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        written.append(statement) if statement.startswith("INSERT INTO metadata_fetches") else None

    event.listen(woodgrove.world.broker.core.db.writer, "before_cursor_execute", note)
    read(woodgrove, method="HEAD")
    assert written == []
    first = woodgrove.world.clock()
    for _ in range(59):
        read(woodgrove)
        woodgrove.world.clock.advance(60)
    assert len(written) == 1
    assert [row.at for row in rows(woodgrove)] == [first]
    woodgrove.world.clock.advance(60)
    read(woodgrove)
    assert len(written) == 2
    assert [row.at for row in rows(woodgrove)] == [first + HOUR]


def test_a_new_key_is_noted_within_the_hour(woodgrove: SamlWorld) -> None:
    """What was read before the change does not hide what is read after it."""
    read(woodgrove)
    kid = rotate(woodgrove)
    read(woodgrove)
    assert [row.signing for row in rows(woodgrove)] == [kid]


def test_capped(woodgrove: SamlWorld) -> None:
    """HT-13: the newest eight networks of a partner, and no more writes than that in an hour."""
    for number in range(20):
        read(woodgrove, address=f"203.0.{number}.7")
    assert [row.network for row in rows(woodgrove)] == sorted(f"203.0.{number}.0/24" for number in range(8))
    woodgrove.world.clock.advance(HOUR)
    read(woodgrove, address="2001:db8:1:2::3")
    kept = rows(woodgrove)
    assert len(kept) == 8
    assert kept[0].network == "2001:db8:1::/48"
    with woodgrove.world.broker.core.db.read() as tx:
        assert tx.execute(select(func.count()).select_from(table)).scalar_one() == 8


def test_only_partners_of_the_files(woodgrove: SamlWorld) -> None:
    """An address that no file gives makes no row."""
    assert read(woodgrove, "/saml/nobody/metadata") == 404
    assert read(woodgrove, "/saml/fabrikam/metadata") == 404
    assert rows(woodgrove, "nobody") == rows(woodgrove, "fabrikam") == []


def test_metadata_never_fails_for_it(woodgrove: SamlWorld, caplog: pytest.LogCaptureFixture) -> None:
    """A database that refuses is one line in the log; the document is served."""
    with woodgrove.world.broker.core.db.write() as tx:
        tx.exec_driver_sql("ALTER TABLE metadata_fetches RENAME TO elsewhere")
    try:
        with caplog.at_level(logging.WARNING):
            assert read(woodgrove) == 200
        assert "saml.metadata_fetch_not_noted error=" in caplog.text
        assert "203.0.113" not in caplog.text
    finally:
        with woodgrove.world.broker.core.db.write() as tx:
            tx.exec_driver_sql("ALTER TABLE elsewhere RENAME TO metadata_fetches")


def test_rotation(woodgrove: SamlWorld) -> None:
    """Next: a warning until the new key was read at this partner's address; then who has it and who has not."""
    woodgrove.file(partner="timber", domain="timber.example")
    read(woodgrove)
    woodgrove.world.clock.advance(HOUR)
    kid = rotate(woodgrove)
    (finding,) = found(woodgrove, "own_keys")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert kid[:12] in finding.seen
    assert "signs from 2027-01-22T09:00:00Z on" in finding.seen
    assert "not yet at those of timber, woodgrove" in found(woodgrove, "rotation")[0].seen
    read(woodgrove, address="198.51.100.9")
    (finding,) = found(woodgrove, "own_keys")
    assert finding.level is Level.OK
    assert "2027-01-15T09:00:00Z from 198.51.100.0/24" in finding.seen
    assert "own addresses of woodgrove; not yet at those of timber" in found(woodgrove, "rotation")[0].seen
    assert found(woodgrove, "own_keys", "timber")[0].level is Level.WARNING


def test_after_the_change(woodgrove: SamlWorld) -> None:
    """Active: still a warning, and the list of the others ends after a week more."""
    rotate(woodgrove)
    woodgrove.world.clock.advance(7 * DAY + 1)
    (finding,) = found(woodgrove, "own_keys")
    assert finding.level is Level.WARNING
    assert "signs since" in finding.seen
    assert found(woodgrove, "rotation")
    woodgrove.world.clock.advance(7 * DAY)
    assert found(woodgrove, "own_keys")[0].level is Level.WARNING
    assert found(woodgrove, "rotation") == []


def test_sign_ins_prove_it_too(woodgrove: SamlWorld) -> None:
    """A partner that took the certificate by hand and signs people in since needs no warning for ever."""
    woodgrove.redeem(woodgrove.visitor())
    rotate(woodgrove, at_once=True)
    assert found(woodgrove, "own_keys")[0].level is Level.WARNING  # those were with the key before
    woodgrove.world.clock.advance(60)
    woodgrove.world.sign_in(woodgrove.visitor())
    (finding,) = found(woodgrove, "own_keys")
    assert finding.level is Level.OK
    assert "signed people in after that" in finding.seen


def test_only_keys_that_matter(woodgrove: SamlWorld) -> None:
    """A partner of unsigned requests needs no signing key of ours; one of encrypted assertions the other."""
    woodgrove.file(sign_requests=False)
    rotate(woodgrove)
    assert found(woodgrove, "own_keys") == []
    woodgrove.file(sign_requests=False, want_encrypted=True)
    read(woodgrove)
    kid = rotate(woodgrove, ENCRYPTION)
    (finding,) = found(woodgrove, "own_keys")
    assert finding.level is Level.WARNING
    assert f"encryption key {kid[:12]}" in finding.seen
    read(woodgrove)
    assert rows(woodgrove)[0].encryption == kid
    assert found(woodgrove, "own_keys")[0].level is Level.OK


def test_old_keys_go_on_decrypting(woodgrove: SamlWorld) -> None:
    """A sign-in proves the new encryption key only when the old one opens nothing any more."""
    woodgrove.file(want_encrypted=True, sign_requests=False)
    read(woodgrove, COMMON)
    woodgrove.world.broker.keys.ensure(Actor.system(), [ENCRYPTION])
    rotate(woodgrove, ENCRYPTION, at_once=True)
    woodgrove.world.clock.advance(60)
    woodgrove.idp.fault = "none"
    with saml_world(woodgrove.world, own=True, host="127.0.0.9") as sealed:
        sealed.file(want_encrypted=True, sign_requests=False)
        sealed.redeem(sealed.visitor())
        with woodgrove.world.broker.core.db.write() as tx:
            tx.execute(table.delete())  # as if it knew the key from a file
        assert found(sealed, "own_keys")[0].level is Level.WARNING
        woodgrove.world.clock.advance(DAY + HOUR)
        sealed.world.sign_in(sealed.visitor())
        with woodgrove.world.broker.core.db.write() as tx:
            tx.execute(table.delete())
        assert found(sealed, "own_keys")[0].level is Level.OK


def test_old_readings_go(woodgrove: SamlWorld) -> None:
    """HT-13: after 400 days."""
    read(woodgrove)
    woodgrove.world.clock.advance(400 * DAY)
    assert woodgrove.world.broker.operations.housekeeping.run()["metadata_fetches"] == 0
    woodgrove.world.clock.advance(1)
    assert woodgrove.world.broker.operations.housekeeping.run()["metadata_fetches"] == 1
    assert rows(woodgrove) == []
