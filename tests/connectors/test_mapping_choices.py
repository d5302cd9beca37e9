"""Where a partner's word leaves it open: several values, several addresses, text that is no line (FB-01, FB-13, FA-10)."""

from __future__ import annotations

from typing import Any

import pytest

from broker.connectors.mapping import MAX_LINE, Wire, map_values
from broker.domain.errors import PartnerUntrusted
from tests.connectors.provider import canonical

ANN, OTHER = "ann@fabrikam.example", "a.other@fabrikam.example"


def mapped(values: dict[str, Any], configured: dict[str, str] | None = None, **options: Any) -> Any:
    """Over OIDC."""
    return map_values(configured or {}, {"email": ANN, **values}, Wire.OIDC, canonical, **options)


@pytest.mark.parametrize("claim", ["phone_number", "family_name", "preferred_username", "locale", "picture", "name"])
def test_fb_01_an_unnamed_claim_with_several_values(claim: str) -> None:
    """FB-01: a list of two is left out and said; named by the file or by a rule it is refused; a list of one is its value."""
    found = mapped({claim: ["x", "y"]})
    assert (found.email, found.left_out) == (ANN, (claim,))
    assert claim not in found.claims
    assert found.name is None
    for named in ({"configured": {claim: claim}}, {"named": lambda name: name == claim}):
        with pytest.raises(PartnerUntrusted) as caught:
            mapped({claim: ["x", "y"]}, **named)
        assert caught.value.reason == "claim_ambiguous"
    assert mapped({claim: ["x"]}).left_out == ()


@pytest.mark.parametrize("claim", ["phone_number", "family_name", "locale", "address"])
def test_fb_01_an_unnamed_claim_of_another_type(claim: str) -> None:
    """FB-01: an object or a number where a text is due is left out, and said."""
    assert mapped({claim: 7}).left_out == (claim,)
    assert mapped({claim: None}).left_out == ()


def test_fb_01_rules_are_asked_only_in_doubt() -> None:
    """The look into the groups' rules costs a statement: not at every sign-in."""

    def named(claim: str) -> bool:
        raise AssertionError(claim)

    assert mapped({"name": "Ann", "phone_number": "1", "groups": ["a", "b"]}, named=named).left_out == ()


@pytest.mark.parametrize("values", [[ANN, OTHER], [OTHER, ANN], [ANN.upper(), OTHER, ANN]])
def test_fb_13_the_known_address(values: list[str]) -> None:
    """FB-13: of several the one that is ours already, whatever its place; never one that did not come."""
    assert mapped({"email": values}, choose=lambda came: ANN if ANN in came else None).email == ANN
    for choose in (lambda _came: None, lambda _came: "boss@fabrikam.example"):
        with pytest.raises(PartnerUntrusted):
            mapped({"email": values}, choose=choose)
    with pytest.raises(PartnerUntrusted):
        mapped({"email": values})


@pytest.mark.parametrize("values", [[ANN, 7], [ANN, None], [ANN, "no address"], [ANN, {"value": OTHER}]])
def test_fb_13_an_address_beside_what_is_none(values: list[Any]) -> None:
    """HS-29: what else was meant is not guessed; the known one is taken all the same."""
    with pytest.raises(PartnerUntrusted):
        mapped({"email": values})
    assert mapped({"email": values}, choose=lambda came: came[0]).email == ANN


def test_fb_09_white_space_around_an_address() -> None:
    """FB-09: trimmed; inside it is no address."""
    assert mapped({"email": f"\t {ANN}\r\n"}).email == ANN
    assert mapped({"email": [f" {ANN}"]}).email == ANN


@pytest.mark.parametrize(
    "text",
    [
        "Ann\r\n\r\nYour account is closed. Go to https://evil.example/\n",
        "Ann\u2028\u2029\x0b\x0c\x85Lovelace",
        "\u202eevil\u202c \u200bname\ufeff",
        "\x1b]0;title\x07Ann",
        "A" * 2048,
        "A" * 100_000,
        "\U0001f600" * 300,
        "\u0041\u030a" * 200,
    ],
)
@pytest.mark.parametrize("claim", ["name", "given_name", "nickname", "preferred_username"])
def test_fa_10_a_name_is_one_line(claim: str, text: str) -> None:
    """FA-10: one line, printable, at most 256 characters."""
    found = mapped({claim: text})
    value = found.name if claim == "name" else found.claims[claim]
    assert value.isprintable()
    assert 0 < len(value) <= MAX_LINE == 256
    assert value == value.strip()
