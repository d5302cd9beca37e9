"""`broker check --online`: what partners publish, judged against the files, over loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.cli.check import check
from broker.jose.keys import PrivateKey, generate
from tests.connectors.provider import Server, as_json
from tests.settings.homes import BROKER, ENVIRON, PARTNER, POLICY, good, write

WELL_KNOWN = "/.well-known/openid-configuration"
ALLOW = BROKER + "network: {allow_private_addresses: [127.0.0.0/8]}\n"


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    """The provider's signing key."""
    return generate("ES256", "k1")


@pytest.fixture
def provider(key: PrivateKey) -> Iterator[Server]:
    """An honest provider's two documents."""
    server = Server()
    document = {name: f"{issuer(server)}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    publish(server, {**document, "issuer": issuer(server)})
    server.routes["/jwks_uri"] = lambda _request: as_json({"keys": [key.public_jwk()]})
    yield server
    server.close()


def issuer(server: Server) -> str:
    """Its address."""
    return f"http://127.0.0.1:{server.port}"


def publish(server: Server, document: dict[str, Any]) -> None:
    """Bend the discovery document."""
    server.routes[WELL_KNOWN] = lambda _request: as_json(document)


def document_of(server: Server) -> dict[str, Any]:
    """The discovery document as it is served."""
    route: Any = server.routes[WELL_KNOWN]
    found: dict[str, Any] = json.loads(route(None)[2])
    return found


def home(tmp_path: Path, server: Server, broker: str = ALLOW, partner: str = PARTNER) -> Path:
    """A home whose only partner is that provider."""
    text = partner.replace("https://login.fabrikam.example", issuer(server))
    return good(tmp_path, broker=broker, partner=text, policy=POLICY + "state: disabled\n")


def run(folder: Path, *options: str) -> Result:
    """The command."""
    return CliRunner(env=ENVIRON).invoke(check, ["--home", str(folder), "--online", *options])


def line(result: Result) -> str:
    """The one line of a failed check, without its place."""
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1, result.stderr
    place, _, message = result.stderr.strip().partition(": ")
    assert place == "config/partners/fabrikam.yaml:4"
    return message


def test_an_honest_partner(provider: Server, tmp_path: Path):
    """Exit 0; it says which redirect URI to register there."""
    result = run(home(tmp_path, provider))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[2] == (
        f"fabrikam: {issuer(provider)} answers, 1 key; register the redirect URI https://login.contoso.example/oidc/fabrikam/callback"
    )


def test_json_has_every_partner(provider: Server, tmp_path: Path):
    """`--json`: redirect URI, clock, errors of each partner."""
    result = run(home(tmp_path, provider, ALLOW.replace("https://login.contoso.example", "http://localhost:8080")), "--json")
    assert json.loads(result.stdout)["partners"] == [
        {
            "id": "fabrikam",
            "file": "config/partners/fabrikam.yaml",
            "redirect_uri": "http://localhost:8080/oidc/fabrikam/callback",
            "clock_skew": 0,
            "ok": True,
            "errors": [],
        }
    ]


def test_a_redirect_uri_on_loopback_is_called_so(provider: Server, tmp_path: Path):
    """http: on loopback is for development: many providers take no such redirect URI."""
    result = run(home(tmp_path, provider, ALLOW.replace("https://login.contoso.example", "http://localhost:8080")))
    assert result.stdout.splitlines()[2].endswith(
        "register the redirect URI http://localhost:8080/oidc/fabrikam/callback (http: on loopback, for development only)"
    )


def test_another_issuer(provider: Server, tmp_path: Path):
    """OU-20, HO-8: the document is of somebody else."""
    publish(provider, {**document_of(provider), "issuer": "https://evil.example"})
    message = line(run(home(tmp_path, provider)))
    assert message.startswith("oidc.issuer: discovery_issuer: the discovery document is of issuer https://evil.example, not ")
    assert message.endswith("; write the issuer that the document names, if it is that one tenant's")


def test_an_endpoint_that_is_not_https(provider: Server, tmp_path: Path):
    """OU-20, HO-8: an http: endpoint on a host that nobody listed."""
    publish(provider, {**document_of(provider), "token_endpoint": "http://198.51.100.1/token"})
    assert line(run(home(tmp_path, provider))) == (
        "oidc.issuer: discovery_endpoint: token_endpoint is not an https: URL; ask the partner for endpoints at https:"
    )


def test_pkce_that_is_plain_only(provider: Server, tmp_path: Path):
    """OU-26, HO-8: S256 must not be excluded."""
    publish(provider, {**document_of(provider), "code_challenge_methods_supported": ["plain"]})
    assert line(run(home(tmp_path, provider))).startswith("oidc.issuer: discovery_pkce: ")


def test_private_addresses(provider: Server, tmp_path: Path):
    """OU-21, HO-16: nothing is sent to an address that is not public; nor is a redirect followed."""
    folder = home(tmp_path, provider, BROKER, PARTNER.replace("https://login.fabrikam.example", "https://127.0.0.1"))
    assert line(run(folder)).startswith("oidc.issuer: url_not_allowed: ")
    provider.routes[WELL_KNOWN] = lambda _request: (302, {"Location": "https://evil.example"}, b"")
    assert "redirect" in line(run(home(tmp_path, provider)))
    assert [request.path for request in provider.requests] == [WELL_KNOWN]


def test_a_partner_that_is_down(provider: Server, tmp_path: Path):
    """Unreachable, an error, or no JSON: told, with what to look at."""
    provider.routes[WELL_KNOWN] = lambda _request: (503, {}, b"")
    assert line(run(home(tmp_path, provider))) == (
        "oidc.issuer: upstream_unavailable: the discovery document: the address answers 503;"
        " check address, network and certificate, and ask the partner whether it is up"
    )
    provider.routes[WELL_KNOWN] = lambda _request: (200, {}, b"<html>")
    assert line(run(home(tmp_path, provider))).startswith("oidc.issuer: discovery_format: ")


def test_no_usable_key(provider: Server, tmp_path: Path):
    """HO-2, HO-5: no usable key is a refusal before the first login."""
    provider.routes["/jwks_uri"] = lambda _request: as_json({"keys": [{"kty": "oct", "k": "AAAA"}]})
    message = line(run(home(tmp_path, provider)))
    assert message.startswith("oidc.issuer: jwks_format: ")
    assert message.endswith("; ask the partner for a key set with signing keys")


@pytest.mark.parametrize(("offset", "words"), [(120, "120 s ahead of ours"), (-120, "120 s behind ours"), (50, ""), (-50, "")])
def test_a_clock_that_is_wrong(offset, words, provider: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """HO-7: more than 60 seconds of difference would fail every login."""
    shown = provider.http.RequestHandlerClass
    monkeypatch.setattr("broker.services.partners.provider_probe.wall_clock", lambda: 1_800_000_000.5)
    monkeypatch.setattr(shown, "date_time_string", lambda *_: formatdate(1_800_000_000 + offset, usegmt=True))
    result = run(home(tmp_path, provider))
    if words:
        assert line(result) == f"oidc.issuer: clock_skew: its clock is {words}; set the clock that is wrong, by NTP"
    else:
        assert result.exit_code == 0


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_no_readable_clock_is_no_error(date, provider: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A Date header is a courtesy; without one nothing is said."""
    monkeypatch.setattr(provider.http.RequestHandlerClass, "date_time_string", lambda *_: date)
    result = run(home(tmp_path, provider), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["partners"][0]["clock_skew"] is None


def test_a_stored_answer_has_no_clock(provider: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """RFC 9111 5.1: with Age, the Date is that of the storing; nothing is said."""
    monkeypatch.setattr(provider.http.RequestHandlerClass, "date_time_string", lambda *_: formatdate(1, usegmt=True))
    document = json.dumps(document_of(provider)).encode()
    provider.routes[WELL_KNOWN] = lambda _request: (200, {"Age": "86400"}, document)
    jwks: Any = provider.routes["/jwks_uri"]
    keys = jwks(None)[2]
    provider.routes["/jwks_uri"] = lambda _request: (200, {"Age": "1"}, keys)
    assert run(home(tmp_path, provider)).exit_code == 0


METHODS = "token_endpoint_auth_methods_supported"


def test_a_secret_that_the_provider_does_not_take(provider: Server, tmp_path: Path):
    """HO-12: how we prove ourselves is something the provider offers."""
    publish(provider, {**document_of(provider), METHODS: ["private_key_jwt", "tls_client_auth"]})
    result = run(home(tmp_path, provider))
    assert result.exit_code == 1
    assert result.stderr == (
        "config/partners/fabrikam.yaml:6: oidc.client_secret: client_authentication: the provider offers private_key_jwt,"
        " tls_client_auth; write client_authentication: private_key_jwt\n"
    )
    keyed = PARTNER.replace("client_secret: ${env:FABRIKAM_SECRET}", "client_authentication: private_key_jwt")
    assert run(home(tmp_path, provider, ALLOW, keyed)).exit_code == 0
    publish(provider, {**document_of(provider), METHODS: ["client_secret_post"]})
    result = run(home(tmp_path, provider, ALLOW, keyed))
    assert result.stderr == (
        "config/partners/fabrikam.yaml:6: oidc.client_authentication: client_authentication: the provider offers"
        " client_secret_post; write a client_secret instead\n"
    )


def test_applications_with_a_jwks_uri(provider: Server, tmp_path: Path):
    """The key sets of applications are fetched too; other files are passed over."""
    folder = home(tmp_path, provider)
    write(
        folder,
        {
            "config/applications/keyed.yaml": f"name: x\njwks_uri: {issuer(provider)}/jwks_uri\n",
        },
    )
    result = run(folder)
    assert result.exit_code == 0, result.stderr
    assert f"keyed: {issuer(provider)}/jwks_uri answers, 1 key" in result.stdout.splitlines()
    write(folder, {"config/applications/keyed.yaml": f"name: x\njwks_uri: {issuer(provider)}/none\n"})
    result = run(folder)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0].startswith("config/applications/keyed.yaml:2: jwks_uri: upstream_unavailable: ")


def test_bad_files_are_not_taken_online(provider: Server, tmp_path: Path):
    """Nothing is fetched for files with errors."""
    result = run(home(tmp_path, provider, ALLOW + "colour: red\n"))
    assert result.exit_code == 1
    assert provider.requests == []
