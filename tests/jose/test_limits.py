"""HO-3 to HO-7, RX-04: each limit holds at its exact value, and each fault keeps its own name (docs/mutation.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from broker.jose import claims as c
from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import b64url_decode, b64url_encode, dump_json, parse_json
from broker.jose.errors import JoseError
from broker.jose.keys import PrivateKey, generate
from broker.jose.sign import sign
from broker.jose.verify import parse, verify

NOW = 1_800_000_000

Signers = Mapping[str, PrivateKey]

PKCS8 = serialization.PrivateFormat.PKCS8

OPEN = serialization.NoEncryption()

LOCKED = serialization.BestAvailableEncryption(b"a password")


def refusal(call: Callable[..., Any], *arguments: Any, **more: Any) -> JoseError:
    """The refusal of a call that has to be refused."""
    with pytest.raises(JoseError) as caught:
        call(*arguments, **more)
    return caught.value


def of_size(start: str, size: int) -> str:
    """A JSON object of exactly this many octets that begins with these members."""
    return start + '"x":"' + "A" * (size - len(start) - 7) + '"}'


def token(header: str, payload: str, signature: str) -> str:
    """Three parts; nothing signed it."""
    return ".".join([b64url_encode(header.encode()), b64url_encode(payload.encode()), signature])


def test_a_header_has_up_to_16_kib() -> None:
    """HO-4: 16384 characters of base64url are read, the next possible length is refused."""
    largest, larger = (token(of_size('{"alg":"ES256",', size), "{}", "AA") for size in (12288, 12289))
    assert (largest.index("."), larger.index(".")) == (16384, 16386)
    assert parse(largest).header["alg"] == "ES256"
    assert refusal(parse, larger).reason == "idtoken_header"


def test_a_token_has_up_to_128_kib() -> None:
    """RX-04: 131072 characters are read, one more is refused for its size and not for what the rest says."""
    start = token('{"alg":"ES256"}', of_size("{", 49152), "")
    largest = start + "A" * (131072 - len(start))
    assert (len(largest) - len(start)) % 4 != 1
    assert parse(largest).header == {"alg": "ES256"}
    assert refusal(parse, largest + "A").detail == "the token is too large"


def test_a_document_has_up_to_64_kib() -> None:
    """RX-04: 65536 octets are read, one more is refused."""
    assert parse_json(of_size("{", 65536).encode())
    with pytest.raises(ValueError, match="too large"):
        parse_json(of_size("{", 65537).encode())


def test_brackets_of_both_kinds_are_levels() -> None:
    """RX-04: sixteen levels of lists and objects together; a seventeenth of either kind is refused."""
    sixteen = '[{"a":' * 8 + "1" + "}]" * 8
    assert parse_json(sixteen.encode())
    for deeper in (f"[{sixteen}]", f'{{"a":{sixteen}}}', '[{"a":' * 9 + "1" + "}]" * 9):
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json(deeper.encode())


def test_levels_are_counted_where_brackets_are_many() -> None:
    """RX-04: what is closed counts no more, what stands in a string never did, and what is open counts after any number of both."""
    wide = "[],{}," * 20
    sixteen, seventeen = ("[" * levels + "]" * levels for levels in (15, 16))
    assert len(parse_json(f"[{wide}{sixteen}]".encode())) == 41
    assert len(parse_json(("[" + ",".join(['{"a":[{}]}'] * 40) + "]").encode())) == 40
    for deeper in (f"[{wide}{seventeen}]", "[" + "[]," * 40 + seventeen + "]", '{"a":{},"b":' * 16 + "{}" + "}" * 16):
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_json(deeper.encode())
    for text in ('"' + "[" * 40, "\\" + "{" * 40, '\\"' + "[{" * 40, "a\n" + "[" * 40 + '"' + "[" * 40):
        assert parse_json(json.dumps([text, [text]]).encode()) == [text, [text]]


def test_every_letter_comes_back_at_the_end() -> None:
    """RFC 7515 2: only the padding is taken away."""
    for octet in range(256):
        data = bytes([1, 2, octet])
        assert b64url_decode(b64url_encode(data)) == data
        assert len(b64url_encode(data)) == 4


@pytest.mark.parametrize(
    "text",
    ['["a","\\u0000"]', '["\\u0000","a"]', '{"a":"a","b":"\\u0000"}', '{"a":"\\u0000","b":"a"}', '{"a":1,"\\ud800":1}',
     '{"a":[1,{"b":["\\udc00"]}]}', '"\\u0000"', '"a\\ud800b"', '"\\udfff"'],
)  # fmt: skip
def test_one_character_that_is_no_text_is_enough(text: str) -> None:
    """RX-04: beside members and values that are text, in names and in values, at any level."""
    with pytest.raises(ValueError, match="no text"):
        parse_json(text.encode())


def test_escaped_text_beside_other_values() -> None:
    """RFC 8259 7: an escape is no reason to refuse the numbers and literals beside it."""
    assert parse_json(b'{"a":"\\u20ac","n":1,"b":true,"z":null,"l":[1.5,"\\u0001"],"e":[],"o":{}}') == {
        "a": "€", "n": 1, "b": True, "z": None, "l": [1.5, "\x01"], "e": [], "o": {},
    }  # fmt: skip


def test_json_is_written_compactly() -> None:
    """RFC 7638 3: no space, and characters as themselves."""
    assert dump_json({"a": [1, "ü"], "b": {}}) == '{"a":[1,"ü"],"b":{}}'.encode()


def test_a_token_that_is_no_text() -> None:
    """RX-04: a lone surrogate in any part ends in JoseError."""
    first, second, third = token('{"alg":"ES256"}', "{}", "AA").split(".")
    for form in (f"\ud800.{second}.{third}", f"{first}.\ud800.{third}", f"{first}.{second}.\ud800"):
        assert refusal(parse, form).reason == "idtoken_format"
        assert refusal(verify, form, [], tuple(ALGORITHMS)).reason in {"idtoken_format", "idtoken_key"}


def test_a_signature_is_read_before_anything_is_believed() -> None:
    """HO-4: `parse` looks at the spelling of the signature too."""
    for signature in ("!", "A", "AA=", "AB"):
        assert refusal(parse, token('{"alg":"ES256"}', "{}", signature)).reason == "idtoken_format"


def test_two_keys_and_no_name_say_so(signers: Signers) -> None:
    """HO-5: the detail tells a token without kid from two keys of one name."""
    keys = [signers["ES256"].public(), generate("ES256", kid="other").public()]
    nameless = sign(PrivateKey("ES256", "", signers["ES256"].key), {})
    assert refusal(verify, nameless, keys, ["ES256"]).detail == "several keys fit, and no kid says which"


def test_times_hold_at_their_last_second() -> None:
    """HO-7: from 1970 to the year 9999; 60 seconds of skew; an hour of age; each by one second."""
    assert c.integer({"t": 0}, "t") == 0
    assert c.integer({"t": 253402300799}, "t") == 253402300799
    for value in (-1, -0.5, 253402300800, None, True, "1"):
        assert refusal(c.integer, {"t": value}, "t").reason == "idtoken_time"
    taken = [(NOW - 59, NOW, NOW), (NOW + 9, NOW + 60, NOW), (NOW + 9, NOW - 3660, NOW), (NOW + 9, NOW, NOW + 60)]
    refused = [(NOW - 60, NOW, NOW), (NOW + 9, NOW + 61, NOW), (NOW + 9, NOW - 3661, NOW), (NOW + 9, NOW, NOW + 61)]
    for exp, iat, nbf in taken:
        c.check_times({"exp": exp, "iat": iat, "nbf": nbf}, NOW)
    for exp, iat, nbf in refused:
        assert refusal(c.check_times, {"exp": exp, "iat": iat, "nbf": nbf}, NOW).reason == "idtoken_time"


def test_each_rule_of_time_is_asked_in_a_hint_too() -> None:
    """HP-15: only what is past is forgiven; a hint of the future is none."""
    hint = {"exp": NOW - 5000, "iat": NOW - 9000, "nbf": NOW - 9000}
    c.check_times(hint, NOW, may_be_expired=True, oldest=None)
    for change in ({"iat": NOW + 61}, {"nbf": NOW + 61}):
        assert refusal(c.check_times, hint | change, NOW, may_be_expired=True, oldest=None).reason == "idtoken_time"
    assert refusal(c.check_times, hint, NOW, may_be_expired=True).detail == "iat is too long ago"
    assert refusal(c.check_times, hint, NOW, oldest=None).detail == "exp is past"


def test_audiences_are_names() -> None:
    """RFC 7519 4.1.3: at least one, none of them empty, whoever else is among them."""
    assert c.audiences({"aud": "a"}) == ("a",)
    assert c.audiences({"aud": ["a", "b"]}) == ("a", "b")
    for aud in ([], "", [""], ["a", ""], ["", "a"], ["a", 1], [1, "a"], None, 1):
        assert refusal(c.audiences, {"aud": aud}).reason == "idtoken_aud"


def test_azp_does_not_stand_for_aud() -> None:
    """Core 3.1.3.7: a token for others is not ours because it was requested by us; and one without aud is nobody's."""
    for aud in ("other", ["other"], ["other", "another"]):
        assert refusal(c.check_audience, {"aud": aud, "azp": "us"}, "us").reason == "idtoken_aud"
    for check in (c.check_audience, c.check_single_audience):
        assert refusal(check, {}, "us").reason == "idtoken_aud"


def test_a_subject_has_up_to_255_characters() -> None:
    """OU-18: the shortest, the longest, and the ends of the alphabet."""
    for sub in ("a", " ", "~", "a" * 255):
        assert c.subject({"sub": sub}) == sub
    for sub in ("", "a" * 256, "\x1f", "\x7f"):
        assert refusal(c.subject, {"sub": sub}).reason == "idtoken_sub"
