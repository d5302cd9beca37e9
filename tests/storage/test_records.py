"""Receipts, refusals, audit, attempts, leases, fetched documents: what nodes remember together."""

from __future__ import annotations

from sqlalchemy import select, text

from broker.domain.audit import Actor, Event
from broker.domain.ids import new_reference
from broker.domain.receipt import Outcome, Search
from broker.storage.engine import Database
from broker.storage.factors import single_use
from broker.storage.history import audit
from broker.storage.login import receipts, refusals
from broker.storage.operations import figures as counts
from broker.storage.operations import rate_limits
from broker.storage.partners import documents, signing_keys
from broker.storage.tables import audit_personal
from tests import factories
from tests.clock import START

URL = "https://login.fabrikam.example/jwks"


def test_receipt_is_found_by_its_reference(database: Database):
    """HT-19: the row gives back what was saved; it holds no address of mail, only the person's id."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        receipt = factories.receipt(
            person_id=person.id,
            partner="fabrikam",
            steps=({"at": START, "step": "home"},),
            facts={"now": START},
            reason="no gate left",
        )
        receipts.save(tx, receipt)
        assert receipts.by_request(tx, receipt.request_id) == receipt
        assert receipts.by_request(tx, "unknown") is None
        row = str(tx.execute(text("SELECT * FROM receipts")).one())
    assert person.email not in row


def test_later_end_of_a_login_replaces_its_receipt(database: Database):
    """One login, one receipt: refused first, allowed after an invitation."""
    receipt = factories.receipt(outcome=Outcome.BLOCKED, error="not_invited")
    later = factories.receipt(id=receipt.id, request_id=receipt.request_id, at=START + 60)
    with database.write() as tx:
        receipts.save(tx, receipt)
        receipts.save(tx, later)
        assert receipts.by_request(tx, receipt.request_id) == later
        assert len(receipts.newest(tx, Search())) == 1


def test_newest_receipts_first_with_the_address_of_today(database: Database):
    """By person, by partner, or all; the address comes from the directory, so a deleted guest has none."""
    with database.write() as tx:
        ada, bo = factories.saved_person(tx), factories.saved_person(tx)
        first = factories.receipt(person_id=ada.id, partner="fabrikam")
        second = factories.receipt(person_id=bo.id, partner="northwind", at=START + 1)
        nobody = factories.receipt(at=START + 2)
        for receipt in (first, second, nobody):
            receipts.save(tx, receipt)
        assert receipts.newest(tx, Search()) == [(nobody, None), (second, bo.email), (first, ada.email)]
        assert receipts.newest(tx, Search(), 1) == [(nobody, None)]
        assert receipts.newest(tx, Search(person_id=ada.id)) == [(first, ada.email)]
        assert receipts.newest(tx, Search(partner="northwind")) == [(second, bo.email)]
        assert receipts.purge(tx, START + 1) == 1
        assert len(receipts.newest(tx, Search())) == 2


def refuse(tx, at: int = START, address: str = "192.0.2.1") -> bool:
    """One refusal of no live login."""
    return refusals.add(tx, request_id=new_reference(), at=at, code="bad_request", reason="size", address=address)


def test_refusals_are_capped_by_address(database: Database):
    """HT-13: a hundred an hour and address; the next hour and the next address are free."""
    with database.write() as tx:
        assert all(refuse(tx) for _ in range(refusals.PER_HOUR))
        assert not refuse(tx, START + 3599)
        assert refuse(tx, START + 3600)
        assert refuse(tx, address="192.0.2.2")


def test_refusals_are_capped_in_all(database: Database, monkeypatch):
    """HT-13: the log keeps the newest."""
    monkeypatch.setattr(refusals, "KEPT", 5)
    with database.write() as tx:
        for n in range(9):
            refuse(tx, START + n, f"192.0.2.{n}")
        kept = sorted(tx.execute(text("SELECT at FROM refusals")).scalars())
    assert kept == [START + n for n in range(4, 9)]


def test_refusal_is_found_by_its_reference(database: Database):
    """HT-13: what the page's reference explains."""
    with database.write() as tx:
        refusals.add(tx, request_id="AAAA-BBBB-CCCC", at=START, code="bad_request", reason="size", address="192.0.2.1")
        found = refusals.by_request(tx, "AAAA-BBBB-CCCC")
        assert found is not None
        assert (found["code"], found["reason"], found["at"]) == ("bad_request", "size", START)
        assert refusals.by_request(tx, "DDDD-EEEE-FFFF") is None


def test_audit_keeps_personal_values_apart(database: Database):
    """HT-18: the event names nobody; what does stands in a table of its own, by the person's pseudonymous id."""
    actor = Actor.person("person-2", address="192.0.2.1", request_id="AAAA-BBBB-CCCC")
    event = Event(name="invitation.created", actor=actor, subject="person-1", personal={"email": "ada@fabrikam.example"})
    with database.write() as tx:
        row = audit.add(tx, event, START)
        audit.add(tx, Event(name="keys.rotated", actor=Actor.system()), START + 1)
        assert [found["name"] for found in audit.newest(tx)] == ["keys.rotated", "invitation.created"]
        (kept,) = audit.newest(tx, name="invitation.created")
        assert (kept["id"], kept["seq"], kept["chain"]) == (row, None, None)
        assert "ada@" not in str(kept)  # "ada" alone may be in an id
        personal = tx.execute(select(audit_personal.c.name, audit_personal.c.value).order_by(audit_personal.c.name)).all()
    assert [tuple(value) for value in personal] == [("address", "192.0.2.1"), ("email", "ada@fabrikam.example")]


