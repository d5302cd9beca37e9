"""Hypothesis over the gate and what follows it: bytes in, a refusal or a record out, and nothing else."""

from __future__ import annotations

import base64
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from broker.connectors.saml.assertion_reader import JudgedAssertion
from broker.domain.errors import BadRequest, PartnerFailed, PartnerUntrusted
from broker.saml.errors import SamlRefused
from broker.saml.schema_gate import gate_assertion, gate_response
from tests.connectors.saml.idp import VIEW, encryption, genuine, rsa_key, show, x509_info

CORPUS = Path(__file__).parent / "corpus"
REASONS = frozenset(
    "saml_unsigned saml_structure saml_signature_profile saml_algorithm saml_signature saml_issuer_mismatch saml_wrong_idp "
    "saml_audience saml_unsolicited saml_in_response_to saml_time saml_destination saml_confirmation saml_status saml_nameid "
    "saml_nameid_format saml_attribute claim_ambiguous saml_decode saml_encryption".split()
)
TOKENS = [
    b"<", b">", b"/>", b"</", b"&", b"&amp;", b"&#0;", b"&#x41;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml ", b"?>", b"<!DOCTYPE",
    b"xmlns=''", b' xmlns:saml="u"', b' ID="_assertion-1"', b' Id="x"', b"saml:", b"ds:", b"samlp:", b"#", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"2.0", b"Z", b"\n", b" ", b"'", b'"', b"<saml:Assertion/>", b"<ds:Signature/>", b"<ds:Object/>", b"<xenc:EncryptedKey/>",
]  # fmt: skip


@cache
def seeds() -> tuple[bytes, ...]:
    """Genuine messages, of each form."""
    info = {"key_info": x509_info(rsa_key())}
    return (
        genuine(signature_options=info).xml(),
        genuine(signed="assertion").xml(),
        genuine(signed="response", encrypt=encryption()).xml(),
        genuine(signed="assertion", encrypt=encryption(beside=True)).xml(),
        genuine(signed="none", has_assertion=False, status='<samlp:StatusCode Value="x"/>').xml(),
    )


def outcome(raw: str, data: bytes | None) -> str:
    """A word for what happened; any other exception ends the test."""
    try:
        judged = show(raw)
    except (PartnerUntrusted, PartnerFailed, BadRequest) as error:
        refusal = error
    else:
        return _only_the_genuine(judged, data)
    assert refusal.reason in REASONS
    assert refusal.detail
    return refusal.reason


def _only_the_genuine(judged: JudgedAssertion, data: bytes | None) -> str:
    assert isinstance(judged, JudgedAssertion)
    assert judged.assertion.partner == VIEW.id
    assert judged.assertion.subject.endswith('"x7f-quirk"]')  # only the genuine values can come out
    assert judged.assertion.email == "ada@fabrikam.example"
    assert data is not None
    return "record"


def encoded(data: bytes) -> str:
    """As the field carries it."""
    return base64.b64encode(data).decode()


@given(st.text(max_size=400))
@example("=")
@example("\ud800")
def test_any_text(raw: str) -> None:
    """HS-6: any text in the field."""
    assert outcome(raw, None) != "record"


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    """HS-7, HS-8: any bytes under the base64."""
    assert outcome(encoded(data), data) != "record"
    assert outcome(encoded(b"<" + data), data) != "record"


@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_any_markup(parts: list[bytes]) -> None:
    """HS-7, HS-8: any sequence of markup."""
    assert outcome(encoded(b"<a>" + b"".join(parts)), b"") != "record"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_bytes(data: st.DataObject) -> None:
    """HS-7 to HS-20: a genuine message with bytes replaced, cut out or put in: its own values, or a refusal."""
    raw = bytearray(data.draw(st.sampled_from(range(len(seeds()))).map(lambda number: seeds()[number])))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 12)))
        raw[start:end] = data.draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)))
    outcome(encoded(bytes(raw)), bytes(raw))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_trees(data: st.DataObject) -> None:
    """HS-9 to HS-14, SR-05: elements moved, copied, removed, renamed, attributes changed: its own values, or a refusal."""
    root: Any = etree.fromstring(data.draw(st.sampled_from(range(len(seeds()))).map(lambda number: seeds()[number])))
    for _ in range(data.draw(st.integers(1, 3))):
        elements = list(root.iter())
        one, other = (elements[data.draw(st.integers(0, len(elements) - 1))] for _ in range(2))
        action = data.draw(st.sampled_from(["copy", "move", "remove", "text", "attribute", "rename", "drop"]))
        if action == "copy":
            other.insert(data.draw(st.integers(0, len(other))), deepcopy(one))
        elif action == "move" and one is not root and one not in other.iterancestors() and one is not other:
            other.insert(data.draw(st.integers(0, len(other))), one)
        elif action == "remove" and one is not root:
            one.getparent().remove(one)
        elif action == "text":
            one.text = data.draw(st.sampled_from([None, "", " ", "admin", "x7f-quirk", "2027-01-15T08:00:00Z"]))
        elif action == "attribute":
            name = data.draw(st.sampled_from([*map(str, one.keys()), "ID", "Id", "URI", "Algorithm", "{urn:x}y"]))
            one.set(name, data.draw(st.sampled_from(["", "_assertion-1", "#_assertion-1", "_response-1", "x", "2.0"])))
        elif action == "rename":
            one.tag = other.tag
        elif action == "drop" and one.attrib:
            del one.attrib[data.draw(st.sampled_from(list(one.attrib)))]
    outcome(encoded(etree.tostring(root)), b"")


@given(st.binary(max_size=300), st.sampled_from(["response", "none"]))
def test_any_plaintext(plain: bytes, signed: str) -> None:
    """HS-20: any bytes as what was encrypted, also inside a signed Response."""
    message = genuine(signed=signed, encrypt=lambda _: encryption()(plain))
    assert outcome(message.field(), b"") != "record"


@given(st.binary(max_size=300))
def test_gates_alone(data: bytes) -> None:
    """HS-4: the two gates by themselves know one refusal."""
    for gate in (gate_response, gate_assertion):
        for text in (data, b"<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>" + data):
            with pytest.raises(SamlRefused) as caught:  # no message so short is complete
                gate(text)
            assert caught.value.reason in REASONS


def test_the_corpus() -> None:
    """HS-4: every message that was met badly once is refused in words."""
    kept = sorted(CORPUS.glob("*.xml"))
    assert kept
    for path in kept:
        for gate in (gate_response, gate_assertion):
            with pytest.raises(SamlRefused):
                gate(path.read_bytes())
