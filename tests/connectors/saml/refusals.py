"""Responses that must be refused, and changes to a signed one."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import PageError
from broker.saml.decryption import decrypt
from broker.saml.signature import verify
from tests.connectors.saml.idp import (
    Counter,
    Message,
    genuine,
    show,
)


def refused(message: Message | bytes | str, *reasons: str, touched: bool | None = None, **options: Any) -> PageError:
    """The refusal; touched: whether a key may have been used (None: either)."""
    verifier, decrypter = Counter(verify), Counter(decrypt)
    with pytest.raises(PageError) as caught:
        show(message, verifier=verifier, decrypter=decrypter, **options)
    error = caught.value
    assert error.reason in reasons, str(error)
    assert error.detail
    assert len(error.detail) < 700
    if touched is not None:
        assert (verifier.calls + decrypter.calls > 0) is touched
    if "saml_structure" in reasons or "saml_signature_profile" in reasons:
        assert verifier.calls == 0  # HS-4: a wrong structure is never shown to signature code
    return error


def replaced(old: str, new: str, **changes: Any) -> Message:
    """A genuine response whose text is changed before it is signed."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return genuine(edit=edit, **changes)
