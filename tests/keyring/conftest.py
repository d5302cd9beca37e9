"""Root keys in a folder of the test's own, and a ring's records made once: RSA keys take a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.keyring.create import ENCRYPTION, SAML, SIGNING, new_records
from broker.keyring.ring import KeyRecord
from broker.keyring.root import RootKey, Roots
from broker.keyring.seal import Sealer
from tests.clock import START


def root(number: int, made_at: int = START) -> RootKey:
    """A root key without a file."""
    return RootKey(f"{number:016x}", bytes([number]) * 32, made_at, Path(f"root-{number}.key"))


def roots(*numbers: int) -> Roots:
    """Several; the last one seals."""
    made = [root(number) for number in numbers]
    return Roots({one.id: one for one in made}, made[-1])


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    """Under one root key."""
    return Sealer(roots(1))


@pytest.fixture(scope="session")
def records(sealer: Sealer) -> tuple[KeyRecord, ...]:
    """A ring of every use and algorithm, active at START."""
    return tuple(new_records(START, sealer, now_active=True, algs=[*SIGNING, SAML, ENCRYPTION], name="login.contoso.example"))
