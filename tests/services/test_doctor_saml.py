"""Doctor at a SAML partner: metadata, keys, requests, and what its past answers tell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.services.doctor import DoctorReport, Finding, Level, advice
from tests.clock import Clock
from tests.connectors.provider import Server
from tests.connectors.saml.metadata_documents import body, rsa_key
from tests.connectors.tls import speak_tls
from tests.house.source import BROKER
from tests.journeys.saml_world import WILL, SamlWorld, saml_world
from tests.journeys.world import open_world

DAY = 86_400


@pytest.fixture
def woodgrove(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[SamlWorld]:
    """Contoso's world with a partner over SAML, its file written."""
    for world in open_world(tmp_path / "home", sqlite_url, clock):
        with saml_world(world) as found:
            found.file()
            yield found


def examine(at: SamlWorld, *, offline: bool = False) -> DoctorReport:
    """The report."""
    return at.world.broker.doctor.examine("woodgrove", offline=offline)


def found(report: DoctorReport, check: str) -> list[Finding]:
    """What was found of one kind."""
    return [finding for finding in report.findings if finding.check == check]


def only(report: DoctorReport, check: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = found(report, check)
    return finding


def as_file(at: SamlWorld, *, ends: int | None = None) -> None:
    """The partner's metadata as a file of ours, with a validUntil."""
    text = at.idp.metadata().decode()
    if ends is not None:
        until = dt.datetime.fromtimestamp(ends, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = text.replace("<md:EntityDescriptor ", f'<md:EntityDescriptor validUntil="{until}" ', 1)
    (at.world.home / "config" / "woodgrove.xml").write_text(text, "utf-8")
    at.file(metadata="config/woodgrove.xml")


def test_a_partner_that_is_well(woodgrove: SamlWorld) -> None:
    """Metadata, keys, clock, what the partner needs of us, and past sign-ins: nothing to change but http: on loopback."""
    woodgrove.redeem(woodgrove.visitor())
    woodgrove.world.sign_in(woodgrove.visitor())
    report = examine(woodgrove)
    assert [finding.check for finding in report.findings if finding.level is not Level.OK] == ["metadata_certificate"]
    assert report.is_well
    assert report.redirect_uri == f"{woodgrove.world.url}/saml/acs"
    assert woodgrove.idp.entity_id in found(report, "metadata")[0].seen
    assert f"{woodgrove.world.url}/saml/woodgrove/metadata" in only(report, "register").seen
    assert report.issuer  # FC-13: what the partner calls itself, though the file does not say it
    assert "+0 s from our clock" in only(report, "clock_in_tokens").seen
    assert "urn:oid:" in only(report, "claims").seen


def test_a_visit_changes_nothing(woodgrove: SamlWorld) -> None:
    """No row is written, and no key is made."""
    before = woodgrove.world.counts()
    examine(woodgrove)
    assert woodgrove.world.counts() == before


def test_metadata_that_cannot_be_had(woodgrove: SamlWorld) -> None:
    """The reason, whose side, what to do."""
    woodgrove.file(metadata=f"{woodgrove.server.address}/elsewhere")
    finding = only(examine(woodgrove), "reachable")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert finding.seen.startswith("metadata_fetch")
    woodgrove.file(entity_id="https://somebody.example")
    finding = only(examine(woodgrove), "reachable")
    assert (finding.side, finding.change) == ("ours", "write saml.entity_id as the metadata has it")


def test_requests_that_are_not_signed(woodgrove: SamlWorld) -> None:
    """WantAuthnRequestsSigned against saml.sign_requests."""
    woodgrove.file(sign_requests=False)
    finding = only(examine(woodgrove), "sign_requests")
    assert (finding.level, finding.side) == (Level.PROBLEM, "ours")


@pytest.mark.parametrize(("left", "level"), [(2 * DAY, Level.WARNING), (30 * DAY, Level.OK)])
def test_a_file_that_ends(woodgrove: SamlWorld, left: int, level: Level) -> None:
    """ValidUntil of a file: nobody renews it by itself."""
    as_file(woodgrove, ends=woodgrove.world.clock() + left)
    report = examine(woodgrove)
    assert found(report, "metadata_certificate") == []
    assert level in [finding.level for finding in found(report, "metadata") if "validUntil" in finding.seen]


def test_a_certificate_that_has_ended(woodgrove: SamlWorld) -> None:
    """SM-14: its key still counts, and it is warned of; a file does not even bring the next one."""
    assert only(examine(woodgrove), "keys").level is Level.OK
    woodgrove.idp.fault = "expired_certificate"
    finding = only(examine(woodgrove), "keys")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert "has ended (its key still counts)" in finding.seen
    as_file(woodgrove)
    finding = only(examine(woodgrove), "keys")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "has ended" in finding.seen


def test_fb_03_a_key_that_cannot_be_used(woodgrove: SamlWorld) -> None:
    """FB-03: the partner works with its other key, and is told which one does not count."""
    as_file(woodgrove)
    path = woodgrove.world.home / "config" / "woodgrove.xml"
    text = path.read_text("utf-8")
    first = text.index("<md:KeyDescriptor")
    weak = (
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{body(rsa_key(1024))}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
    path.write_text(text[:first] + weak + text[first:], "utf-8")
    woodgrove.redeem(woodgrove.visitor())
    seen = [finding for finding in found(examine(woodgrove), "keys") if "does not count" in finding.seen]
    assert [(finding.level, finding.side) for finding in seen] == [(Level.WARNING, "partner")]
    assert "1024 bits" in seen[0].seen


def test_fb_14_a_format_that_the_partner_does_not_list(woodgrove: SamlWorld) -> None:
    """FB-14: doctor warns of a format that the metadata does not list; one of the listed has no finding."""
    as_file(woodgrove)
    path = woodgrove.world.home / "config" / "woodgrove.xml"
    listed = "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>"
    text = path.read_text("utf-8").replace("<md:SingleSignOnService", f"{listed}<md:SingleSignOnService", 1)
    path.write_text(text, "utf-8")
    woodgrove.file(metadata="config/woodgrove.xml", name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    finding = only(examine(woodgrove), "name_id_format")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    woodgrove.file(metadata="config/woodgrove.xml", name_id_format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    assert found(examine(woodgrove), "name_id_format") == []


def test_fb_19_a_subject_that_can_change_hands(woodgrove: SamlWorld) -> None:
    """FB-19: a NameID that is no persistent one names the account: doctor warns of it after the first sign-in."""
    woodgrove.redeem(woodgrove.visitor())
    assert found(examine(woodgrove), "subject") == []
    woodgrove.world.clock.advance(5)
    woodgrove.idp._name_id = "email"
    woodgrove.redeem(woodgrove.visitor(WILL))
    finding = only(examine(woodgrove), "subject")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert "emailAddress" in finding.seen


def test_a_change_of_keys(woodgrove: SamlWorld) -> None:
    """SM-12: the newest change, by fingerprints."""
    woodgrove.redeem(woodgrove.visitor())
    woodgrove.idp.rotate_key(keep=False)
    woodgrove.world.clock.advance(2 * 3600)
    assert woodgrove.world.broker.operations.housekeeping.run()["documents"] == 1
    assert "added" in only(examine(woodgrove), "key_changes").seen


@pytest.mark.parametrize(
    ("fault", "reason", "side"),
    [
        ("skewed_clock", "saml_time", "partner"),
        ("wrong_audience", "saml_audience", "partner"),
        ("wrong_recipient", "saml_destination", "partner"),
        ("wrong_issuer", "saml_wrong_idp", "ours"),
        ("unsigned", "saml_unsigned", "partner"),
        ("other_keys", "saml_signature", "partner"),
        ("sha1", "saml_algorithm", "partner"),
        ("error", "saml_status", "partner"),
    ],
)
def test_past_failures(woodgrove: SamlWorld, fault: str, reason: str, side: str) -> None:
    """Each failure with the words of its rule, and whose side it is on."""
    woodgrove.idp.fault = fault
    woodgrove.world.arrive(woodgrove.visitor())
    report = examine(woodgrove, offline=True)
    finding = only(report, "past_failures")
    assert finding.seen.startswith(f"{reason} once")
    assert (finding.level, finding.side) == (Level.PROBLEM, side)
    if fault == "skewed_clock":
        assert only(report, "clock_in_tokens").level is Level.PROBLEM


def test_certificates_of_its_hosts(woodgrove: SamlWorld, tmp_path: Path) -> None:
    """The metadata's host and the sign-in page's: one that is not trusted is named."""
    server = Server()
    speak_tls(server, tmp_path, "127.0.0.1")
    text = woodgrove.idp.metadata().decode().replace(f"{woodgrove.server.address}/sso", f"https://127.0.0.1:{server.port}/sso")
    (woodgrove.world.home / "config" / "woodgrove.xml").write_text(text, "utf-8")
    woodgrove.file(metadata="config/woodgrove.xml")
    finding = only(examine(woodgrove), "certificate")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    server.close()


def test_every_reason_has_advice() -> None:
    """A reason with which a SAML answer or metadata is refused is one that doctor can explain."""
    files = [
        *(BROKER / "connectors" / "saml").glob("*.py"),
        *(BROKER / "services").glob("*saml*.py"),
        BROKER / "web" / "signin" / "acs.py",
    ]
    reasons = {word for path in files for word in re.findall(r'"((?:saml|metadata)_[a-z_]+)"', path.read_text())}
    reasons -= {"metadata_certificate", "saml_partners", "saml_view", "saml_of"}
    assert {reason for reason in reasons if reason not in advice.REASONS} == set()
    assert {"saml_replay", "saml_audience", "metadata_signature"} <= advice.REASONS.keys()
