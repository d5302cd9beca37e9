"""Synapse, the Matrix server, with single sign-on by the broker, on one address. Runs in the environment of applications.txt."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.stage import peer


@contextmanager
def synapse(
    binaries: Path, folder: Path, host: str, port: int, issuer: str, client_id: str, secret: str, client: str
) -> Iterator[str]:
    """The server until the end of the block; its address. client: the address that a Matrix client comes back to."""
    folder.mkdir(parents=True, exist_ok=True)
    address = f"http://{host}:{port}"
    (folder / "log.yaml").write_text("version: 1\ndisable_existing_loggers: false\n", "utf-8")
    settings = {
        "server_name": "contoso.example", "public_baseurl": f"{address}/", "pid_file": str(folder / "pid"),
        "listeners": [{"port": port, "bind_addresses": [host], "type": "http", "tls": False, "resources": [{"names": ["client"]}]}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}}, "log_config": str(folder / "log.yaml"),
        "media_store_path": str(folder / "media"), "signing_key_path": str(folder / "signing.key"), "trusted_key_servers": [],
        "report_stats": False, "macaroon_secret_key": secrets.token_hex(16), "form_secret": secrets.token_hex(16),
        "ip_range_whitelist": ["127.0.0.0/8"], "sso": {"client_whitelist": [client]},
        "oidc_providers": [{
            "idp_id": "broker", "idp_name": "Contoso", "issuer": issuer, "client_id": client_id, "client_secret": secret,
            "scopes": ["openid", "profile", "email"], "pkce_method": "always",
            "user_mapping_provider": {"config": {
                "subject_claim": "sub", "localpart_template": "{{ user.email.split('@') | first }}",
                "display_name_template": "{{ user.name }}", "email_template": "{{ user.email }}",
            }},
        }],
    }  # fmt: skip
    (folder / "homeserver.yaml").write_text(json.dumps(settings), "utf-8")  # JSON is YAML
    python, config = str(binaries / "python"), str(folder / "homeserver.yaml")
    line = f'echo READY {address}; "$0" -m synapse.app.homeserver --config-path "$1" --generate-keys && exec "$0" -m synapse.app.homeserver --config-path "$1"'
    with peer("sh", "-c", line, python, config, folder=folder):
        yield address
