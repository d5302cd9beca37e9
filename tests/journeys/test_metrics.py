"""`/metrics` of one process: what sign-ins, refusals and policies leave there, and for whom it is."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from broker.demo.browser import Browser
from broker.services.metrics import figures
from tests.journeys.world import ADA, BO, World

POLICY = "name: Nobody from there\nstate: enabled\nusers: {include: {guests: [bo@fabrikam.example]}}\ngrant: {block: true}\n"
NOISE = "s3cret-noise"


def read(world: World) -> tuple[str, dict[str, dict[frozenset[tuple[str, str]], float]]]:
    """(the text, sample name -> labels -> value)."""
    text = Browser().get(f"{world.url}/metrics").text
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for metric in text_string_to_metric_families(text):
        for sample in metric.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return text, found


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    """Labels as `read` has them."""
    return frozenset(labels.items())


def test_a_day_in_figures(world: World) -> None:
    """Sign-ins by application, partner and outcome, policies, refusals by reason, times of steps; no address and nothing that was sent."""
    ada, bo = world.visitor(), world.visitor(BO)
    world.redeem(ada)
    world.sign_in(ada)
    world.redeem(bo, world.invite(BO.email))
    world.write("policies/nobody.yaml", POLICY)
    refused = world.arrive(bo)
    assert refused.error == "policy_blocked"
    bo.browser.get(refused.url)  # the same page once more
    strangers = Browser()
    strangers.get(f"{world.url}/authorize?client_id={NOISE}&redirect_uri=https://{NOISE}.example")
    strangers.post(f"{world.url}/token", {"grant_type": "authorization_code", "client_id": NOISE, "code": NOISE})
    strangers.get(f"{world.url}/oidc/{NOISE}/callback?state={NOISE}&error={NOISE}")
    text, found = read(world)
    ends = found["broker_logins_total"]
    assert ends[labelled(application="payroll", partner="fabrikam", outcome="allowed")] >= 1
    assert ends[labelled(application="payroll", partner="fabrikam", outcome="blocked")] == 1
    assert {dict(labels)["application"] for labels in ends} <= {"payroll", "travel", "none"}
    assert found["broker_policy_results_total"][labelled(policy="nobody", state="enabled", result="blocked")] == 1
    assert found["broker_refusals_total"][labelled(code="bad_request", reason="client")] == 1
    assert found["broker_refusals_total"][labelled(code="invalid_client", reason="client_unknown")] == 1
    assert found["broker_step_seconds_count"][labelled(step="authorize")] >= 3
    assert (
        found["broker_step_seconds_bucket"][labelled(step="token", le="+Inf")]
        == found["broker_step_seconds_count"][labelled(step="token")]
    )
    assert found["broker_ready"] == found["broker_database_up"] == {frozenset(): 1.0}
    assert len(found["broker_key_age_days"]) == 4
    assert not [word for word in (NOISE, ADA.email, BO.email, ADA.subject + '"', "127.0.0.1") if word in text]
    names = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    assert {figure.name for figure in figures.FIGURES} <= names


def test_whoever_may_not_read_it_gets_404(world: World) -> None:
    """Only addresses of `network.metrics_from`; a forwarded address of a stranger changes nothing."""
    path = world.home / "config" / "broker.yaml"
    text = path.read_text()
    assert "metrics_from" not in text
    world.write("broker.yaml", text.replace("network: {", "network: {metrics_from: [192.0.2.0/24], "))
    assert "metrics_from" in path.read_text()
    for headers in ({}, {"X-Forwarded-For": "192.0.2.1"}):
        page = Browser(headers=headers).get(f"{world.url}/metrics")
        assert (page.status, "broker_" in page.text) == (404, False)


def test_a_database_that_is_away_is_a_figure(world: World) -> None:
    """What the process counted is shown without the database; `/readyz` is 503 and names the checks."""
    with world.broker.core.db.write() as tx:
        tx.exec_driver_sql("ALTER TABLE alembic_version RENAME TO elsewhere")
    _, found = read(world)
    assert found["broker_database_up"] == {frozenset(): 1.0}
    assert found["broker_ready"] == {frozenset(): 0.0}
    assert "broker_guests" not in found
    page = Browser().get(f"{world.url}/readyz")
    assert page.status == 503
    assert '"schema": false' in page.text
