"""What honest partners send, from `tests/interop/shapes/saml`: accepted with the right claims, and what is said where it cannot be."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import pytest

from broker.domain.errors import PartnerUntrusted
from broker.services.doctor import advice
from tests.connectors.saml.idp import ACS, IDP, NOW, REQUEST, SP, rsa_key, show, sign, stamp

SHAPES = Path(__file__).parents[2] / "interop" / "shapes"
KNOWN = {"known": lambda _subject, addresses: next(iter(addresses))}
# shape: what the partner's file says, what the login knows, what is in the claims, what is left out
ACCEPTED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], set[str]]] = {
    "no-name-id": ({"subject": "pairwise-id"}, {}, {}, set()),
    "two-statements": ({}, {}, {"groups": ["staff"]}, set()),
    "declaration-reference": ({}, {}, {}, set()),
    "extensions": ({}, {}, {}, set()),
    "structured-value": ({}, {}, {}, set()),
    "foreign-attributes": ({}, {}, {}, set()),
    "several-unmapped-values": ({}, {}, {}, {"phone_number", "family_name"}),
    "spaced-uris": ({}, {}, {}, set()),
    "several-addresses": ({}, KNOWN, {}, set()),
    "address-as-name-id": ({"claims": {"email": "name_id", "name": "displayName"}}, {}, {}, set()),
}
# shape: what a partner's file or a login wants of it, the reason, a word of the detail
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no-name-id": ({}, "saml_nameid", "has no saml:NameID"),
    "structured-value": ({"claims": {"address": "urn:fabrikam:address"}}, "saml_attribute", "holds an element"),
    "several-unmapped-values": ({"claims": {"email": "mail", "tel": "x", "phone_number": "telephoneNumber"}}, "claim_ambiguous", "phone_number"),
    "several-addresses": ({}, "claim_ambiguous", "email"),
    "address-as-name-id": ({"subject": "pairwise-id"}, "saml_attribute", "pairwise-id"),
}  # fmt: skip


def message(shape: str) -> bytes:
    """The file of this moment, signed."""
    text = Template((SHAPES / "saml" / f"{shape}.xml").read_text("utf-8")).substitute(
        idp=IDP, sp=SP, acs=ACS, request=REQUEST,
        before=stamp(NOW - 30), auth=stamp(NOW - 20), issued=stamp(NOW - 3), until=stamp(NOW + 300),
    )  # fmt: skip
    return sign(text.encode(), rsa_key())


def test_every_file_is_read() -> None:
    """The index, the folder and this module name the same shapes."""
    files = {path.stem for path in (SHAPES / "saml").glob("*.xml")}
    index = (SHAPES / "README.md").read_text("utf-8")
    assert files == set(ACCEPTED)
    assert all(f"| `{name}` |" in index for name in files)
    assert REFUSED.keys() <= files


@pytest.mark.parametrize("shape", ACCEPTED)
def test_accepted(shape: str) -> None:
    """FB-01, FB-05, FB-09, FB-12, FB-13: signed in, with the claims that are right."""
    view, expected, claims, left_out = ACCEPTED[shape]
    record = show(message(shape), view={"signed": "assertion", **view}, expected=expected).assertion
    assert (record.email, record.email_verified, record.name) == (
        "ada@fabrikam.example",
        True,
        "Ada Lovelace" if shape not in {"spaced-uris", "several-addresses"} else None,
    )
    assert record.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    assert claims.items() <= dict(record.claims).items()
    assert left_out <= {*record.left_out}
    assert not left_out & record.claims.keys()


@pytest.mark.parametrize("shape", REFUSED)
def test_refused(shape: str) -> None:
    """The same shape where it lacks what is wanted: the reason, the detail, and doctor's advice, which is no fallback."""
    view, reason, words = REFUSED[shape]
    with pytest.raises(PartnerUntrusted) as caught:
        show(message(shape), view={"signed": "assertion", **view})
    assert caught.value.reason == reason
    assert words in caught.value.detail
    assert advice.of(reason, caught.value.detail) is not advice.FALLBACK
