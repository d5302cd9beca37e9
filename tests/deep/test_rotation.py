"""Keys rotate under a busy client."""

from __future__ import annotations

from tests.protocol.caching_client import sign_ins_over_a_rotation
from tests.protocol.conftest import bank_key, ring, stage  # noqa: F401 - fixtures
from tests.protocol.stage import Stage


def test_five_hundred_sign_ins_over_a_rotation(stage: Stage):  # noqa: F811 - the fixture
    """HP-51: no failed verification."""
    assert len(sign_ins_over_a_rotation(stage, 500, seconds=7)) == 2
