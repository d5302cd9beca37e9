"""Receipts that are stored: those of earlier versions stay readable, and what a new one stores changes only on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from broker.domain.facts import RECORDED, Facts
from broker.domain.guest import PersonKind
from broker.domain.receipt import Search
from broker.services.history.receipts import Receipts
from broker.services.policies.export import lines
from broker.services.policies.replay import from_database
from broker.storage.engine import Database
from broker.storage.login import receipts
from tests import factories
from tests.clock import START

# As the version before facts came in parts (2026-11-29) stored it.
FACTS = json.loads("""
{"now": 1800000000, "application": "payroll", "started_at": 1799999995, "silent": false, "force": false, "choose": false,
 "ask_consent": false, "max_age": 600, "acr_values": ["https://refeds.org/profile/mfa"], "acr_essential": true,
 "scopes": ["email", "openid"], "subject_differs": false, "partner": "fabrikam", "partner_live": true, "by_mail": false,
 "asserted": true, "asserted_now": true, "answered_anew": true, "auth_time": 1799999990, "session_auth_time": null,
 "person": "5f0c", "kind": "guest", "state": "active", "expired": false, "invitation": null, "invitation_refusal": null,
 "invitation_reason": null, "identity_changed": "", "mailbox": null, "assignment_required": true, "assigned": true,
 "assignments": ["a1"], "groups": ["auditors", "contractors"], "consented": ["email", "openid"], "consented_now": false,
 "terms": "2", "terms_accepted": true, "acr": "https://refeds.org/profile/mfa", "amr": ["otp", "mfa"],
 "proofs": [{"method": "partner", "at": 1799999990, "by": "fabrikam"}], "partner_mfa": true, "may_step_up": false,
 "factors": ["totp"], "proven_at": null, "wish": "totp", "second_channel": "", "added": true, "declined": false,
 "policy_refusal": null, "required": ["mfa"], "frequency": 3600, "freshness_asked": true}
""")
# Newer than those receipts:
SINCE = {"by_link": False, "sign_up": None, "sign_up_state": "", "sign_up_refusal": None, "sign_up_reason": None}
STEPS = (
    {"at": START, "step": "started", "result": "application", "reason": ""},
    {"at": START, "step": "upstream", "result": "sent", "reason": "", "partner": "fabrikam", "anew": True},
    {"at": START, "step": "issued", "result": "allowed", "reason": "", "gates": [{"gate": "wish_is_met", "result": "passed"}]},
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """On SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()


def test_a_receipt_of_the_version_before(database: Database) -> None:
    """HT-19: it is shown as it was stored, is replayed with what the policies saw then, and is exported."""
    with database.write() as tx:
        ada = factories.saved_person(tx, email="ada@fabrikam.example")
        policies = ({"id": "mfa", "state": "enabled", "result": "required", "reason": "about all guests"},)
        saved = factories.receipt(
            person_id=ada.id, partner="fabrikam", address="192.0.2.7", facts=FACTS, steps=STEPS, policies=policies
        )
        receipts.save(tx, saved)
    shown = Receipts(factories.core(database, lambda: START)).newest(search=Search())[0]
    assert (shown.facts, shown.steps, shown.user) == (FACTS, STEPS, ada.email)
    (past,) = from_database(database, START)
    about = past.circumstances
    assert (about.kind, about.guest, about.groups) == (PersonKind.GUEST, ada.email, frozenset({"auditors", "contractors"}))
    assert (about.partner, about.application, about.partner_mfa) == ("fabrikam", "payroll", True)
    assert (past.acr, past.terms_accepted, past.required) == (FACTS["acr"], True, frozenset({"mfa"}))
    assert past.proof_age == 0  # five seconds when the login began, within the leeway of a partner that was asked
    exported = json.loads(list(lines([past], since=START, until=START, marked=False))[1])
    assert (exported["acr"], exported["groups"], exported["required"]) == (FACTS["acr"], ["auditors", "contractors"], ["mfa"])


def test_what_a_receipt_stores() -> None:
    """The names that earlier receipts have, but for those of this set, and SINCE; sets are sorted, and the whole is JSON."""
    renamed = {
        "answered_anew": "fresh_answered",
        "wish": "own_page_intent",
        "added": "method_added",
        "declined": "went_without",
    }
    assert {"now", *RECORDED} == {renamed.get(name, name) for name in FACTS} | set(SINCE)
    named = {renamed.get(name, name): value for name, value in FACTS.items()} | SINCE
    sets = {"scopes", "groups", "consented", "factors", "required"}
    facts = factories.facts(**{name: frozenset(value) if name in sets else value for name, value in named.items()})
    assert json.loads(json.dumps(facts.recorded())) == named
    assert Facts(now=START).recorded()["consented"] is None
