"""The driver against the stand-in, with a person without a browser. tests/deep/test_conformance.py has Chromium and a broker."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance import report
from tests.conformance.plans import FAPI, PLANS, Applications
from tests.conformance.run import ModuleResult, count, run_plan
from tests.conformance.stand_in import FAILS, REFUSED, SIGNS_IN, STOPS, UNKNOWN, stand_in
from tests.conformance.suite import Suite, SuiteError
from tests.settings.homes import good, lines, write

ISSUER = "https://login.contoso.example"
ROOT = Path(__file__).resolve().parents[2]


class Person:
    """Gets a code at once, as if the broker had answered."""

    def visit(self, url: str, module: str) -> bytes:
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        if module == SIGNS_IN:
            with urllib.request.urlopen(f"{asked['redirect_uri']}?code=x&state={asked['state']}") as answer:
                assert answer.status == 200
        return b"PNG"


def test_every_kind_of_result() -> None:
    """A module is made, started, visited, given its picture, and asked for its result; what goes wrong is a result, too."""
    with stand_in(SIGNS_IN, REFUSED, FAILS, STOPS, UNKNOWN) as there:
        suite = Suite(there.address, token="secret-token")
        applications = Applications.made(there.address, "s" * 24)
        found = list(run_plan(suite, PLANS[0], applications, ISSUER, Person, pause=0))
        (run,) = [one for one in there.runs.values() if one.module == REFUSED]
        name, variant, config = there.plans[0]
        tokens = there.tokens - {None}
    assert [one.result for one in found[:4]] == ["PASSED", "REVIEW", "FAILED", "INTERRUPTED"]
    assert found[4].result.startswith("ERROR: POST runner: 400")
    assert count(found) == (5, 3)
    assert run.pictures == ["data:image/png;base64," + base64.b64encode(b"PNG").decode()]
    assert run.visited == run.urls
    assert tokens == {"Bearer secret-token"}
    assert (name, json.loads(variant)) == (PLANS[0].name, dict(PLANS[0].variant))
    assert config["server"]["discoveryUrl"] == f"{ISSUER}/.well-known/openid-configuration"
    assert config["client"]["client_secret"] == applications.secrets[config["client"]["client_id"]]


def test_no_suite() -> None:
    """One line, not a stack trace."""
    with pytest.raises(SuiteError, match="POST plan: "):
        list(run_plan(Suite("http://127.0.0.13:1"), PLANS[0], Applications.made("https://s.example", "s" * 24), ISSUER, Person))


def test_our_applications_are_files_that_the_broker_takes(tmp_path: Path) -> None:
    """Each client of each plan has a file; the suite gets the private keys of the banks, the files the public ones."""
    applications = Applications.made("https://suite.example:8443", token_urlsafe())
    files = {f"config/applications/{name}.yaml": json.dumps(dict(text)) for name, text in applications.files().items()}
    write(good(tmp_path), files)
    assert lines(tmp_path) == []
    for plan in PLANS:
        config = applications.config(plan, ISSUER)
        clients = [value for name, value in config.items() if name.startswith("client")]
        assert {one["client_id"] for one in clients} <= applications.files().keys()
        assert all(("jwks" in one) is (plan.name == FAPI) for one in clients)
        assert all("d" in one["jwks"]["keys"][0] for one in clients if "jwks" in one)
    assert '"d"' not in json.dumps([dict(one) for one in applications.files().values()])


def test_the_table(tmp_path: Path) -> None:
    """The part between the marks is replaced; a message of the suite stays in its cell."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    results = {
        "Basic": [ModuleResult("one", "PASSED"), ModuleResult("two", "ERROR: a\n| b")],
        "Config": [ModuleResult("three", "REVIEW")],
    }
    report.write(page, report.table(results, "2026-11-30", "https://suite.example"))
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n\nLast run: 2026-11-30, at https://suite.example.\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "| Basic | 2 | 1 |\n| Config | 1 | 0 |" in text
    assert "| Basic | `two` | ERROR: a / b |\n| Config | `three` | REVIEW |" in text
    assert "old" not in text
    assert report.BEGIN in (ROOT / "docs" / "conformance.md").read_text()


def test_without_a_suite_it_says_so() -> None:
    """`make conformance` without SUITE: exit 2, and what else there is."""
    done = subprocess.run([ROOT / "scripts" / "conformance", ""], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make conformance SUITE=https://HOST:PORT" in done.stderr
