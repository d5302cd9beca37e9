"""The models by hand, as other tests and programs build them: no home, no file is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from broker.settings.durations import seconds
from broker.settings.errors import Wrong
from broker.settings.model import ApplicationFile, PartnerFile
from broker.settings.translate import errors_of
from broker.settings.values import Section
from broker.settings.yaml_tree import read
from tests.settings.homes import ENVIRON, SECRET, good, lines, of, write


def test_partners_by_hand():
    """Files are not looked for without a home; the issuer is what identities are bound to."""
    saml = {"metadata": "config/md.xml", "metadata_certificate": "config/md.pem"}
    partner = PartnerFile.model_validate({"name": "x", "saml": {**saml, "entity_id": "urn:x"}})
    assert (partner.protocol, partner.issuer) == ("saml", "urn:x")
    assert PartnerFile.model_validate({"name": "x", "saml": saml}).issuer == ""
    oidc = {"issuer": "https://i.example", "client_id": "c", "client_secret": SecretStr(SECRET)}
    partner = PartnerFile.model_validate({"name": "x", "oidc": oidc})
    assert (partner.protocol, partner.issuer) == ("oidc", "https://i.example")
    assert PartnerFile.model_validate({"name": "x"}).issuer == ""


def test_applications_by_hand(tmp_path: Path):
    """A context may be a home alone."""
    write(tmp_path, {"logo.svg": "<svg/>", "jwks.json": "{}"})
    assert ApplicationFile.model_validate({"name": "x", "logo": "none.svg"}).logo == "none.svg"
    assert ApplicationFile.model_validate({"name": "x", "logo": "logo.svg"}, context={"home": tmp_path}).client_id == ""
    with pytest.raises(ValidationError, match="is no key set"):
        ApplicationFile.model_validate({"name": "x", "jwks": "jwks.json"}, context={"home": tmp_path})


def test_nothing_is_converted():
    """Strict: a number is no text, a text is no truth, and what was given never stands in the message."""
    with pytest.raises(ValidationError) as raised:
        ApplicationFile.model_validate({"name": 3, "assignment_required": "true", "client_secret": "hush", "extra": SECRET})
    assert raised.value.error_count() == 4
    assert "hush" not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(("text", "value"), [("1s", 1), ("45s", 45), ("10m", 600), ("12h", 43_200), ("36500d", 3_153_600_000)])
def test_durations(text, value):
    """Seconds."""
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text", ["", "s", "1", "1w", "1 d", "1.5h", "+1d", "1D", "1d ", "٣d", "9999999999d", 5, None, True, ["1d"]]
)
def test_no_durations(text):
    """A whole number in ASCII digits and one unit."""
    with pytest.raises(Wrong):
        seconds(text)


class Counted(Section):
    """A model with a type that no file has."""

    number: int


def test_a_finding_of_a_new_kind_is_told_in_pydantics_words():
    """A type that a later key may bring is no trace, and its value is not repeated."""
    tree = read(b"number: hush\n", "f.yaml")
    with pytest.raises(ValidationError) as raised:
        Counted.model_validate(tree.data)
    assert [str(error) for error in errors_of(Counted, tree, raised.value)] == [
        "f.yaml:1: number: input should be a valid integer; see: broker schema"
    ]


def test_what_was_reported_is_not_reported_again(tmp_path: Path):
    """A place with a missing reference or an anchor has one error, not three."""
    text = "name: x\njwks_uri: ${env:GONE}\njwks: &a {keys: []}\n"
    assert of("application", tmp_path, text) == [
        "2: jwks_uri: environment variable GONE is not set; set it, or write ${file:PATH}",
        "3: jwks: &a is an anchor; remove it",
    ]


def test_lists_and_maps_are_not_printed(tmp_path: Path):
    """Where a single value is due, what stands there is only hinted at."""
    assert lines(good(tmp_path, broker="issuer: [a, b]\n"), ENVIRON) == [
        "config/broker.yaml:1: issuer: '[...]' is no URL; write plain ASCII without spaces, hosts in their xn-- form"
    ]
    assert lines(good(tmp_path, broker="issuer: {a: b}\n"), ENVIRON) == [
        "config/broker.yaml:1: issuer: '{...}' is no URL; write plain ASCII without spaces, hosts in their xn-- form"
    ]
