"""The examples of docs/api-examples.md for curl and Python run exactly as they are on the page, against a broker with the page's address."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.graph_https import SECRET, Site, graph_over_https
from tests.interop.installed import python_programs
from tests.interop.stage import HERE, PORTAL

PAGE = (HERE.parent.parent / "docs" / "api-examples.md").read_text("utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The page's broker."""
    with graph_over_https(
        tmp_path, "127.0.0.7", "https://login.contoso.example", landing="https://payroll.contoso.example/"
    ) as made:
        yield made


def example(language: str) -> str:
    """The one block of code of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def run(site: Site, *line: str) -> str:
    """Run a program that finds the broker by the proxy; what it prints."""
    trust = dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(site.authority))
    environment = {**os.environ, **trust, "https_proxy": site.proxy, "HTTPS_PROXY": site.proxy, "ROBOT_SECRET": SECRET}
    environment = {name: value for name, value in environment.items() if name.lower() != "no_proxy"}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_example_for_curl(site: Site) -> None:
    """Invite, list, change, group, block, end; each request succeeds, or `curl -f` would end the script."""
    said = run(site, "bash", "-euo", "pipefail", "-c", example("sh"))
    assert said.splitlines() == ["ada@fabrikam.example", "Ada Fabrik, Fabrikam", "Ada Fabrik"]


def test_the_example_for_python(site: Site) -> None:
    """Microsoft's SDK with a stock credential: invite, change, read, list."""
    python = str(python_programs(PORTAL) / "python")
    assert run(site, python, "-c", example("python")).splitlines() == ["Grace Fabrik", "grace@fabrikam.example"]
