"""npm oidc-provider with its options varied: client authentication, algorithms, PKCE, where the claims are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.demo.process import BrokerProcess
from broker.demo.relying import RelyingParty
from broker.demo.serving import free_port
from tests.interop.stage import USERS, Home, PeerVisitor, peer

SECRET = "partner secret: 32 characters or more %+"
CALLBACK = "http://127.0.0.3:9/cb"


@dataclass(frozen=True)
class Option:
    """One way to set up the partner. client: its client metadata; options: its configuration; oidc: the broker's partner file."""

    client: dict[str, Any]
    options: dict[str, Any]
    oidc: dict[str, Any]
    pkce: str = ""


def _secret(**client: Any) -> dict[str, Any]:
    return {"client_secret": SECRET, **client}


OPTIONS = {
    "basic": Option(_secret(token_endpoint_auth_method="client_secret_basic"), {}, {"secret": SECRET}),
    "post": Option(
        _secret(token_endpoint_auth_method="client_secret_post"),
        {"clientAuthMethods": ["client_secret_post"]},
        {"secret": SECRET},
    ),
    "private-key-jwt": Option(
        {"token_endpoint_auth_method": "private_key_jwt"}, {}, {"client_authentication": "private_key_jwt"}
    ),
    "pkce-required": Option(_secret(), {}, {"secret": SECRET}, "required"),
    "es256": Option(_secret(id_token_signed_response_alg="ES256"), {}, {"secret": SECRET}),
    "ps256": Option(_secret(id_token_signed_response_alg="PS256"), {}, {"secret": SECRET}),
    "eddsa": Option(_secret(id_token_signed_response_alg="EdDSA"), {}, {"secret": SECRET}),
    "claims-by-userinfo": Option(_secret(), {"conformIdTokenClaims": True}, {"secret": SECRET}),
}


@pytest.fixture(scope="module")
def broker(node: str, folder: Path) -> Iterator[BrokerProcess]:
    """One broker, a partner for each option."""
    home = Home(folder / "home")
    home.write_broker()
    home.write_application("rp", CALLBACK, client_secret="application secret, long enough")
    with ExitStack() as stack:
        for name, option in OPTIONS.items():
            port = free_port("127.0.0.2")
            client = {"client_id": "broker", "redirect_uris": [home.callback(name)], **option.client}
            if option.client.get("token_endpoint_auth_method") == "private_key_jwt":
                client["jwks_uri"] = f"{home.issuer}/jwks"
            domain = f"{name}.example"
            users = {"ada": {**USERS["ada"], "email": f"ada@{domain}"}}
            issuer = stack.enter_context(
                peer(node, "idp.mjs", folder=folder, HOST="127.0.0.2", PORT=str(port), CLIENT_JSON=json.dumps(client),
                     USERS_JSON=json.dumps(users), OPTIONS_JSON=json.dumps(option.options), PKCE=option.pkce)
            )  # fmt: skip
            home.write_partner(name, issuer, domain=domain, **option.oidc)
        yield stack.enter_context(home.broker())


@pytest.mark.parametrize("name", OPTIONS)
def test_partner_works(broker: BrokerProcess, name: str) -> None:
    """HO-3, HO-12, HO-13: an invited guest of this partner signs in; the tokens verify."""
    email = f"ada@{name}.example"
    who = PeerVisitor(email, "ada")
    link = broker.invite(email, "rp", CALLBACK)["redeem_url"]
    who.open(link, stop_at=CALLBACK)
    party = RelyingParty(
        broker.issuer, "rp", CALLBACK, client_secret="application secret, long enough", scope="openid profile email"
    )
    url, pending = party.begin()
    page = who.open(url, stop_at=CALLBACK)
    assert page.location is not None, str(page)
    tokens = party.complete(page.query, pending)
    assert (tokens.claims["email"], tokens.claims["email_verified"], tokens.claims["idp"]) == (email, True, name)
    assert party.userinfo(tokens)["name"] == "Ada Partner"
