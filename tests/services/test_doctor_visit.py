"""Doctor's visit to a provider whose every answer is bent: what is seen from outside, without signing anybody in."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.connectors.oidc.partner import PartnerView
from broker.jose.keys import PrivateKey, generate
from broker.jose.sign import sign
from broker.services.doctor.finding import Finding, Level
from broker.services.doctor.provider_checks import ProviderVisit
from broker.services.partners.provider_probe import Watching
from broker.settings.model import OidcPartner
from tests.connectors.provider import Answer, Provider, Request, as_json
from tests.connectors.tls import speak_tls

REDIRECT = "https://broker.example/oidc/fabrikam/callback"
SECRET = "a-secret-of-sixteen-or-more"


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    """The provider's key, and ours."""
    return generate("ES256", "k1")


def knows_us(request: Request) -> Answer:
    """An endpoint that looks at credentials first: the secret, or an assertion that our key signed."""
    basic = base64.b64encode(f"contoso-broker:{SECRET}".encode()).decode()
    right = request.headers.get("authorization") == f"Basic {basic}" or request.form.get("client_secret") == SECRET
    signed = "client_assertion" in request.form and not request.form["client_assertion"].endswith("AAAAAAAA")
    return as_json({"error": "invalid_grant" if right or signed else "invalid_client"}, 400)


@pytest.fixture
def provider(key: PrivateKey) -> Iterator[Provider]:
    """An honest provider that knows nobody's codes."""
    provider = Provider(key)
    provider.routes["/token"] = knows_us
    provider.routes["/authorize"] = lambda _r: (302, {"Location": f"{REDIRECT}?error=login_required&state=x"}, b"")
    yield provider
    provider.close()


def visit(provider: Provider, key: PrivateKey, http: Watching | None = None, **oidc: Any) -> dict[str, list[Finding]]:
    """What a visit finds, by check."""
    by_key = oidc.get("client_authentication") == "private_key_jwt"
    values = {"issuer": provider.issuer, "client_id": "contoso-broker"} | ({} if by_key else {"client_secret": SECRET}) | oidc
    partner = OidcPartner.model_validate(values)
    view = PartnerView(
        id="fabrikam",
        issuer=provider.issuer,
        client_id="contoso-broker",
        client_secret=None if by_key else SECRET,
        private_key_jwt=by_key,
    )
    http = http or Watching(["127.0.0.1"], "test", seconds=2)
    looked = ProviderVisit(
        partner, view, REDIRECT, http, lambda _alg, claims, header: sign(key, claims, header=header), int(time.time())
    ).look()
    http.close()
    found: dict[str, list[Finding]] = {}
    for finding in looked:
        found.setdefault(finding.check, []).append(finding)
    return found


def test_honest(provider: Provider, key: PrivateKey) -> None:
    """Nothing to find; what was sent names us, our redirect URI and no person."""
    found = visit(provider, key)
    assert {finding.level for findings in found.values() for finding in findings} == {Level.OK}
    (asked,) = [request for request in provider.requests if request.path.startswith("/authorize")]
    assert "prompt=none" in asked.path
    redeemed, control = [request for request in provider.requests if request.path == "/token"]
    assert redeemed.form["code"].startswith("broker-doctor-")
    assert redeemed.headers["authorization"] != control.headers["authorization"]


