"""Debian's LemonLDAP::NG 2.16 as a partner over OIDC and SAML, under Plack, on one address, without a system service."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker.demo.browser import BrowserPage
from tests.interop.stage import PeerVisitor, peer

PACKAGES = (
    "liblemonldap-ng-portal-perl", "lemonldap-ng-fastcgi-server", "liblasso-perl", "libglib-perl", "libcrypt-openssl-bignum-perl",
    "libio-string-perl", "libmime-tools-perl", "libconvert-base32-perl", "libplack-perl", "libipc-run-perl", "libgd-securityimage-perl",
    "libimage-magick-perl", "libstring-random-perl", "libxml-simple-perl", "libxml-libxml-perl", "libxml-libxslt-perl",
)  # fmt: skip
MODULES = ("Lasso", "GD::SecurityImage", "XML::Simple", "String::Random", "Lemonldap::NG::Portal", "Plack", "Glib")
SECRET = "lemon-secret-0123456789-0123456789"
_APP = """\
use strict; use Plack::Builder; use Plack::App::File; use Lemonldap::NG::Portal;
my $portal = Lemonldap::NG::Portal::Main->run({});
builder {
  mount '/static' => Plack::App::File->new(root => '/usr/share/lemonldap-ng/portal/htdocs/static')->to_app;
  mount '/javascript' => Plack::App::File->new(root => '/usr/share/javascript')->to_app;
  mount '/' => $portal;
};
"""
_SETTINGS = """\
[all]
logger = Lemonldap::NG::Common::Logger::Std
logLevel = warn
[configuration]
type = File
dirName = {folder}/conf
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'c', 'default_expires_in' => 600, 'cache_root' => '{folder}/cache', 'cache_depth' => 1 }}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
"""


def install() -> None:
    """The packages, if they are not there (needs root, as Debian's tools do)."""
    line = ["perl", *(f"-M{name}" for name in MODULES), "-e1"]
    if subprocess.run(line, capture_output=True, check=False).returncode == 0:
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "POLICY_RC_D": "101"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", *words], env=environ, check=True, timeout=600, stdout=subprocess.DEVNULL)


@contextmanager
def lemonldap(folder: Path, host: str, port: int, callback: str, sp_metadata: str | None = None) -> Iterator[str]:
    """The portal until the end of the block; the OIDC issuer, with its end slash. SAML metadata stands at `saml/metadata` below it.

    sp_metadata: XML of our service provider, for SAML. People: dwho, rtyler, msmith; the password is the name.
    Over SAML their addresses end in lemon.example, over OIDC in badwolf.org.
    """
    for name in ("conf", "sessions/lock", "psessions/lock", "cache"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _keys(folder)
    (folder / "conf/lmConf-1.json").write_text(json.dumps(_configuration(folder, host, port, callback, sp_metadata)), "utf-8")
    (folder / "llng.ini").write_text(_SETTINGS.format(folder=folder), "utf-8")
    (folder / "app.psgi").write_text(_APP, "utf-8")
    line = (
        f'echo "READY http://{host}:{port}/"; exec plackup -s HTTP::Server::PSGI --host {host} --port {port} -E deployment "$1"'
    )
    environ = {"LLNG_DEFAULTCONFFILE": str(folder / "llng.ini")}
    with peer("sh", "-c", line, "lemonldap", str(folder / "app.psgi"), folder=folder, **environ) as address:
        yield address


def _keys(folder: Path) -> None:
    key, certificate = folder / "sig.key", folder / "sig.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "30", "-subj", "/CN=lemon idp"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    for form, name in (("-traditional", "sig.rsa"), ("-pubout", "sig.pub")):
        subprocess.run(["openssl", "rsa", "-in", key, form, "-out", folder / name], check=True, capture_output=True)


def _configuration(folder: Path, host: str, port: int, callback: str, sp_metadata: str | None) -> dict[str, Any]:
    def text(name: str) -> str:
        return (folder / name).read_text("utf-8")

    sessions = "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"
    store = {"LockDirectory": f"{folder}/sessions/lock", "generateModule": sessions}
    found: dict[str, Any] = {
        "cfgNum": 1, "cfgAuthor": "test", "cfgDate": "1", "cfgVersion": "2.16.1", "portal": f"http://{host}:{port}/", "domain": host,
        "cookieName": f"llng{port}", "securedCookie": 0, "sameSite": "Lax", "key": "only-for-tests-0123", "whatToTrace": "_whatToTrace",
        "authentication": "Demo", "userDB": "Same", "passwordDB": "Demo", "registerDB": "Null",
        "demoExportedVars": {"cn": "cn", "uid": "uid", "mail": "mail"}, "exportedVars": {}, "groups": {}, "applicationList": {},
        "macros": {"_whatToTrace": "$_user", "lemonmail": "$uid . '@lemon.example'"}, "locationRules": {}, "exportedHeaders": {}, "globalStorage": "Apache::Session::File",
        "globalStorageOptions": {"Directory": f"{folder}/sessions", **store}, "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": {"Directory": f"{folder}/psessions", **store}, "portalSkin": "bootstrap", "requireToken": 0,
        "captcha_login_enabled": 0, "skipRenewConfirmation": 1, "cspFormAction": "*", "issuerDBOpenIDConnectActivation": 1,
        "issuerDBOpenIDConnectPath": "^/oauth2/", "oidcServiceAllowAuthorizationCodeFlow": 1, "oidcServiceKeyIdSig": "llng-1",
        "oidcServicePrivateKeySig": text("sig.rsa"), "oidcServicePublicKeySig": text("sig.pub"),
        "oidcRPMetaDataOptions": {"broker": {
            "oidcRPMetaDataOptionsClientID": "broker", "oidcRPMetaDataOptionsClientSecret": SECRET,
            "oidcRPMetaDataOptionsRedirectUris": callback, "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256",
            "oidcRPMetaDataOptionsBypassConsent": 1, "oidcRPMetaDataOptionsUserIDAttr": "uid", "oidcRPMetaDataOptionsIDTokenForceClaims": 1,
        }},
        "oidcRPMetaDataExportedVars": {"broker": {"email": "mail", "name": "cn"}},
    }  # fmt: skip
    if sp_metadata is not None:
        found |= {
            "issuerDBSAMLActivation": 1, "issuerDBSAMLPath": "^/saml/", "samlServicePrivateKeySig": text("sig.key"),
            "samlServicePublicKeySig": text("sig.crt"), "samlServiceUseCertificateInResponse": 1, "samlServiceSignatureMethod": "RSA_SHA256",
            "samlSPMetaDataXML": {"broker": {"samlSPMetaDataXML": sp_metadata}},
            "samlSPMetaDataOptions": {"broker": {
                "samlSPMetaDataOptionsSignSSOMessage": 1, "samlSPMetaDataOptionsCheckSSOMessageSignature": 1,
                "samlSPMetaDataOptionsSignSLOMessage": 1, "samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
                "samlSPMetaDataOptionsEncryptionMode": "none", "samlSPMetaDataOptionsOneTimeUse": 0,
            }},
            "samlSPMetaDataExportedAttributes": {"broker": {"lemonmail": "1;mail;;mail", "cn": "1;displayName;;displayName"}},
        }  # fmt: skip
    return found


class LemonVisitor(PeerVisitor):
    """Somebody who knows LemonLDAP's login page, and whose browser runs its scripts that post forms."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        names = {item.name for form in page.document.forms for item in form.fields}
        if {"user", "password"} <= names:
            self.seen.append("peer-login")
            return self.browser.submit(page, {"user": self.subject, "password": self.subject}, press="Connect", stop_at=stop_at)
        if "SAMLResponse" in names:
            self.seen.append("peer-return")
            return self.browser.submit(page, stop_at=stop_at)
        return super()._step(page, stop_at)
