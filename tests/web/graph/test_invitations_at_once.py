"""Programs that invite at the same moment make no duplicate; tests/deep does the same with 10,000 invitations."""

from __future__ import annotations

from tests.web.graph.api import Api
from tests.web.graph.invitations_at_once import invite_at_once


def test_four_clients_invite_by_batch(both: Api) -> None:
    """160 invitations of 80 people."""
    invite_at_once(both, 20)
