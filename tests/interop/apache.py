"""Debian's apache2 with mod_auth_openidc (OpenID Certified) as a protected site, on one address, without a system service."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.stage import SAMPLES, peer

MODULES = Path("/usr/lib/apache2/modules")
PACKAGES = ("apache2-bin", "libapache2-mod-auth-openidc")


def install() -> None:
    """The packages, if they are not there (needs root, as Debian's tools do)."""
    if (MODULES / "mod_auth_openidc.so").exists() and shutil.which("apache2"):
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for line in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", *line], env=environ, check=True, timeout=300, stdout=subprocess.DEVNULL)


@contextmanager
def protected_site(folder: Path, host: str, port: int, issuer: str, client_id: str, secret: str) -> Iterator[str]:
    """A site with the sample's settings, whose /app/ shows the claims as text; its address. `/app/cb?logout=URL` signs out."""
    base = Path(tempfile.mkdtemp(prefix="apache-"))  # its workers give up root and must be able to reach it
    try:
        _write(base, host, port)
        own = {
            "ISSUER": issuer,
            "CLIENT_ID": client_id,
            "CLIENT_SECRET": secret,
            "SITE": f"http://{host}:{port}",
            "PASSPHRASE": "for tests",
        }
        line = f'echo "READY http://{host}:{port}"; exec apache2 -d "$1" -f "$1/httpd.conf" -DFOREGROUND'
        with peer("sh", "-c", line, "apache", str(base), folder=folder, **own) as address:
            _wait(host, port)
            yield address
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _wait(host: str, port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _write(base: Path, host: str, port: int) -> None:
    for name in ("www/app", "cgi", "run", "log"):
        (base / name).mkdir(parents=True, exist_ok=True)
    (base / "cgi" / "show").write_text(_SHOW, "utf-8")
    (base / "www" / "index.html").write_text("public", "utf-8")
    root = os.geteuid() == 0
    user = "User www-data\nGroup www-data" if root else ""
    site = SAMPLES / "apache_mod_auth_openidc" / "site.conf"
    settings = _CONF.format(folder=base, modules=MODULES, host=host, port=port, user=user, site=site)
    (base / "httpd.conf").write_text(settings, "utf-8")
    for path in (base, base / "cgi" / "show"):
        path.chmod(0o755)
    if root:
        for name in ("run", "log"):
            shutil.chown(base / name, "www-data")


_SHOW = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "user=$REMOTE_USER"
env | grep '^OIDC_CLAIM_' | sort
"""

_CONF = """\
ServerRoot {folder}
ServerName {host}
Listen {host}:{port}
PidFile {folder}/run/pid
DefaultRuntimeDir {folder}/run
ErrorLog {folder}/log/error
LogLevel warn auth_openidc:info
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule cgid_module {modules}/mod_cgid.so
LoadModule env_module {modules}/mod_env.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
ScriptSock {folder}/run/cgisock
DocumentRoot {folder}/www
Include {site}
OIDCRefreshAccessTokenBeforeExpiry 3600
OIDCUserInfoRefreshInterval 1
ScriptAlias /app {folder}/cgi/show
<Directory />
  Require all granted
</Directory>
"""
