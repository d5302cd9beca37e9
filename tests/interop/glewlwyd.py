"""Debian's Glewlwyd 2.7 as an OIDC partner with one person, on one address, without a system service."""

from __future__ import annotations

import http.cookiejar
import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker.demo.browser import BrowserPage
from tests.interop.stage import PeerVisitor, peer

SECRET = "glewlwyd-secret-0123456789-0123456789"
PASSWORD = "ada password 99"
_CONF = """\
port={port}
bind_address="{host}"
external_url="http://{host}:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp"
allow_origin="*"
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_key="GLEWLWYD{port}"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=false
secure_connection_key_file="/none"
secure_connection_pem_file="/none"
secure_connection_ca_file="/none"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{folder}/glewlwyd.db"; }};
"""


def install() -> None:
    """The package, if it is not there (needs root, as Debian's tools do)."""
    if shutil.which("glewlwyd") or Path("/usr/bin/glewlwyd").exists():
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "POLICY_RC_D": "101"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "glewlwyd"]):
        subprocess.run(["apt-get", *words], env=environ, check=True, timeout=600, stdout=subprocess.DEVNULL)


@contextmanager
def glewlwyd(folder: Path, host: str, port: int, callback: str) -> Iterator[str]:
    """The provider until the end of the block; its issuer. One person: ada, with PASSWORD."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "glewlwyd.conf").write_text(_CONF.format(host=host, port=port, folder=folder), "utf-8")
    script = subprocess.run(
        ["sh", "-c", "zcat /usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz || cat /usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    with sqlite3.connect(folder / "glewlwyd.db") as database:
        database.executescript(script)
    database.close()
    pair = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=glewlwyd"]
    subprocess.run([*pair, "-keyout", folder / "key.pem", "-out", folder / "crt.pem"], check=True, capture_output=True)
    subprocess.run(
        ["openssl", "rsa", "-in", folder / "key.pem", "-pubout", "-out", folder / "pub.pem"], check=True, capture_output=True
    )
    line = f'echo "READY http://{host}:{port}"; exec glewlwyd --config-file="$1"'
    with peer("sh", "-c", line, "glewlwyd", str(folder / "glewlwyd.conf"), folder=folder) as address:
        _set_up(f"{address}/api", folder, callback)
        yield f"{address}/api/oidc"


class Api:
    """Glewlwyd's own interface, with the cookies of one person."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer. Raises AssertionError where it is none of success."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with self._opener.open(request, timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read()[:400]!r}") from refused
        return json.loads(text) if text else None


def _set_up(address: str, folder: Path, callback: str) -> None:
    """The plugin, the scopes, the client and the person, through the interface that the administrator's page uses."""
    api, until = Api(address), time.monotonic() + 20
    while True:
        try:
            api.call("POST", "/auth/", {"username": "admin", "password": "password"})
            break
        except (OSError, urllib.error.URLError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
    flows = {
        f"auth-type-{name}-enabled": name in {"code", "refresh"}
        for name in ("code", "token", "id-token", "none", "password", "client", "refresh")
    }
    plugin = {
        "iss": f"{address}/oidc", "jwt-type": "rsa", "jwt-key-size": "256", "key": (folder / "key.pem").read_text(),
        "cert": (folder / "pub.pem").read_text(), "access-token-duration": 600, "refresh-token-duration": 3600, "code-duration": 600,
        "refresh-token-rolling": True, "allow-non-oidc": True, **flows, "auth-type-id-token-enabled": True, "pkce-allowed": True,
        "pkce-method-plain-allowed": False, "subject-type": "public", "name-claim": "on-demand", "name-claim-scope": ["profile"],
        "email-claim": "mandatory", "email-claim-scope": ["email"], "scope-claim": "no", "claims": [], "scope": [],
        "additional-parameters": [], "oauth-dpop-allowed": False, "jwks-show": True, "session-management-allowed": False,
    }  # fmt: skip
    api.call("POST", "/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": plugin})
    known = {scope["name"] for scope in api.call("GET", "/scope/")}
    for name in sorted({"openid", "email", "profile"} - known):
        scope = {"display_name": name, "description": name, "password_required": True, "password_max_age": 0, "scheme": {}}
        api.call("POST", "/scope/", {"name": name, **scope})
    scopes = ["openid", "email", "profile"]
    client = {
        "client_id": "broker", "name": "broker", "confidential": True, "enabled": True, "password": SECRET, "client_secret": SECRET,
        "redirect_uri": [callback], "authorization_type": ["code", "refresh_token", "id_token"], "scope": scopes,
        "token_endpoint_auth_method": ["client_secret_basic"],
    }  # fmt: skip
    api.call("POST", "/client/?source=database", client)
    person = {"username": "ada", "name": "Ada Partner", "email": "ada@partner.example", "password": PASSWORD, "enabled": True}
    api.call("POST", "/user/?source=database", {**person, "scope": [*scopes, "g_profile"]})


class GlewlwydVisitor(PeerVisitor):
    """Somebody at Glewlwyd's login page, which is a script: they do what it does."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        if "/login.html" not in page.url:
            return super()._step(page, stop_at)
        self.seen.append("peer-login")
        host = page.url.partition("/login.html")[0]
        api = Api(f"{host}/api")
        api.call("POST", "/auth/", {"username": "ada", "password": PASSWORD})
        api.call("PUT", "/auth/grant/broker", {"scope": "openid email profile"})
        for cookie in api.cookies:
            self.browser.cookies.store(host, f"{cookie.name}={cookie.value}; Path=/")
        return self.browser.get(f"{page.query['callback_url']}&g_continue", stop_at=stop_at)
