"""Many invitations at once."""

from __future__ import annotations

from tests.web.graph.api import Api
from tests.web.graph.conftest import both  # noqa: F401 - the fixture
from tests.web.graph.invitations_at_once import invite_at_once


def test_ten_thousand_invitations_by_batch(both: Api):  # noqa: F811 - the fixture
    """Four clients at once, each address twice: no duplicate, and nothing is refused."""
    invite_at_once(both, 1250)
