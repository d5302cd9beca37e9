"""`python -m tests.conformance SUITE`: the cast with an https issuer, our applications, every plan, the table in docs/conformance.md."""

from __future__ import annotations

import os
import secrets
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from broker.demo.cast import BOB, Cast
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.serving import free_port
from broker.testing.chromium import open_chromium
from tests.conformance import report
from tests.conformance.person import ChromiumVisitor
from tests.conformance.plans import PLANS, Applications
from tests.conformance.run import ModuleResult, count, run_plan
from tests.conformance.suite import Suite, SuiteError
from tests.interop.tls_front import tls_front

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
HOURS = 24  # that our certificate is valid: the suite does not verify it


def trusting(authority: str) -> ssl.SSLContext:
    """What verifies the suite's certificate. authority: a PEM file, "" for those of the system."""
    return ssl.create_default_context(cafile=authority or None)


def our_address(suite: str) -> str:
    """The address of this machine that the suite sees. Raises SuiteError if nothing answers there."""
    parts = urlsplit(suite)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), timeout=10) as connection:
            return str(connection.getsockname()[0])
    except OSError as error:
        raise SuiteError(f"nothing answers at {suite}: {error}") from error


@contextmanager
def broker_behind_tls(folder: Path, applications: Applications, address: str, authority: str) -> Iterator[str]:
    """The cast with these applications until the end of the block; the issuer, https at this address."""
    port = free_port()
    with tls_front(folder, address, port, behind="127.0.0.1", hours=HOURS) as front:
        cast = Cast(folder / "cast", port, front.address)
        for client_id, content in applications.files().items():
            (cast.home / "config" / "applications" / f"{client_id}.yaml").write_text(yaml.safe_dump(dict(content)), "utf-8")
        file = cast.home / "config" / "broker.yaml"
        settings = yaml.safe_load(file.read_text("utf-8"))
        settings["network"]["allow_private_addresses"].append(urlsplit(applications.suite).hostname)
        file.write_text(yaml.safe_dump(settings), "utf-8")
        environ = {"SSL_CERT_FILE": authority} if authority else {}
        cast.broker = BrokerProcess(cast.home, front.address, port, environ)
        with cast:
            yield front.address


def main(address: str, page: Path = PAGE) -> int:
    """Runs every plan and writes the table; 0 if no module failed."""
    authority = os.environ.get("SUITE_CA", "")
    suite = Suite(address.rstrip("/"), os.environ.get("SUITE_TOKEN", ""), trusting(authority))
    applications = Applications.made(suite.address, secrets.token_urlsafe(24))
    results: dict[str, list[ModuleResult]] = {}
    with tempfile.TemporaryDirectory() as folder, open_chromium() as browser:
        ours = os.environ.get("ADDRESS") or our_address(suite.address)
        with broker_behind_tls(Path(folder), applications, ours, authority) as issuer:

            def visitor() -> ChromiumVisitor:
                context = browser.new_context(ignore_https_errors=True)  # our certificate is of a test authority
                return ChromiumVisitor(context, DemoPerson(BOB.email, BOB.subject), suite.address)

            for plan in PLANS:
                found = results.setdefault(plan.title, [])
                for one in run_plan(suite, plan, applications, issuer, visitor):
                    print(f"{plan.title}: {one.module}: {one.result}", flush=True)
                    found.append(one)
    report.write(page, report.table(results, datetime.now(UTC).date().isoformat(), suite.address))
    return 1 if any(count(found)[1] for found in results.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except SuiteError as error:
        sys.exit(f"make conformance: {error}")
