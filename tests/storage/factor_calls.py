"""Calls of the store about people's own sign-in methods, for test_indexes.py."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from broker.domain.factor import Method
from broker.domain.ids import new_id
from broker.storage.factors import factors
from tests import factories
from tests.clock import START

PERSON = new_id()
PASSKEY = factories.factor(PERSON, method=Method.PASSKEY, credential="credential")

FACTOR_CALLS: dict[str, Callable[[Connection], object]] = {
    "factors.factors.add": lambda tx: factors.add(tx, PASSKEY),
    "factors.factors.of_person": lambda tx: factors.of_person(tx, PERSON),
    "factors.factors.by_credential": lambda tx: factors.by_credential(tx, "credential"),
    "factors.factors.any_signs_in": lambda tx: factors.any_signs_in(tx, ["a@x.example", "b@x.example"], "admin-link"),
    "factors.factors.take_step": lambda tx: factors.take_step(tx, PASSKEY.id, 1, START),
    "factors.factors.counted": lambda tx: factors.counted(tx, PASSKEY.id, 1, checks=True, now=START),
    "factors.factors.copied": lambda tx: factors.copied(tx, PASSKEY.id, START, 1),
    "factors.factors.rename": lambda tx: factors.rename(tx, PASSKEY.id, PERSON, "key"),
    "factors.factors.set_codes": lambda tx: factors.set_codes(tx, PERSON, ["code"], START),
    "factors.factors.take_code": lambda tx: factors.take_code(tx, PERSON, "code", START),
    "factors.factors.codes_left": lambda tx: factors.codes_left(tx, PERSON),
    "factors.factors.remove": lambda tx: factors.remove(tx, PASSKEY.id, PERSON),
    "factors.factors.remove_all": lambda tx: factors.remove_all(tx, PERSON),
}
