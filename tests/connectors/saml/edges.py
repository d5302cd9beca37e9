"""A response that must be refused for one exact reason."""

from __future__ import annotations

from typing import Any

import pytest

from broker.connectors.saml.errors import ResponseRefused
from tests.connectors.saml.idp import (
    show,
)

SAML, XENC = "urn:oasis:names:tc:SAML:2.0:assertion", "http://www.w3.org/2001/04/xmlenc#"


def refused(reason: str, message: Any, **options: Any) -> ResponseRefused:
    """The refusal, for this reason."""
    with pytest.raises(ResponseRefused) as caught:
        show(message, **options)
    assert caught.value.reason == reason, str(caught.value)
    return caught.value