def test_lease_is_renewed_and_lost(database: Database):
    """HT-20: its holder keeps it; another gets it at the instant it is over."""
    with database.write() as tx:
        assert rate_limits.take_lease(tx, "maintain", "one", START, 60)
        assert not rate_limits.take_lease(tx, "maintain", "two", START + 59, 60)
        assert rate_limits.take_lease(tx, "maintain", "one", START + 59, 60)
        assert not rate_limits.take_lease(tx, "maintain", "two", START + 118, 60)
        assert rate_limits.take_lease(tx, "maintain", "two", START + 119, 60)


def test_a_clock_that_was_set_back_frees_a_lease(database: Database):
    """A dead node's lease of an hour ahead holds nobody up for an hour; a node whose clock is a minute ahead keeps its own."""
    with database.write() as tx:
        assert rate_limits.take_lease(tx, "maintain", "dead", START + 3600, 60)
        assert rate_limits.take_lease(tx, "maintain", "two", START, 60)
        assert rate_limits.take_lease(tx, "other", "ahead", START + 60, 60)
        assert not rate_limits.take_lease(tx, "other", "two", START, 60)


def test_attempts_begin_anew_with_each_window(database: Database):
    """HW-10: counted within a window, looked at without counting, forgotten later."""
    begin = START - START % 600
    with database.write() as tx:
        assert [rate_limits.count_attempt(tx, "k", begin + n, 600) for n in (0, 1, 599)] == [1, 2, 3]
        assert rate_limits.attempts_in(tx, "k", begin + 599, 600) == 3
        assert rate_limits.attempts_in(tx, "k", begin + 600, 600) == 0
        assert rate_limits.attempts_in(tx, "other", begin, 600) == 0
        assert rate_limits.count_attempt(tx, "k", begin + 600, 600) == 1
        assert rate_limits.purge_attempts(tx, begin + 600) == 0
        assert rate_limits.purge_attempts(tx, begin + 601) == 1


def test_document_keeps_its_last_good_copy(database: Database):
    """HT-20: a failed fetch is noted beside the copy that still serves."""
    with database.write() as tx:
        assert documents.claim(tx, "fabrikam", "jwks", URL, now=START, pause=60)
        documents.store(tx, "fabrikam", "jwks", url=URL, body="{}", now=START, fresh_until=START + 600, next_try_at=START + 60)
        documents.fail(tx, "fabrikam", "jwks", problem="upstream_unavailable", next_try_at=START + 90)
        kept = documents.of_partner(tx, "fabrikam")["jwks"]
        assert (kept.body, kept.problem, kept.next_try_at) == ("{}", "upstream_unavailable", START + 90)
        assert documents.of_partner(tx, "northwind") == {}
        assert [document.partner for document in documents.all_of(tx)] == ["fabrikam"]


def test_document_of_another_url_is_dropped(database: Database):
    """HO-2: where a partner's configured address changed, the old address's keys do not serve."""
    with database.write() as tx:
        assert documents.claim(tx, "fabrikam", "jwks", URL, now=START, pause=60)
        documents.store(tx, "fabrikam", "jwks", url=URL, body="{}", now=START, fresh_until=START + 600, next_try_at=START + 60)
        assert not documents.claim(tx, "fabrikam", "jwks", URL, now=START + 1, pause=60)
        assert documents.claim(tx, "fabrikam", "jwks", f"{URL}2", now=START + 1, pause=60)
        assert documents.of_partner(tx, "fabrikam")["jwks"].body is None


def test_ring_has_a_version(database: Database):
    """HT-15: nodes see in one cheap look that the ring changed."""
    with database.write() as tx:
        signing_keys.lock(tx)
        empty = signing_keys.version(tx)
        row = {"use": "sig", "alg": "RS256", "sealed": "s", "public": "{}", "created_at": START, "active_from": START}
        signing_keys.add(tx, {"kid": "a", **row})
        one = signing_keys.version(tx)
        signing_keys.change(tx, "a", retired_at=START + 1)
        assert len({empty, one, signing_keys.version(tx)}) == 3
        assert [key["kid"] for key in signing_keys.listed(tx)] == ["a"]


def test_used_values_are_kept_until_they_expire(database: Database):
    """HT-3: once is once by kind and value; what could not be accepted any more is forgotten."""
    with database.write() as tx:
        assert single_use.once(tx, "jti", "a", START + 60)
        assert not single_use.once(tx, "jti", "a", START + 60)
        assert single_use.once(tx, "assertion", "a", START + 60)
        assert single_use.purge(tx, START + 60) == 0
        assert single_use.purge(tx, START + 61) == 2
        assert single_use.once(tx, "jti", "a", START + 120)


def test_figures_of_an_empty_and_a_lived_in_database(database: Database):
    """What /metrics shows."""
    with database.write() as tx:
        assert {value for _, value in counts.figures(tx, START).values()} == {0.0}
        receipts.save(tx, factories.receipt(person_id=factories.saved_person(tx).id))
        figures = counts.figures(tx, START)
    assert (figures["guests"][1], figures["sign_ins_allowed_1h"][1]) == (1.0, 1.0)
