"""FC-02: `broker doctor --application`: what is wrong with an application, what it sent, and who changes what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.browser import Browser
from broker.domain.errors import NotFound
from broker.services.doctor import ApplicationReport, Finding, Level, Side
from broker.settings.pending import PendingKey
from tests.clock import Clock
from tests.journeys.test_commands import Run, run
from tests.journeys.world import ACTOR, ADA, World, open_world

__all__ = ["run"]  # the fixture


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its applications."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


def only(report: ApplicationReport, check: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = [finding for finding in report.findings if finding.check == check]
    return finding


def test_fc_02_a_wrong_redirect_uri_and_a_wrong_secret(world: World, run: Run) -> None:
    """What was sent stands beside what is registered, with whose side it is; after a success it is only a warning."""
    wrong = f"{world.callback}/other"
    url, _ = world.request(redirect_uri=wrong)
    page = Browser(clock=world.clock).get(url)
    report = world.broker.doctor.examine_application("payroll", offline=True)
    found = only(report, "refused")
    assert (found.level, found.side, report.is_well) == (Level.PROBLEM, Side.APPLICATION, False)
    assert f"({page.request_id}); sent: {wrong}" in found.seen
    assert f"registered: {world.callback}/callback" in found.expected
    result = run("doctor", "--application", "payroll", "--offline")
    assert result.exit_code == 1
    assert result.stdout.startswith("Payroll (payroll), application\n\nProblems\n")
    assert "to fix (in the application)" in result.stdout
    assert json.loads(run("doctor", "--application", "payroll", "--offline", "--json").stdout)["id"] == "payroll"
    world.clock.advance(1)
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.sign_in(ada)
    assert only(world.broker.doctor.examine_application("payroll", offline=True), "refused").level is Level.WARNING


def test_fc_02_what_the_file_and_the_directory_say(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody assigned, no redirect_uris, keys that cannot be fetched, keys without effect: each is named."""
    entry = PendingKey("application", "subject_type", "every sub is pairwise")
    monkeypatch.setattr("broker.services.doctor.application.PENDING", (entry,))
    world.write(
        "applications/travel.yaml",
        "name: Travel\nassignment_required: true\nsubject_type: public\njwks_uri: https://127.0.0.1:1/k\n",
    )
    report = world.broker.doctor.examine_application("travel")
    assert {finding.check for finding in report.findings if finding.level is Level.PROBLEM} == {
        "redirect_uris",
        "jwks_uri",
        "assignments",
    }
    assert "every sub is pairwise" in only(report, "subject_type").seen
    world.invite(ADA.email)
    world.broker.access.assignments.assign(ACTOR, "travel", ADA.email)
    assert only(world.broker.doctor.examine_application("travel", offline=True), "assignments").level is Level.OK


def test_fc_02_an_issuer_that_cannot_be_reached(world: World) -> None:
    """The keys of a program's trusted issuer, by its discovery; a private address that is not listed is not visited."""
    world.write(
        "applications/pipeline.yaml",
        "name: Pipeline\napi_permissions: [User.Read.All]\n"
        "trusted_issuers: [{issuer: 'https://127.0.0.1:1', subject: a, audience: b}, {issuer: 'https://127.0.0.1:1', subject: c, audience: b}]\n",
    )
    found = only(world.broker.doctor.examine_application("pipeline"), "trusted_issuers")
    assert (found.level, found.seen.partition(":")[0]) == (Level.PROBLEM, "upstream_unavailable")


def test_fc_02_usage(world: World, run: Run) -> None:
    """One of the two; an unknown application is one line with those that exist."""
    assert run("doctor").exit_code == 2
    assert run("doctor", "fabrikam", "--application", "payroll").exit_code == 2
    with pytest.raises(NotFound, match="applications: payroll, travel"):
        world.broker.doctor.examine_application("nope")
