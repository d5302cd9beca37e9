"""The cast itself against certified software: our relying party at npm oidc-provider, npm openid-client at our partner in a box."""

from __future__ import annotations

import json
from pathlib import Path

from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.person import DemoPerson
from broker.demo.relying import RelyingParty
from broker.demo.serving import LoopbackServer, free_port
from tests.interop.stage import ADA, USERS, peer, visitor

SECRET = "a secret with 32 characters or more: %+"


def test_our_application_at_a_certified_provider(node: str, folder: Path) -> None:
    """relying.py needs nothing but the issuer and its credentials."""
    callback, port = "http://127.0.0.3:9/cb", free_port("127.0.0.2")
    client = {"client_id": "app", "client_secret": SECRET, "redirect_uris": [callback]}
    with peer(node, "idp.mjs", folder=folder, HOST="127.0.0.2", PORT=str(port), CLIENT_JSON=json.dumps(client),
              USERS_JSON=json.dumps(USERS), PKCE="required") as issuer:  # fmt: skip
        party = RelyingParty(issuer, "app", callback, client_secret=SECRET, scope="openid profile email")
        who = visitor("ada")
        for params in ({}, {"prompt": "login", "max_age": "0"}):
            url, pending = party.begin(**params)
            tokens = party.complete(who.open(url, stop_at=callback).query, pending)
            assert party.userinfo(tokens)["email"] == ADA["email"]


def test_a_certified_application_at_our_partner(node: str, folder: Path) -> None:
    """openid-client signs in, silently the second time, and checks auth_time under max_age."""
    port = free_port("127.0.0.3")
    server = LoopbackServer("127.0.0.2")
    application = f"http://127.0.0.3:{port}"
    client = Client(client_id="app", client_secret=SECRET, redirect_uris=(f"{application}/cb",))
    account = Account(subject="ada", name="Ada", email="ada@fabrikam.example")
    server.start(create_partner(IdentityProvider(server.address, name="Fabrikam", accounts=[account], clients=[client])))
    try:
        with peer(node, "rp.mjs", folder=folder, HOST="127.0.0.3", PORT=str(port), ISSUER=server.address, METHOD="client_secret_basic",
                  CLIENT_JSON=json.dumps({"client_id": "app", "client_secret": SECRET})):  # fmt: skip
            who = DemoPerson("ada@fabrikam.example", "ada")
            for query, seen in (("", ["partner-login"]), ("?prompt=none", []), ("?prompt=login&max_age=0", ["partner-login"])):
                found = who.open(f"{application}/login{query}").json()
                assert found["ok"], found
                assert found["userinfo"]["email"] == "ada@fabrikam.example"
                assert who.seen == seen
    finally:
        server.close()
