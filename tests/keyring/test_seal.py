"""HT-14: sealed text opens with the key that sealed it, for its purpose, unchanged; otherwise never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from tests.keyring.conftest import roots

SEALER = Sealer(roots(1))


def reason(sealer: Sealer, text: str, purpose: str = "p") -> str:
    """Why it does not open."""
    with pytest.raises(SealError) as refusal:
        sealer.open(text, purpose)
    return refusal.value.reason


@given(st.binary(max_size=200), st.text(max_size=20))
def test_round_trip(data: bytes, purpose: str) -> None:
    """Any octets come back, and two seals of the same differ."""
    text = SEALER.seal(data, purpose)
    assert SEALER.open(text, purpose) == data
    assert text != SEALER.seal(data, purpose)
    assert text.startswith(f"s1.{1:016x}.")


def test_bound_to_purpose_and_root() -> None:
    """A seed is not opened as a key, nor by another node's root key; the unknown root is named."""
    text = SEALER.seal(b"data", "totp/1")
    assert reason(SEALER, text, "totp/2") == "seal_broken"
    with pytest.raises(SealError, match=f"seal_root_unknown: {1:016x}"):
        Sealer(roots(2)).open(text, "totp/1")
    assert Sealer(roots(1, 2)).open(text, "totp/1") == b"data"
    renamed = text.replace(f"{1:016x}", f"{2:016x}")
    assert reason(Sealer(roots(1, 2)), renamed, "totp/1") == "seal_broken"


@given(st.data())
def test_any_change_of_one_character_is_refused(data: st.DataObject) -> None:
    """AES-GCM, and canonical base64url: there is no second spelling."""
    text = SEALER.seal(b"sixteen octets..", "p")
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters()) + text[place + 1 :]
    if changed != text:
        assert reason(SEALER, changed) in {"seal_format", "seal_root_unknown", "seal_broken"}


@given(
    st.text(max_size=60)
    | st.lists(st.text("AQgw.", max_size=8), min_size=4, max_size=4).map(lambda parts: ".".join(["s1", f"{1:016x}", *parts[2:]]))
)
def test_any_text_is_refused(text: str) -> None:
    """Nothing but SealError."""
    assert reason(SEALER, text) in {"seal_format", "seal_root_unknown", "seal_broken"}
