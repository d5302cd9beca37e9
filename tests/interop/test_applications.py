"""Every client authentication and signature algorithm of the broker, used by npm openid-client. Other libraries: test_relying_parties.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.serving import LoopbackServer, free_port
from tests.interop.stage import Home, peer

SECRET = "application secret: with %, + and space"
PARTNER_SECRET = "partner secret: long enough"
METHODS = {
    "basic": ("client_secret_basic", {"client_secret": SECRET}, {"client_secret": SECRET}),
    "post": ("client_secret_post", {"client_secret": SECRET}, {"client_secret": SECRET}),
    "public": ("none", {}, {}),
    "key": ("private_key_jwt", {}, {}),
}
FAPI = "fapi"  # every piece of the FAPI 2.0 Security Profile at once
ALGORITHMS = ("ES256", "PS256", "EdDSA")


@dataclass
class Stage:
    """The broker, our own partner, and the addresses of the applications."""

    broker: BrokerProcess
    sites: dict[str, str]

    def invited(self) -> DemoPerson:
        """Ada with a new browser, invited and redeemed before."""
        return DemoPerson("ada@fabrikam.example", "ada")


@pytest.fixture(scope="module")
def stage(node: str, folder: Path) -> Iterator[Stage]:
    """One broker and all applications."""
    home = Home(folder / "home")
    partner = LoopbackServer("127.0.0.2")
    account = Account(subject="ada", name="Ada Fabrik", email="ada@fabrikam.example")
    client = Client(client_id="broker", client_secret=PARTNER_SECRET, redirect_uris=(home.callback("fabrikam"),))
    partner.start(create_partner(IdentityProvider(partner.address, name="Fabrikam", accounts=[account], clients=[client])))
    home.write_broker()
    home.write_partner("fabrikam", partner.address, domain="fabrikam.example", secret=PARTNER_SECRET)
    ports = {name: free_port("127.0.0.3") for name in (*METHODS, FAPI, *ALGORITHMS)}
    sites = {name: f"http://127.0.0.3:{port}" for name, port in ports.items()}
    for name in METHODS:
        keys = {"jwks_uri": f"{sites[name]}/jwks"} if name == "key" else {}
        home.write_application(f"rp-{name}", f"{sites[name]}/cb", **METHODS[name][2], **keys)
    for alg in ALGORITHMS:
        home.write_application(f"rp-{alg.lower()}", f"{sites[alg]}/cb", client_secret=SECRET, id_token_signed_response_alg=alg)
    bank = {"fapi": True, "jwks_uri": f"{sites[FAPI]}/jwks", "id_token_signed_response_alg": "PS256"}
    home.write_application("rp-fapi", f"{sites[FAPI]}/cb", **bank)
    try:
        with ExitStack() as stack:
            for name, (method, secret, _) in METHODS.items():
                stack.enter_context(_openid_client(node, folder, home, ports[name], f"rp-{name}", method, secret))
            for alg in ALGORITHMS:
                metadata = {"client_secret": SECRET, "id_token_signed_response_alg": alg}
                stack.enter_context(
                    _openid_client(node, folder, home, ports[alg], f"rp-{alg.lower()}", "client_secret_basic", metadata)
                )
            metadata = {"id_token_signed_response_alg": "PS256"}
            stack.enter_context(
                _openid_client(node, folder, home, ports[FAPI], "rp-fapi", "private_key_jwt", metadata, PROFILE="fapi2")
            )
            broker = stack.enter_context(home.broker())
            found = Stage(broker, sites)
            link = broker.invite("ada@fabrikam.example", "rp-basic", f"{sites['basic']}/login")["redeem_url"]
            page = found.invited().open(link)
            assert page.url.startswith(sites["basic"]), str(page)
            yield found
    finally:
        partner.close()


def _openid_client(
    node: str, folder: Path, home: Home, port: int, client_id: str, method: str, metadata: dict[str, str], **more: str
):
    return peer(node, "rp.mjs", folder=folder, HOST="127.0.0.3", PORT=str(port), ISSUER=home.issuer, METHOD=method,
                CLIENT_JSON=json.dumps({"client_id": client_id, **metadata}), **more)  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_openid_client_by_every_method(stage: Stage, name: str) -> None:
    """HP-22, HP-50: client_secret_basic, client_secret_post, private_key_jwt, public with PKCE; refresh by the same."""
    found = stage.invited().open(f"{stage.sites[name]}/login").json()
    assert found["ok"], found
    assert found["claims"]["email"] == "ada@fabrikam.example"
    who = stage.invited()
    fresh = who.browser.get(f"{stage.sites[name]}/refresh").json()
    assert fresh["ok"], fresh
    assert fresh["rotated"] is True


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_openid_client_verifies_every_algorithm(stage: Stage, alg: str) -> None:
    """HP-39: the ID token's algorithm is the application's choice."""
    found = stage.invited().open(f"{stage.sites[alg]}/login").json()
    assert found["ok"], found


def test_openid_client_by_fapi(stage: Stage) -> None:
    """HP-57, HP-59: pushed request, private_key_jwt, PS256, tokens bound by DPoP at token, refresh and userinfo endpoint; no rotation."""
    who = stage.invited()
    found = who.open(f"{stage.sites[FAPI]}/login").json()
    assert found["ok"], found
    assert found["userinfo"]["email"] == "ada@fabrikam.example"
    assert found["token_type"].lower() == "dpop"
    fresh = who.browser.get(f"{stage.sites[FAPI]}/refresh").json()
    assert (fresh["ok"], fresh["rotated"], fresh["token_type"].lower()) == (True, False, "dpop"), fresh
