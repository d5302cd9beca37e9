"""SATOSA beside the broker: its own virtual environment, its configuration, and one login through it.

SAML towards the partner, OpenID Connect towards the application, as the broker's own login. One gunicorn worker that keeps
its codes and tokens in memory, which is the cheapest that SATOSA offers: no Redis, no disk.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.demo.browser import Browser
from broker.demo.relying import SignInFailed, call
from broker.demo.saml.identity import SamlIdentityProvider, ServiceProvider
from broker.demo.saml.keys import certificate
from broker.demo.serving import free_port

VERSION = "8.6.0"  # as in requirements/satosa.in
ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "satosa.txt"  # the broker's own versions of what both use
HOME = ROOT / "build" / "satosa"  # the virtual environment, never ours
BACK = "https://application.example/callback"
_START_SECONDS = 120
_CLIENT, _SECRET = "payroll", secrets.token_hex(16)
_ATTRIBUTES = {
    "attributes": {
        "mail": {"openid": ["email"], "saml": ["mail", "email"]},
        "name": {"openid": ["name"], "saml": ["displayName"]},
    },
    "user_id_from_attrs": ["mail"],
}
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class NotInstalled(Exception):
    """SATOSA cannot be had here. The text is one line for a person."""


def install() -> None:
    """Make SATOSA's virtual environment unless it is there. Raises NotInstalled."""
    if shutil.which("xmlsec1") is None:
        raise NotInstalled("SATOSA needs the command xmlsec1: apt-get install xmlsec1")
    if (HOME / "bin" / "gunicorn").exists():
        return
    flags = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)]
    try:
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([HOME / "bin" / "pip", "install", *flags], check=True)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(HOME, ignore_errors=True)
        raise NotInstalled(f"SATOSA {VERSION} could not be installed: {error}") from error


