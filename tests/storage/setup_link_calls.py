"""The calls of set-up links for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from broker.domain.ids import new_id
from broker.domain.setup_link import ProofState, SetupAnswer, SetupDecision, SetupLink
from broker.storage.partners import setup_links
from tests.clock import START

SETUP_LINK = SetupLink(
    id=new_id(), partner="woodgrove", name="Woodgrove", domains=("woodgrove.example",), language="en", email="", private=False,
    created_at=START, expires_at=START + 3600,
)  # fmt: skip
SETUP_LINK_CALLS: dict[str, Callable[[Connection], Any]] = {
    "partners.setup_links.add": lambda tx: setup_links.add(tx, SETUP_LINK, "d" * 64),
    "partners.setup_links.answer": lambda tx: setup_links.answer(
        tx, SETUP_LINK.id, SetupAnswer(section="oidc", keys={}, domains=()), START
    ),
    "partners.setup_links.answer_of": lambda tx: setup_links.answer_of(tx, SETUP_LINK.id),
    "partners.setup_links.finish": lambda tx: setup_links.finish(tx, SETUP_LINK.id, START),
    "partners.setup_links.decide": lambda tx: setup_links.decide(
        tx, SETUP_LINK.id, SetupDecision.ACCEPTED, START, START, START + 60
    ),
    "partners.setup_links.begin_trial": lambda tx: setup_links.begin_trial(tx, SETUP_LINK.id, "e" * 64, "sealed", START),
    "partners.setup_links.of_trial": lambda tx: setup_links.of_trial(tx, "e" * 64, START),
    "partners.setup_links.take_trial": lambda tx: setup_links.take_trial(tx, SETUP_LINK.id, "e" * 64, START),
    "partners.setup_links.keep_trial": lambda tx: setup_links.keep_trial(tx, SETUP_LINK.id, "{}"),
    "partners.setup_links.trial_of": lambda tx: setup_links.trial_of(tx, SETUP_LINK.id),
    "partners.setup_links.keep_proofs": lambda tx: setup_links.keep_proofs(
        tx, SETUP_LINK.id, {"woodgrove.example": ProofState.PROVEN}, START
    ),
    "partners.setup_links.proofs_of": lambda tx: setup_links.proofs_of(tx, SETUP_LINK.id),
    "partners.setup_links.by_id": lambda tx: setup_links.by_id(tx, SETUP_LINK.id),
    "partners.setup_links.living": lambda tx: setup_links.living(tx, "d" * 64, START),
    "partners.setup_links.page": lambda tx: setup_links.page(tx, before=(START, SETUP_LINK.id), limit=50),
    "partners.setup_links.revoke_all": lambda tx: setup_links.revoke_all(tx, START),
    "partners.setup_links.revoke": lambda tx: setup_links.revoke(tx, SETUP_LINK.id, START),
    "partners.setup_links.purge": lambda tx: setup_links.purge(tx, START),
}