def test_with_our_own_key(provider: Provider, key: PrivateKey) -> None:
    """HO-12: private_key_jwt is tried like a secret."""
    provider.document["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    assert visit(provider, key, client_authentication="private_key_jwt")["credentials"][0].level is Level.OK
    redeemed = next(request for request in provider.requests if request.path == "/token")
    assert redeemed.form["client_assertion"].count(".") == 2
    (finding,) = visit(provider, key)["client_authentication"]
    assert (finding.level, finding.side) == (Level.PROBLEM, "ours")


TOKEN: dict[str, tuple[Answer, Level, str]] = {
    "the secret ran out": (as_json({"error": "invalid_client"}, 401), Level.PROBLEM, "401, invalid_client"),
    "a client that may not": (as_json({"error": "unauthorized_client"}, 400), Level.PROBLEM, "unauthorized_client"),
    "401 without a word": ((401, {}, b"<html>"), Level.PROBLEM, "401, no JSON"),
    "broken": ((503, {}, b""), Level.PROBLEM, "503"),
    "a word of their own": (as_json({"error": "<b>custom</b>"}, 400), Level.OK, "400, no word of the standard"),
    "no object": (as_json([1], 400), Level.OK, "cannot be seen"),
    "a redirect": ((302, {"Location": "/x"}, b""), Level.PROBLEM, "redirect"),
}


@pytest.mark.parametrize("case", TOKEN)
def test_credentials(provider: Provider, key: PrivateKey, case: str) -> None:
    """The token endpoint's answer to a code that never was; no text of theirs is shown (HO-17)."""
    answer, level, words = TOKEN[case]
    provider.routes["/token"] = lambda _r: answer
    (finding,) = visit(provider, key)["credentials"]
    assert finding.level is level
    assert words in finding.seen
    assert "<b>" not in finding.seen


def _to(target: str) -> Answer:
    return 303, {"Location": target}, b""


AUTHORIZE: dict[str, tuple[Answer, Level, str]] = {
    "interaction needed": (_to(f"{REDIRECT}?error=interaction_required"), Level.OK, "is registered"),
    "a fragment": (_to(f"{REDIRECT}#error=login_required"), Level.OK, "is registered"),
    "our scopes": (_to(f"{REDIRECT}?error=invalid_scope"), Level.PROBLEM, "invalid_scope"),
    "the flow": (_to(f"{REDIRECT}?error=unauthorized_client"), Level.PROBLEM, "unauthorized_client"),
    "their own login page": (_to("/login"), Level.OK, "cannot be seen"),
    "an error page": ((400, {}, b"redirect_uri mismatch"), Level.PROBLEM, "with 400"),
    "a page": ((200, {}, b"<html>"), Level.OK, "cannot be seen"),
    "too much": ((200, {}, b"x" * 300_000), Level.OK, "could not be asked"),
}


@pytest.mark.parametrize("case", AUTHORIZE)
def test_redirect_uri(provider: Provider, key: PrivateKey, case: str) -> None:
    """Where the authorization endpoint sends a browser that nobody is signed in with."""
    answer, level, words = AUTHORIZE[case]
    provider.routes["/authorize"] = lambda _r: answer
    (finding,) = visit(provider, key)["redirect_uri"]
    assert finding.level is level
    assert words in finding.seen


def test_what_the_document_offers(provider: Provider, key: PrivateKey) -> None:
    """Scopes that the provider does not know; no userinfo; answers without iss."""
    del provider.document["userinfo_endpoint"]
    provider.document["scopes_supported"] = ["openid", "email", 7]
    found = visit(provider, key)
    (finding,) = found["scopes"]
    assert (finding.level, finding.seen) == (Level.WARNING, "scopes_supported does not name profile")
    assert "every claim must be in the ID token" in found["userinfo"][0].seen
    assert "does not name its issuer" in found["offers"][0].seen


def test_keys(provider: Provider, key: PrivateKey) -> None:
    """HO-5, FB-10: keys of no use are named; several keys without names fit no token."""
    nameless = {name: value for name, value in generate("ES256", "x").public_jwk().items() if name != "kid"}
    provider.jwks = {"keys": [key.public_jwk(), nameless, {"kty": "oct", "k": "AAAA"}]}
    told, warned = visit(provider, key)["keys"]
    assert told.seen.startswith("2 usable: k1, without kid; of no use here: key 3: ")
    assert (warned.level, warned.side) == (Level.WARNING, "partner")


def test_discovery_of_somebody_else(provider: Provider, key: PrivateKey) -> None:
    """OU-20: another issuer ends the visit; what to write is said."""
    provider.document["issuer"] = "https://somebody.example"
    found = visit(provider, key)
    (finding,) = found["reachable"]
    assert (finding.level, finding.side) == (Level.PROBLEM, "ours")
    assert "https://somebody.example" in finding.seen
    assert set(found) == {"reachable"}


def test_a_clock_that_is_wrong(provider: Provider, key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the Date header, before any sign-in fails; without one nothing is said."""
    monkeypatch.setattr("broker.services.partners.provider_probe.wall_clock", lambda: 1_000_000_000.0)
    (finding,) = visit(provider, key)["clock"]
    assert finding.level is Level.PROBLEM
    assert "ahead of ours" in finding.seen
    monkeypatch.setattr(provider.http.RequestHandlerClass, "date_time_string", lambda *_: "soon")
    assert "clock" not in visit(provider, key)


@pytest.mark.parametrize(("hours", "level"), [(1, Level.WARNING), (24 * 90 + 1, Level.OK)])
def test_certificates(provider: Provider, key: PrivateKey, tmp_path: Path, hours: int, level: Level) -> None:
    """Each host's certificate: its end, in time to renew it; one that is not trusted."""
    ca_file = speak_tls(provider, tmp_path, "idp.example", hours=hours)
    provider.issuer = f"https://idp.example:{provider.port}"
    provider.document |= {name: f"{provider.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    provider.document |= {"issuer": provider.issuer, "userinfo_endpoint": f"https://other.example:{provider.port}/userinfo"}

    def honest(_request: Request) -> Answer:
        return as_json({"error": "invalid_grant"}, 400)

    provider.routes |= {
        "/jwks_uri": lambda _r: as_json(provider.jwks),
        "/token_endpoint": honest,
        "/authorization_endpoint": honest,
    }
    http = Watching(["127.0.0.1"], "test", seconds=2, ca_file=str(ca_file), resolve=lambda _h: ["127.0.0.1"])
    good, bad = visit(provider, key, http)["certificate"]
    assert good.level is level
    assert good.seen.startswith(f"idp.example:{provider.port}: ends in {90 if hours > 24 else 0} days")
    assert (bad.level, bad.side) == (Level.PROBLEM, "partner")


def test_fb_08_members_that_decide_nothing_are_a_warning(provider: Provider, key: PrivateKey) -> None:
    """FB-08: the partner hears of them, and signs in all the same."""
    provider.document |= {"acr_values_supported": [0], "end_session_endpoint": "/logout", "claims_parameter_supported": None}
    (warning,) = visit(provider, key)["discovery"][1:]
    assert warning.level is Level.WARNING
    assert warning.seen.startswith("acr_values_supported, end_session_endpoint, claims_parameter_supported: ")


def test_fb_10_keys_of_no_use_and_doubled_names(provider: Provider, key: PrivateKey) -> None:
    """FB-10: each key that is not used has its reason; two keys of one name are told of before they fail a token."""
    padded = {**generate("RS256", "padded").public_jwk()}
    padded["n"] += "=="
    provider.jwks["keys"] += [padded, generate("ES256", "k1").public_jwk()]
    keys = visit(provider, key)["keys"]
    assert "key 2: a value is written in base64 with padding (=)" in keys[0].seen
    assert [(finding.level, finding.seen) for finding in keys[1:]] == [
        (Level.WARNING, "different keys have the same kid: k1"),
    ]


def test_fc_14_a_provider_that_looks_at_the_code_first(provider: Provider, key: PrivateKey) -> None:
    """FC-14: invalid_grant proves nothing where wrong credentials get it, too."""
    provider.routes["/token"] = lambda _r: as_json({"error": "invalid_grant"}, 400)
    (finding,) = visit(provider, key)["credentials"]
    assert finding.level is Level.OK
    assert "cannot be seen from here" in finding.seen
