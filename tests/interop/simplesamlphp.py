"""Debian's SimpleSAMLphp 1.19 as a SAML partner, under php's own server, on one address, without a system service."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.demo.browser import BrowserPage
from tests.interop.stage import PeerVisitor, peer

HOME = Path("/usr/share/simplesamlphp/www")
PACKAGES = ("simplesamlphp", "php-cli", "php-xml", "php-mbstring", "php-curl")  # the package does not depend on dom and mbstring
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
PASSWORD = "any pass 1"


def install() -> None:
    """The packages, if they are not there (needs root, as Debian's tools do)."""
    modules = subprocess.run(["sh", "-c", "php -m"], capture_output=True, text=True, check=False).stdout.split()
    if HOME.exists() and {"dom", "mbstring", "curl"} <= set(modules):
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "POLICY_RC_D": "101"}
    for line in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", *line], env=environ, check=True, timeout=300, stdout=subprocess.DEVNULL)


@dataclass(frozen=True)
class ServiceProvider:
    """What the partner is told of us. certificate: PEM body for signed requests; encrypt: algorithm for assertions, or None."""

    entity_id: str
    acs_url: str
    certificate: str
    slo_url: str = ""
    encryption: str | None = None
    encrypt: str | None = None
    name_id: str = PERSISTENT


@dataclass(frozen=True, slots=True)
class Proof:
    """How the partner proves who somebody is. sources: authentication sources beside `partner` (password only).

    auth: the one that is used. code: of a filter, which may set AuthnContextClassRef and AuthnInstant.
    """

    sources: Mapping[str, Any] = field(default_factory=dict)
    auth: str = "partner"
    code: str = ""


def entity_id(address: str) -> str:
    """Of the identity provider that people reach there; it is the address of its metadata, too."""
    return f"{address}/saml2/idp/metadata.php"


@contextmanager
def identity_provider(
    folder: Path,
    host: str,
    port: int,
    users: Mapping[str, Mapping[str, Any]],
    sp: ServiceProvider,
    *,
    front: str | None = None,
    proof: Proof | None = None,
) -> Iterator[str]:
    """The provider, until the end of the block; its entity id. front: the address that people reach it at, where a proxy stands before it."""
    for name in ("config", "metadata", "cert", "log", "data", "tmp", "sessions"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-sha256", "-nodes", "-days", "30", "-subj", "/CN=partner idp",
         "-keyout", folder / "cert/idp.key", "-out", folder / "cert/idp.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    public = front or f"http://{host}:{port}"
    _write(folder, public, port, users, sp, proof or Proof())
    line = 'echo "READY $1"; cd "$2"; exec php -d session.save_path="$3/sessions" -S "$4" -t "$2"'
    address = f"{host}:{port}"
    settings = {"SIMPLESAMLPHP_CONFIG_DIR": str(folder / "config"), "PHP_CLI_SERVER_WORKERS": "2"}
    with peer("sh", "-c", line, "php", f"http://{address}", str(HOME), str(folder), address, folder=folder, **settings):
        yield entity_id(public)


def _write(
    folder: Path, public: str, port: int, users: Mapping[str, Mapping[str, Any]], sp: ServiceProvider, proof: Proof
) -> None:
    config = {
        "baseurlpath": f"{public}/", "certdir": f"{folder}/cert/", "loggingdir": f"{folder}/log/", "datadir": f"{folder}/data/",
        "tempdir": f"{folder}/tmp", "metadatadir": f"{folder}/metadata", "attributenamemapdir": "/etc/simplesamlphp/attributemap/",
        "secretsalt": "testonlysalttestonlysalt", "auth.adminpassword": "admin", "technicalcontact_name": "x",
        "technicalcontact_email": "x@partner.example", "timezone": "UTC", "logging.handler": "file", "logging.logfile": "ssp.log",
        "logging.level": 7, "showerrors": True, "errorreporting": False, "enable.saml20-idp": True,
        "module.enable": {"exampleauth": True, "core": True, "saml": True, "multiauth": True}, "session.cookie.name": f"SSP{port}",
        "session.cookie.secure": public.startswith("https:"), "session.cookie.samesite": None, "session.phpsession.cookiename": f"SSPP{port}",
        "session.phpsession.savepath": f"{folder}/sessions", "store.type": "phpsession", "language.default": "en", "usenewui": False,
        "metadata.sources": [{"type": "flatfile"}], "trusted.url.domains": None, "session.duration": 30 * 86400,
    }  # fmt: skip
    people = {f"{name}:{PASSWORD}": {key: [value] for key, value in user.items()} for name, user in users.items()}
    hosted = {
        entity_id(public): {
            "host": "__DEFAULT__", "privatekey": "idp.key", "certificate": "idp.crt", "auth": proof.auth,
            "sign.logout": True, "validate.logout": True,
            "attributes.NameFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
            "authproc": {
                "3": {"class": "saml:AttributeNameID", "attribute": "mail", "Format": EMAIL},
                "4": {"class": "saml:PersistentNameID", "attribute": "uid"},
                "90": {"class": "core:PHP", "code": proof.code},
                "100": {"class": "core:AttributeMap", "0": "name2oid"},
            },
        }
    }  # fmt: skip
    remote: dict[str, Any] = {
        "AssertionConsumerService": sp.acs_url, "NameIDFormat": sp.name_id, "simplesaml.nameidattribute": "mail",
        "SingleLogoutService": sp.slo_url, "sign.logout": True, "validate.logout": True,
        "validate.authnrequest": True, "keys": [{"type": "X509Certificate", "signing": True, "encryption": False, "X509Certificate": sp.certificate}],
    }  # fmt: skip
    if sp.encrypt is not None:
        remote["keys"].append({"type": "X509Certificate", "signing": False, "encryption": True, "X509Certificate": sp.encryption})
        remote |= {"assertion.encryption": True, "sharedkey_algorithm": sp.encrypt}
    for name, variable, value in (
        ("config/config.php", "$config", config),
        ("config/authsources.php", "$config", {"partner": {"0": "exampleauth:UserPass", **people}, **proof.sources}),
        ("metadata/saml20-idp-hosted.php", "$metadata", hosted),
        ("metadata/saml20-sp-remote.php", "$metadata", {sp.entity_id: remote}),
    ):
        (folder / name).write_text(f"<?php\n{variable} = {_php(value)};\n", "utf-8")


def _php(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "[" + ", ".join(f"{key if key.isdigit() else _php(key)} => {_php(item)}" for key, item in value.items()) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(_php(item) for item in value) + "]"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


class SamlVisitor(PeerVisitor):
    """Somebody who knows SimpleSAMLphp's login page, and whose browser runs its script that posts the response."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        names = {item.name for form in page.document.forms for item in form.fields}
        if {"username", "password"} <= names:
            self.seen.append("peer-login")
            return self.browser.submit(page, {"username": self.subject, "password": PASSWORD}, press="Login", stop_at=stop_at)
        if "SAMLResponse" in names:
            self.seen.append("peer-return")
            return self.browser.submit(page, stop_at=stop_at)
        return super()._step(page, stop_at)
