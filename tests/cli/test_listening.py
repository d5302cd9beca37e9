"""FC-04: the warning of an issuer whose loopback port is not the bound one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from broker.cli.listening import Bind, other_port
from broker.settings.load import load
from tests.cli.conftest import ENVIRON


@pytest.mark.parametrize(
    ("issuer", "warns"),
    [
        ("http://localhost:8080", False),
        ("http://localhost:8081", True),
        ("http://127.0.0.1:9000/broker", True),
        ("http://[::1]:8080", False),
        ("http://[::1]:8082", True),
        ("https://login.contoso.example", False),
    ],
)
def test_fc_04_the_issuers_port(home: Path, issuer: str, warns: bool) -> None:
    """FC-04: only a loopback issuer is reached at the bound port itself; a proxy stands before every other."""
    settings = load(home, ENVIRON)
    settings = replace(settings, broker=settings.broker.model_copy(update={"issuer": issuer}))
    said = other_port(settings, Bind("127.0.0.1:8080", "127.0.0.1", 8080))
    assert (said is not None) == warns
    if said:
        assert issuer in said
