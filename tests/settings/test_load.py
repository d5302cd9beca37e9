"""All files together: lookups, digest, one authority a domain, one client an issuer, hosts that may be http."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from broker.settings import load
from broker.settings.errors import ConfigError, ConfigErrors
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, PARTNER, SECRET, good, lines, write


def other(domains: str, client_id: str = "other") -> str:
    """A second partner's file."""
    return PARTNER.replace("[fabrikam.example]", domains).replace("contoso-broker", client_id)


def test_settings_hold_every_file_by_its_name(tmp_path: Path):
    """The file's name is the id; the settings are read-only, paths start at the home."""
    settings = load.load(good(tmp_path), ENVIRON)
    assert settings.home == tmp_path
    assert settings.issuer == "https://login.contoso.example"
    assert (list(settings.partners), list(settings.applications), list(settings.policies)) == (["fabrikam"], ["payroll"], ["mfa"])
    assert settings.partners["fabrikam"].id == "fabrikam"
    assert settings.applications["payroll"].client_id == "payroll"
    assert settings.policies["mfa"].id == "mfa"
    assert settings.path("var/mail") == tmp_path / "var/mail"
    assert settings.path("/run/x") == Path("/run/x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.digest = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.broker.issuer = "x"
    with pytest.raises(TypeError):
        settings.partners["x"] = settings.partners["fabrikam"]  # type: ignore[index]


def test_partners_and_applications_are_optional(tmp_path: Path):
    """A new home has broker.yaml only."""
    settings = load.load(write(tmp_path, {"config/broker.yaml": BROKER}), {})
    assert (len(settings.partners), len(settings.applications), len(settings.policies)) == (0, 0, 0)


def test_a_relative_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The home may be the current folder; the settings name it absolutely."""
    good(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert load.load(Path(), ENVIRON).home == tmp_path


def test_errors_are_one_exception_with_all_of_them(tmp_path: Path):
    """ConfigErrors carries place and text of each error, and prints one line each."""
    good(tmp_path, broker="isuer: x\n", policy="name: x\n")
    with pytest.raises(ConfigErrors) as raised:
        load.load(tmp_path, ENVIRON)
    assert raised.value.errors[0] == ConfigError(
        "config/broker.yaml", 1, "issuer", "is missing; write issuer: https://login.contoso.example"
    )
    assert str(raised.value).splitlines() == [str(error) for error in raised.value.errors]
    assert len(raised.value.errors) == 4


def test_a_domain_finds_its_partner(tmp_path: Path):
    """PO-04: exact labels; below a domain only by an entry that begins with a dot; the nearest entry wins."""
    good(tmp_path, partner=other("[fabrikam.example, .fabrikam.test, .a.fabrikam.test, Bücher.example]"))
    settings = load.load(tmp_path, ENVIRON)
    found = ("fabrikam.example", "x.fabrikam.test", "x.y.fabrikam.test", "b.a.fabrikam.test", "xn--bcher-kva.example")
    assert {name: settings.partner_of_domain(name) for name in found} == dict.fromkeys(found, settings.partners["fabrikam"])
    for name in (
        "evil-fabrikam.example", "fabrikam.example.evil", "sub.fabrikam.example", "fabrikam.example.", "fabrikam.test",
        "xfabrikam.test", "Fabrikam.example", "example", "", ".", ".fabrikam.example", "bücher.example",
    ):  # fmt: skip
        assert settings.partner_of_domain(name) is None, name


OTHER = "config/partners/other.yaml"
KEEP = "keep it in one of the two files"
DOMAINS = {
    "[fabrikam.example]": [f"{OTHER}:2: domains.0: 'fabrikam.example' belongs to partner fabrikam already; {KEEP}"],
    "[a.example, FABRIKAM.Example.]": [f"{OTHER}:2: domains.1: 'fabrikam.example' belongs to partner fabrikam already; {KEEP}"],
    "[.test.example]": [f"{OTHER}:2: domains.0: '.test.example' belongs to partner fabrikam already; {KEEP}"],
    "[a.test.example]": [f"{OTHER}:2: domains.0: 'a.test.example' lies below a domain of partner fabrikam; {KEEP}"],
    "[.b.a.test.example]": [f"{OTHER}:2: domains.0: '.b.a.test.example' lies below a domain of partner fabrikam; {KEEP}"],
    "[test.example, x.fabrikam.example]": [],
}
DOMAINS["[.example]"] = [f"{OTHER}:2: domains.0: '.example' is a top-level domain; write one as fabrikam.example"]


@pytest.mark.parametrize("domains", DOMAINS)
def test_a_domain_has_one_authority(domains, tmp_path: Path):
    """PO-04: two partners that vouch for one address would each be believed."""
    good(tmp_path, partner=PARTNER.replace("[fabrikam.example]", "[fabrikam.example, .test.example]"))
    write(tmp_path, {OTHER: other(domains)})
    assert lines(tmp_path) == DOMAINS[domains]


def test_a_wide_domain_in_a_later_file(tmp_path: Path):
    """The narrower one is told, whichever file comes first; one partner may have both."""
    good(tmp_path, partner=other("[x.fabrikam.example, .x.fabrikam.example]"))
    write(tmp_path, {OTHER: other("[.fabrikam.example]", "c2")})
    below = f"lies below a domain of partner other; {KEEP}"
    assert lines(tmp_path) == [
        f"config/partners/fabrikam.yaml:2: domains.0: 'x.fabrikam.example' {below}",
        f"config/partners/fabrikam.yaml:2: domains.1: '.x.fabrikam.example' {below}",
    ]


def test_two_partners_are_not_one_client(tmp_path: Path):
    """HO-14: (partner, issuer, subject) would name one person twice; another client_id is another matter."""
    good(tmp_path)
    write(tmp_path, {OTHER: other("[other.example]", "contoso-broker"), "config/partners/third.yaml": other("[third.example]")})
    advice = "register a client of its own, or keep one file"
    assert lines(tmp_path) == [f"{OTHER}:5: oidc.client_id: is, with this issuer, partner fabrikam's already; {advice}"]


def test_files_with_errors_take_part_in_the_comparison(tmp_path: Path):
    """CF-02: every error in one run, also those between a broken file and a good one."""
    good(tmp_path, partner=PARTNER + "colour: red\n", broker=BROKER + "colour: red\n")
    write(tmp_path, {OTHER: other("[fabrikam.example]", "contoso-broker").replace("https://login", "http://login") + "hue: 1\n"})
    keys = [line.split(": ")[1] for line in lines(tmp_path)]
    assert keys == ["colour", "colour", "domains.0", "oidc.issuer", "hue"]


HTTP = "is http (url_not_allowed); write https://, or list its host in network.allow_private_addresses of broker.yaml"
ALLOWED = {
    ("http://127.0.0.2:9", "[127.0.0.0/8]"): True,
    ("http://127.0.0.2:9", "[127.0.0.2]"): True,
    ("http://127.0.0.2:9", "[127.0.0.3]"): False,
    ("http://127.0.0.2:9", "[localhost]"): False,
    ("http://[::1]:9", "['::1']"): True,
    ("http://localhost:9", "[localhost]"): True,
    ("http://localhost:9", "[127.0.0.0/8]"): True,
    ("http://localhost:9", "[10.0.0.0/8]"): False,
    ("http://localhost:9", "[]"): False,
    ("http://10.1.2.3", "[10.0.0.0/8]"): True,
    ("http://10.1.2.3", "[192.168.0.0/16]"): False,
    ("http://idp.internal", "[IDP.internal]"): True,
    ("http://idp.internal", "[10.0.0.0/8]"): False,  # FA-15: where a name resolves to is its owner's choice
    ("http://idp.internal:8080", "['idp.internal:8080']"): True,
    ("http://idp.internal:8081", "['idp.internal:8080']"): False,
    ("http://10.1.2.3", "['10.0.0.0/8:80']"): True,
    ("http://10.1.2.3:81", "['10.0.0.0/8:80']"): False,
    ("http://localhost:9", "['127.0.0.0/8:9']"): True,
    ("http://localhost:8", "['127.0.0.0/8:9']"): False,
    ("http://idp.internal", "[127.0.0.0/8]"): False,
    ("http://idp.internal", "[internal]"): False,
}


@pytest.mark.parametrize(("issuer", "allow"), ALLOWED)
def test_http_only_where_the_operator_says_so(issuer, allow, tmp_path: Path):
    """HO-16: what the broker calls is https, but for hosts that network.allow_private_addresses lists."""
    broker = f"{BROKER}network: {{allow_private_addresses: {allow}}}\n"
    good(tmp_path, broker=broker, partner=PARTNER.replace("https://login.fabrikam.example", f'"{issuer}"'))
    expected = [] if ALLOWED[issuer, allow] else [f"config/partners/fabrikam.yaml:4: oidc.issuer: '{issuer}' {HTTP}"]
    assert lines(tmp_path) == expected


def test_a_broken_network_section_is_told_once(tmp_path: Path):
    """One mistake in broker.yaml is not repeated for every partner."""
    good(
        tmp_path,
        broker=BROKER + "network: {allow_private_addresses: localhost}\n",
        partner=PARTNER.replace("https://login.fabrikam.example", "http://localhost:1"),
    )
    assert lines(tmp_path) == [
        "config/broker.yaml:3: network.allow_private_addresses: is not a list; write [ONE, TWO], or [] for none"
    ]


def test_the_digest_is_of_the_files(tmp_path: Path):
    """HT-20: nodes with the same files have the same digest, whatever their home and secrets; a comment changes it."""
    first = load.load(good(tmp_path / "a"), ENVIRON).digest
    second = load.load(good(tmp_path / "b"), {**ENVIRON, "PAYROLL_SECRET": SECRET}).digest
    assert first == second
    assert len(first) == 16
    assert load.load(good(tmp_path / "b", application=APPLICATION + "# note\n"), ENVIRON).digest != first
    (tmp_path / "a/config/policies/mfa.yaml").rename(tmp_path / "a/config/policies/mfa2.yaml")
    assert load.load(tmp_path / "a", ENVIRON).digest != first


def test_many_partners_load_and_do_not_slow_a_login(tmp_path: Path):
    """Issue 4: partner count without effect. The lookup is a dict; a thousand files take well under five seconds of CPU."""
    good(tmp_path)
    files = {f"config/partners/p{n}.yaml": other(f"[p{n}.example, .p{n}.test]", f"c{n}") for n in range(1000)}
    write(tmp_path, files)
    before = time.process_time()
    settings = load.load(tmp_path, ENVIRON)
    assert time.process_time() - before < 5
    assert len(settings.partners) == 1001
    before = time.process_time()
    for _ in range(1000):
        assert settings.partner_of_domain("x.p999.test") is settings.partners["p999"]
    assert time.process_time() - before < 0.5