class Satosa:
    """`with Satosa(folder, partner) as satosa:`; it trusts `partner` alone, whose `held` is set to what it has to know of SATOSA."""

    def __init__(self, folder: Path, partner: SamlIdentityProvider) -> None:
        self._folder, self._partner = folder, partner
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._name = f"https://127.0.0.1:{port}"  # it takes no issuer without https; we speak http to its port all the same
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = certificate(self._key, "satosa", int(time.time()))
        self._write()
        self._log = (folder / "gunicorn.log").open("w")
        command: list[str | Path] = [
            HOME / "bin" / "gunicorn",
            "--workers",
            "1",
            "--bind",
            f"127.0.0.1:{port}",
            "--log-level",
            "error",
        ]
        environ = {"PATH": os.environ["PATH"], "SATOSA_CONFIG": str(folder / "proxy.yaml")}
        self._process = subprocess.Popen(
            [*command, "satosa.wsgi:app"], cwd=folder, env=environ, stdout=self._log, stderr=subprocess.STDOUT
        )

    @property
    def pid(self) -> int:
        """Of the process above all of its processes."""
        return self._process.pid

    @property
    def known(self) -> ServiceProvider:
        """What its metadata would say."""
        return ServiceProvider(
            entity_id=f"{self._name}/saml/metadata.xml",
            acs_url=f"{self._name}/saml/acs/post",
            slo_url="",
            signing=(self._certificate,),
            encryption=self._certificate,
            signs=True,
        )

    def __enter__(self) -> Self:
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise NotInstalled(f"SATOSA does not start: {(self._folder / 'gunicorn.log').read_text()[-2000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def login(self, subject: str) -> None:
        """A whole login in a new browser: authorize, partner, answer, code, token, keys, userinfo. Raises SignInFailed."""
        browser, nonce = Browser(), secrets.token_urlsafe(16)
        wanted = {"response_type": "code", "scope": "openid email profile", "client_id": _CLIENT, "redirect_uri": BACK}
        query = urlencode({**wanted, "state": "s", "nonce": nonce})
        page = browser.get(f"{self.address}/saml/oidc/authorization?{query}", stop_at=self._partner.address)
        if page.location is None:
            raise SignInFailed("authorize", f"{page}: {page.text[:300]}")
        asked = self._partner.by_redirect(urlsplit(page.location).query)
        answer = self._partner.answer(asked, self._partner.sign_in(subject))
        page = browser.post(f"{self.address}/saml/acs/post", answer, stop_at=BACK)
        if page.location is None or "code" not in page.query:
            raise SignInFailed("answer", f"{page}: {page.text[:300]}")
        self._tokens(parse_qs(urlsplit(page.location).query)["code"][0], nonce, self._partner.accounts[subject].email)

    def _tokens(self, code: str, nonce: str, email: str) -> None:
        basic = base64.b64encode(f"{_CLIENT}:{_SECRET}".encode()).decode()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        _, raw = call("POST", f"{self.address}/oidc/token", form=form, headers={"Authorization": f"Basic {basic}"})
        middle = raw.get("id_token", "..").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(f"{middle}==") or b"{}")
        call("GET", f"{self.address}/oidc/jwks")
        _, user = call("GET", f"{self.address}/oidc/userinfo", headers={"Authorization": f"Bearer {raw.get('access_token')}"})
        if claims.get("nonce") != nonce or user.get("email") != email:
            raise SignInFailed("token", f"{raw} {user}")

    def _answers(self) -> bool:
        try:
            return call("GET", f"{self.address}/.well-known/openid-configuration")[0] == 200
        except SignInFailed:
            return False

    def _write(self) -> None:
        """Its files, as its documentation has them."""
        folder = self._folder
        (folder / "partner.xml").write_bytes(self._partner.metadata())
        (folder / "saml.key").write_bytes(_pem(self._key))
        lines = [self._certificate[at : at + 64] for at in range(0, len(self._certificate), 64)]
        (folder / "saml.crt").write_text("\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]))
        (folder / "oidc.key").write_bytes(_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        self._yaml("attributes", _ATTRIBUTES)
        self._yaml("saml", {"module": "satosa.backends.saml2.SAMLBackend", "name": "saml", "config": {"sp_config": self._saml()}})
        frontend = "satosa.frontends.openid_connect.OpenIDConnectFrontend"
        self._yaml("oidc", {"module": frontend, "name": "oidc", "config": self._oidc()})
        client = {"client_id": _CLIENT, "client_secret": _SECRET, "redirect_uris": [BACK], "response_types": ["code"]}
        more = {"subject_type": "public", "token_endpoint_auth_method": "client_secret_basic"}
        (folder / "clients.json").write_text(json.dumps({_CLIENT: {**client, **more}}))
        handler = {"class": "logging.FileHandler", "filename": str(folder / "satosa.log")}
        proxy = {
            "BASE": self._name,
            "COOKIE_STATE_NAME": "state",
            "STATE_ENCRYPTION_KEY": secrets.token_hex(16),
            "INTERNAL_ATTRIBUTES": str(folder / "attributes.yaml"),
            "BACKEND_MODULES": [str(folder / "saml.yaml")],
            "FRONTEND_MODULES": [str(folder / "oidc.yaml")],
            "MICRO_SERVICES": [],
            "LOGGING": {"version": 1, "handlers": {"file": handler}, "root": {"level": "WARNING", "handlers": ["file"]}},
        }
        self._yaml("proxy", proxy)

    def _saml(self) -> dict[str, Any]:
        pair = {"key_file": str(self._folder / "saml.key"), "cert_file": str(self._folder / "saml.crt")}
        service = {  # the algorithms count only in here
            "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
            "authn_requests_signed": True,
            "want_assertions_signed": True,
            "want_response_signed": False,
            "allow_unsolicited": True,  # SATOSA tells its requests apart by its cookie, as its example has it
            "endpoints": {"assertion_consumer_service": [[self.known.acs_url, _POST]]},
        }
        return {
            **pair,
            "encryption_keypairs": [pair],
            "entityid": self.known.entity_id,
            "metadata": {"local": [str(self._folder / "partner.xml")]},
            "accepted_time_diff": 60,
            "service": {"sp": service},
        }

    def _oidc(self) -> dict[str, Any]:
        return {
            "signing_key_path": str(self._folder / "oidc.key"),
            "signing_key_id": "one",
            "client_db_path": str(self._folder / "clients.json"),
            "sub_hash_salt": secrets.token_hex(8),
            "provider": {
                "client_registration_supported": False,
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "scopes_supported": ["openid", "email", "profile"],
                "id_token_lifetime": 3600,
            },
        }

    def _yaml(self, name: str, content: dict[str, Any]) -> None:
        (self._folder / f"{name}.yaml").write_text(yaml.safe_dump(content))


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
