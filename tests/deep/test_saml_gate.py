"""A million changed messages at the SAML gate: a refusal or a tree of the closed vocabulary, and nothing else.

What goes wrong is written to tests/saml/corpus/, which the ordinary tests show to the gate each time.
`FUZZ_RUNS` and `FUZZ_SEED` change how many and which.
"""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from broker.saml.errors import SamlRefused
from broker.saml.schema_gate import gate_assertion, gate_response
from tests.connectors.saml.idp import encryption, genuine, rsa_key, x509_info

CORPUS = Path(__file__).parents[1] / "saml" / "corpus"
RUNS = int(os.environ.get("FUZZ_RUNS", "1000000"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or random.SystemRandom().randrange(2**32)
PIECES = (
    b"<", b">", b"/>", b"</", b"&", b"&#0;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml ", b"?>", b"<!DOCTYPE a>", b' xmlns=""', b' ID="x"',
    b' xml:id="x"', b"saml:", b"ds:", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<saml:Assertion/>", b"<ds:Object/>", b"x" * 300,
)  # fmt: skip


def changed(data: bytes, dice: random.Random) -> bytes:
    """The message with one to four changes: a piece put in, cut out, repeated, moved, a byte replaced."""
    raw = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(raw) + 1)
        end = min(len(raw), start + dice.choice((0, 1, 1, 4, 40, 400)))
        other = dice.randrange(len(raw) + 1)
        match dice.randrange(4):
            case 0:
                raw[start:end] = dice.choice(PIECES)
            case 1:
                raw[start:end] = b""
            case 2:
                raw[other:other] = raw[start:end]
            case _:
                raw[start : start + 1] = bytes([dice.randrange(256)])
    return bytes(raw)


@pytest.mark.parametrize("part", range(4))
def test_changed_messages(part: int) -> None:
    """HS-4 to HS-14: whatever the bytes, one of two outcomes."""
    info = {"key_info": x509_info(rsa_key())}
    seeds = (
        (gate_response, genuine(signature_options=info).xml()),
        (gate_response, genuine(signed="response", encrypt=encryption()).xml()),
        (gate_assertion, genuine(signed="none").assertion_xml().encode()),
    )
    dice = random.Random(SEED + part)
    for _ in range(RUNS // 4):
        gate, seed = dice.choice(seeds)
        data = changed(seed, dice)
        try:
            document = gate(data)
        except SamlRefused:
            continue
        except BaseException as error:
            (CORPUS / f"{hashlib.sha256(data).hexdigest()[:16]}.xml").write_bytes(data)
            raise AssertionError(f"FUZZ_SEED={SEED}: {type(error).__name__}") from error
        assert document.root.getroottree().docinfo.internalDTD is None
