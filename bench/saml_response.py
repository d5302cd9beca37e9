"""CPU of judging one SAML response, from the form field to the record, and of its parts. Prints JSON.

    .venv/bin/python bench/saml_response.py [--times 500]

The messages are those of the tests, signed with RSA-2048; nothing is kept between two rounds, keys are loaded each time.
Milliseconds of this process's CPU, the median of rounds. Reach: signed, parse to record, under 2 ms.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from _cpu import milliseconds

from broker.connectors.saml.assertion_reader import read_record
from broker.saml.decryption import decrypt
from broker.saml.parse import decode
from broker.saml.schema_gate import gate_response
from broker.saml.signature import verify
from tests.connectors.saml.idp import EXPECTED, VIEW, canonical, encryption, genuine, rsa_key, show, x509_info

REACH = 2.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    options = {"key_info": x509_info(rsa_key())}
    keys, ours = (rsa_key().public_key(),), (rsa_key("broker"),)
    forms = {
        "assertion_signed": genuine(signed="assertion", signature_options=options).field(),
        "both_signed": genuine(signed="both", signature_options=options).field(),
        "encrypted_aes256_gcm": genuine(signed="assertion", signature_options=options, encrypt=encryption()).field(),
        "refused_by_the_gate": genuine(signed="assertion", signature_options=options, attributes="<saml:Other/>").field(),
    }
    plain, hidden = gate_response(decode(forms["assertion_signed"])), gate_response(decode(forms["encrypted_aes256_gcm"]))

    def refuse() -> None:
        try:
            show(forms["refused_by_the_gate"])
        except Exception:  # noqa: BLE001 - what is measured
            return

    whole = {name: milliseconds(partial(show, form), times) for name, form in list(forms.items())[:3]}
    figures = {
        "benchmark": "saml_response",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "bytes": {name: len(form) for name, form in forms.items()},
        "ms_cpu": whole | {"refused_by_the_gate": milliseconds(refuse, times)},
        "parts_ms_cpu": {
            "decode": milliseconds(lambda: decode(forms["assertion_signed"]), times),
            "gate": milliseconds(lambda: gate_response(decode(forms["assertion_signed"])), times),
            "one_signature": milliseconds(lambda: verify(plain.assertion_signature, keys), times),
            "decryption": milliseconds(lambda: decrypt(hidden.encrypted, ours, False), times),
            "record": milliseconds(
                lambda: read_record(plain.assertion, partner=VIEW, expected=EXPECTED, canonical_email=canonical), times
            ),
        },
        "reach_ms": REACH,
        "reached": whole["assertion_signed"] < REACH and whole["both_signed"] < REACH,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
