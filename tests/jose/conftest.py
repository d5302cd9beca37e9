"""One key of each algorithm for the whole run: an RSA key takes a while."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from broker.jose.algorithms import ALGORITHMS
from broker.jose.keys import PrivateKey, generate


@pytest.fixture(scope="session")
def signers() -> Mapping[str, PrivateKey]:
    """Algorithm -> a key, each with a name of its own."""
    return {alg: generate(alg, kid=f"key-{alg}") for alg in ALGORITHMS}
