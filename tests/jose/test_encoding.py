"""RFC 7515 2 and RFC 8259, read so that there is one spelling and one meaning (HO-4, RX-04)."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.jose.encoding import MAX_BYTES, b64url_decode, b64url_encode, dump_json, parse_json, parse_object


def test_base64url_vector() -> None:
    """RFC 7515 appendix C: the octets 3 236 255 224 193."""
    assert b64url_encode(bytes([3, 236, 255, 224, 193])) == "A-z_4ME"
    assert b64url_decode("A-z_4ME") == bytes([3, 236, 255, 224, 193])


@given(st.binary(max_size=100))
def test_base64url_round_trip(data: bytes) -> None:
    """Every octet string comes back."""
    assert b64url_decode(b64url_encode(data)) == data


@pytest.mark.parametrize("text", ["AA==", "AA=", "A", "A+", "A/", "AB", "AAB", "A A", "AA\n", "ÄÄ", "AA.", "\ud800"])
def test_base64url_has_one_spelling(text: str) -> None:
    """HO-4: padding, foreign characters, an impossible length and stray bits are refused."""
    with pytest.raises(ValueError):
        b64url_decode(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":{"b":1,"b":2}}',
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        '{"sub":"\\ud800"}',
        '{"\\udfff":1}',
        '{"sub":"a\\u0000"}',
        '[["\\u0000"]]',
        "\ufeff{}",
        "",
        "{",
        "{}{}",
        "'a'",
        '{"a":"\n"}',
        "[" * 17 + "]" * 17,
        "[" * 20_000,
        '{"a":' * 9_000 + "1",
    ],
)
def test_json_that_two_parsers_would_read_differently(text: str) -> None:
    """RX-04: refused as ValueError, never as RecursionError or a value."""
    with pytest.raises(ValueError):
        parse_json(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "number", ["18446744073709551616", "-9223372036854775809", "1" + "0" * 20, "9" * 5000, "-" + "9" * 5000, "1e400", "-1e309"]
)
def test_fb_07_a_number_that_we_cannot_hold_is_null(number: str) -> None:
    """FB-07, RFC 8259 6: it ends nothing, and it is no number that something could be decided by."""
    assert parse_json(f'{{"deep":[{{"n":{number}}}],"sub":"a"}}'.encode()) == {"deep": [{"n": None}], "sub": "a"}


def test_fb_08_a_byte_order_mark_is_read_where_it_may_stand() -> None:
    """FB-08, RFC 8259 8.1: documents may begin with one; tokens, which have one spelling, may not."""
    assert parse_json(b"\xef\xbb\xbf{}", bom=True) == {}
    for data in (b"\xef\xbb\xbf\xef\xbb\xbf{}", b"{\xef\xbb\xbf}"):
        with pytest.raises(ValueError):
            parse_json(data, bom=True)


def test_json_limits_are_inclusive() -> None:
    """Sixteen levels, 64-bit integers, brackets and escaped quotes inside strings are fine."""
    assert parse_json(b"[" * 16 + b"]" * 16)
    assert parse_json(b'{"n":18446744073709551615,"m":-9223372036854775808}') == {"n": 2**64 - 1, "m": -(2**63)}
    brackets = json.dumps(["[[[[[[[[[[[[[[[[[[[[", '"[[{{', "\\", 'a"\\"[', "é\u20ac\U0001f600"]).encode()
    assert parse_json(brackets)[1] == '"[[{{'
    assert parse_json(b'["\\ud83d\\ude00"]') == ["\U0001f600"]
    assert parse_json(b"[1.5e3]") == [1500.0]
    wide = b"[" + b",".join([b"[]"] * 1000) + b"]"
    assert len(parse_json(wide)) == 1000


@pytest.mark.parametrize("data", [b"[" + b"1," * MAX_BYTES + b"1]", b"\xff", b'"\xed\xa0\x80"', b'"\xc0\x80"'])
def test_json_size_and_utf8(data: bytes) -> None:
    """More than 64 KiB, and what is no UTF-8, are refused."""
    with pytest.raises(ValueError):
        parse_json(data)


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 30_000, b'"\\' * 30_000, b"[]" * 30_000, b'"' * 60_000])
def test_the_depth_check_is_linear(data: bytes) -> None:
    """RX-04: the worst strings for the scanner take milliseconds, not minutes."""
    start = time.perf_counter()
    with pytest.raises(ValueError):
        parse_json(b"[" * 3 + b"{}" * 20 + data)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("data", [b"[]", b"null", b"1", b'"a"'])
def test_what_is_no_object(data: bytes) -> None:
    """RFC 7519 7.2: claims are an object."""
    with pytest.raises(ValueError, match="not an object"):
        parse_object(data)


@given(st.binary(max_size=200))
def test_json_of_any_octets_is_a_value_or_a_refusal(data: bytes) -> None:
    """RX-04: nothing but ValueError leaves the parser, and what is read can be written."""
    try:
        value = parse_json(data)
    except ValueError:
        return
    assert parse_json(dump_json(value)) == value


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8))  # fmt: skip
def test_honest_json_is_read(value: object) -> None:
    """What an honest writer writes is read as it was meant."""
    text = json.dumps(value).encode()
    if b"\\u0000" in text:
        return
    assert parse_json(text) == value


def test_writing_refuses_what_json_is_not() -> None:
    """NaN has no spelling in RFC 8259."""
    with pytest.raises(ValueError):
        dump_json({"a": float("nan")})
