"""What the interop tests stand on: peers as processes, a home written for them, a person at their login pages."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.serving import free_port

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "samples" / "relying_parties"
PORTAL = SAMPLES.parent / "sign_up_portal" / "requirements.txt"  # it has Microsoft's SDK
READY_SECONDS = 30

ADA = {"email": "ada@partner.example", "email_verified": True, "name": "Ada Partner", "given_name": "Ada", "tid": "partner-1"}
BOB = {"email": "bob@partner.example", "email_verified": False, "name": "Bob Unverified", "tid": "partner-1"}
CLEO = {"email": "cleo@partner.example", "email_verified": True, "name": "Cleo Partner", "tid": "partner-1"}
USERS = {"ada": ADA, "bob": BOB, "cleo": CLEO}


@contextmanager
def peer(*line: str, folder: Path, **environ: str) -> Iterator[str]:
    """Run a program until the end of the block; it is up when it prints `READY ADDRESS`, which is given. Its log goes to `folder`."""
    log = (folder / f"{Path(line[-1]).name}-{secrets.token_hex(3)}.log").open("w+", encoding="utf-8")
    process = subprocess.Popen(
        line, cwd=HERE, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
    )
    timer = threading.Timer(READY_SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        said = next((text for text in process.stdout if text.startswith("READY ")), "")
        timer.cancel()
        assert said, f"{' '.join(line)} did not come up:\n{Path(log.name).read_text('utf-8')[-3000:]}"
        yield said.split()[1]
    finally:
        timer.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        log.close()


@dataclass
class Home:
    """A broker's home in the making; `broker` is started when all its files are written."""

    path: Path
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        """The broker's address."""
        return f"http://localhost:{self.port}"

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        target = self.path / "config" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(value, indent=1), "utf-8")  # JSON is YAML

    def write_broker(self, **more: Any) -> None:
        """config/broker.yaml."""
        loopback = {"allow_private_addresses": ["127.0.0.0/8", "::1"]}
        self._write("broker.yaml", {"issuer": self.issuer, "organization": {"name": "Contoso"}, "network": loopback, **more})

    def write_partner(
        self,
        partner: str,
        issuer: str,
        *,
        domain: str = "partner.example",
        secret: str | None = None,
        trust: Mapping[str, Any] | None = None,
        **oidc: Any,
    ) -> None:
        """config/partners/PARTNER.yaml: an OIDC partner whose word about addresses counts. trust: what else counts."""
        credentials = {"client_secret": secret} if secret is not None else {}
        settings = {"issuer": issuer, "client_id": "broker", **credentials, **oidc}
        self._partner(partner, domain, trust, oidc=settings)

    def write_saml_partner(
        self,
        partner: str,
        metadata: str,
        *,
        domain: str = "partner.example",
        trust: Mapping[str, Any] | None = None,
        **saml: Any,
    ) -> None:
        """config/partners/PARTNER.yaml: a SAML partner whose word about addresses counts. trust: what else counts."""
        self._partner(partner, domain, trust, saml={"metadata": metadata, **saml})

    def _partner(self, partner: str, domain: str, trust: Mapping[str, Any] | None, **protocol: Any) -> None:
        said = {"name": partner.title(), "domains": [domain], "trust": {"email": True, **(trust or {})}, **protocol}
        self._write(f"partners/{partner}.yaml", said)

    def write_policy(self, policy: str, **said: Any) -> None:
        """config/policies/POLICY.yaml."""
        self._write(f"policies/{policy}.yaml", {"name": policy, **said})

    def write_application(self, client_id: str, callback: str, **more: Any) -> None:
        """config/applications/CLIENT_ID.yaml."""
        scopes = ["openid", "profile", "email", "offline_access"]
        self._write(
            f"applications/{client_id}.yaml", {"name": client_id.title(), "redirect_uris": [callback], "scopes": scopes, **more}
        )

    def callback(self, partner: str) -> str:
        """Where an OIDC partner sends the browser back to."""
        return f"{self.issuer}/oidc/{partner}/callback"

    @contextmanager
    def broker(self, **environ: str) -> Iterator[BrokerProcess]:
        """The broker, running at this home, with these variables in its environment."""
        process = BrokerProcess(self.path, self.issuer, self.port, environ)
        try:
            process.start()
            yield process
        finally:
            process.close()


class PeerVisitor(DemoPerson):
    """Somebody who knows the development pages of npm oidc-provider: a name, any password, consent."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        if "/interaction/" in page.url and page.document.forms:
            names = {item.name for item in page.document.forms[0].fields}
            self.seen.append("peer-login" if "login" in names else "peer-consent")
            values = {"login": self.subject, "password": "any"} if "login" in names else {}
            return self.browser.submit(page, values, stop_at=stop_at)
        return super()._step(page, stop_at)


def visitor(name: str) -> PeerVisitor:
    """One of USERS with a new browser."""
    return PeerVisitor(str(USERS[name]["email"]), name)
