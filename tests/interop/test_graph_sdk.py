"""Microsoft's own SDK and credentials for Python manage guests here: the steps of graph_client_check.py, and a token over https."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.app import build
from broker.demo.process import BrokerProcess
from broker.demo.serving import LoopbackServer
from broker.domain.guest import PersonKind
from broker.jose.encoding import b64url_encode
from broker.web import create_web
from tests import factories
from tests.interop.installed import python_programs
from tests.interop.stage import HERE, PORTAL, Home
from tests.interop.tls_front import tls_front
from tests.web.graph.api import program_file

SECRET = "only-for-tests-0123456789-abcdefgh"
PERMISSIONS = (
    "User.Invite.All", "User.ReadWrite.All", "Group.ReadWrite.All", "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All",
)  # fmt: skip


@pytest.fixture(scope="module")
def python() -> str:
    """The Python that has the SDK."""
    return str(python_programs(PORTAL) / "python")


def run(python: str, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script of this folder with the SDK."""
    environment = {**os.environ, **environ, "CLIENT_ID": "robot", "CLIENT_SECRET": SECRET}
    return subprocess.run([python, str(HERE / script)], env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_sdk_of_graph(folder: Path, python: str) -> None:
    """Invitations, users with filters and pages, sponsors, groups, assignments, $batch, reset and deletion."""
    home = Home(folder / "graph-home")
    home.write_broker()
    staff = {"issuer": "https://idp.contoso.example", "client_id": "broker", "client_secret": SECRET}
    home._write("partners/staff.yaml", {"name": "Contoso", "domains": ["contoso.example"], "members": True, "oidc": staff})
    site = "https://app.host.example/"
    home.write_application("payroll", f"{site}callback", launch_url=site, roles=["reader"], client_secret=SECRET)
    home.write_application("robot", "", redirect_uris=[], client_secret=SECRET, api_permissions=list(PERMISSIONS))
    with home.broker() as broker:
        store = build(home.path)
        with store.core.db.write() as tx:
            sponsor = factories.saved_person(
                tx, kind=PersonKind.MEMBER, email="alice@contoso.example", partner="staff", sponsor=None
            )
        store.close()
        issuer = home.issuer
        done = run(
            python,
            "graph_client_check.py",
            BASE_URL=issuer,
            TOKEN_URL=f"{issuer}/token",
            SPONSOR_ID=sponsor.id,
            REDIRECT_URL=site,
        )
        assert done.stdout.endswith("18 passed, 0 failed\n"), f"{done.stdout}\n{done.stderr[-2000:]}\n{broker.last_words}"


def certificate(folder: Path) -> tuple[Path, dict[str, object]]:
    """A PEM file with an RSA key and its certificate, and the public key as a JWK."""
    pem = folder / "robot.pem"
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=robot"]
    subprocess.run([*line, "-keyout", str(pem), "-out", str(folder / "robot.crt")], check=True, capture_output=True, timeout=60)
    pem.write_text(pem.read_text() + (folder / "robot.crt").read_text())
    key = serialization.load_pem_private_key(pem.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.public_key().public_numbers()
    return pem, {"kty": "RSA", "n": b64url_encode(numbers.n.to_bytes(256, "big")), "e": "AQAB"}


@pytest.mark.parametrize("kind", ["secret", "certificate"])
def test_a_stock_credential_over_https(tmp_path: Path, sqlite_url: str, python: str, kind: str) -> None:
    """azure-identity insists on https: it reads the tenant's document and posts to the endpoint that it names."""
    host, home = "127.0.0.6", tmp_path / "home"
    server = LoopbackServer(host)
    with ExitStack() as stack:
        front = stack.enter_context(tls_front(tmp_path, host, int(server.address.rpartition(":")[2])))
        (home / "config" / "applications").mkdir(parents=True)
        (home / "config" / "broker.yaml").write_text(f"issuer: {front.address}\ndatabase: {sqlite_url}\n", "utf-8")
        text, more = program_file("User.Read.All"), dict[str, str]()
        if kind == "certificate":
            pem, jwk = certificate(tmp_path)
            proof = f"jwks: {json.dumps({'keys': [jwk]})}\nclient_assertion_audience: [token_endpoint]\n"
            text, more = text.replace("client_secret: ${env:SECRET}\n", proof), {"CERTIFICATE": str(pem)}
        (home / "config" / "applications" / "robot.yaml").write_text(text, "utf-8")
        BrokerProcess(home, front.address, 0, {"SECRET": SECRET}).run("keys", "init")
        broker = build(home, environ={"SECRET": SECRET})
        stack.callback(broker.close)
        stack.callback(server.close)
        server.start(create_web(broker))
        done = run(python, "graph_credentials.py", AUTHORITY=front.address, CA_BUNDLE=str(front.authority), **more)
        assert done.stdout == "200 0\n", done.stderr[-2000:]
