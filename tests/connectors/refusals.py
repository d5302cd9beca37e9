"""Logins that must fail, and tokens that are changed before they are signed."""

from __future__ import annotations

import pytest

from broker.domain.errors import PageError
from tests.connectors.provider import Journey


def refused(journey: Journey, error: type[PageError], params: dict[str, str] | None = None) -> PageError:
    """Play the login and hand back the refusal; nothing of a token may stand in it."""
    with pytest.raises(error) as caught:
        journey.sign_in(params)
    assert "eyJ" not in str(caught.value)
    assert "upstream-access-token" not in str(caught.value)
    return caught.value
