"""Import of a key and certificate that partners trust already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.domain.errors import Conflict
from broker.keyring.create import SAML, SIGNING, self_signed
from broker.keyring.imported import ImportedKey
from broker.keyring.ring import OVERLAP
from broker.keyring.seal import Sealer
from broker.services.keys.ring import Keys
from broker.storage.engine import Database
from broker.storage.history import audit
from tests.clock import START, Clock
from tests.keyring.test_service import ACTOR, another, database, events, every, node, states

__all__ = ["database", "node"]  # the fixtures


def imported(alg: str = "ES256") -> ImportedKey:
    """A key that passed the checks of the file."""
    return ImportedKey(ec.generate_private_key(ec.SECP256R1()), alg, None)


def test_import_of_a_signing_key(node: Keys, database: Database, clock: Clock) -> None:
    """A signing key is published first, unless asked otherwise; twice is refused; audited."""
    later, at_once = imported(), imported()
    record = node.import_key(ACTOR, later, "sig")
    assert (record.kid, record.active_from) == (later.kid, clock() + OVERLAP)
    clock.advance(1)
    assert node.import_key(ACTOR, at_once, "sig", now_active=True).active_from == clock()
    assert node.ring().signing("ES256", clock()).kid == at_once.kid
    with pytest.raises(Conflict, match="holds this key already"):
        node.import_key(ACTOR, later, "sig")
    assert [row["target"] for row in events(database, "keys.imported")] == [at_once.kid, later.kid]


def test_import_into_an_empty_ring(database: Database, sealer: Sealer, clock: Clock, records: Any) -> None:
    """The first key of an algorithm signs at once; a SAML key is trusted by partners already and is active at once."""
    keys = another(database, sealer, clock)
    assert keys.import_key(ACTOR, imported(), "sig").active_from == clock()
    saml = next(record for record in records if record.use == "saml")
    key = keys.ring().followed_by([saml]).private_rsa(saml)
    pem = self_signed(key, "contoso", START)
    record = keys.import_key(ACTOR, ImportedKey(key, "RSA-SHA256", pem), "saml")
    active = keys.ring().active("saml", "RSA-SHA256", clock())
    assert active is not None
    assert active.kid == record.kid
    assert record.certificate == pem
    assert keys.ensure(ACTOR)
    assert states(keys) == {**every("active"), "RSA-SHA256": ["active"]}
    assert next(info for info in keys.list() if info.use == "saml").to_json()["certificate"] == pem


def test_what_is_refused_stores_nothing(node: Keys, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """CF-03, NC: a failure in the middle leaves neither key nor audit row."""

    def broken(*_: Any) -> None:
        raise RuntimeError

    before = node.list()
    monkeypatch.setattr(audit, "add", broken)
    for change in (lambda: node.rotate(ACTOR, now_active=True), lambda: node.import_key(ACTOR, imported(), "sig")):
        with pytest.raises(RuntimeError):
            change()
    assert node.list() == before


def test_saml_keys_wait_for_their_capability(node: Keys) -> None:
    """Issue 2: the first ring signs tokens; SAML keys are asked for by name."""
    assert node.ensure(ACTOR, [*SIGNING, SAML])
    assert states(node)["RSA-SHA256"] == ["active"]
    assert replace(node.list()[-1], certificate=None).certificate is None
