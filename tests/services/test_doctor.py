"""`broker doctor`: each thing that goes wrong at a partner is named, with what was expected and who changes what."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from broker.cli import broker as command
from broker.domain.errors import NotFound
from broker.domain.receipt import Outcome
from broker.services.doctor import DoctorReport, Finding, Level, advice, sign_in_history
from broker.storage import tables as t
from broker.storage.login import logins, receipts
from broker.storage.operations import rate_limits
from tests import factories
from tests.clock import START, Clock
from tests.house.source import BROKER
from tests.journeys.world import ADA, SECRET, World, open_world, partner_file


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its partners."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


def examine(world: World, partner: str = "fabrikam", *, offline: bool = True) -> DoctorReport:
    """The report of a partner."""
    return world.broker.doctor.examine(partner, offline=offline)


def found(report: DoctorReport, check: str) -> list[Finding]:
    """What was found of one kind."""
    return [finding for finding in report.findings if finding.check == check]


def only(report: DoctorReport, check: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = found(report, check)
    return finding


def file_of(world: World, old: str = "", new: str = "", *, more: str = "") -> None:
    """Write fabrikam's file anew, with a text replaced and keys added."""
    text = partner_file("Fabrikam", "fabrikam.example", world.partners["fabrikam"].issuer, more=more)
    world.write("partners/fabrikam.yaml", text.replace(old, new) if old else text)


def past_step(name: str, result: str, **more: Any) -> dict[str, Any]:
    """A step of a receipt."""
    return {"at": START, "step": name, "result": result, "reason": "", **more}


def vouched(**more: Any) -> dict[str, Any]:
    """The step in which a partner vouched."""
    return past_step("upstream", "vouched", **{"arrived": ["sub", "email", "name"], "email_verified": True, "mapped": []} | more)


def remember(world: World, *steps: dict[str, Any], outcome: Outcome = Outcome.ALLOWED, at: int = START, **more: Any) -> None:
    """A receipt of fabrikam."""
    with world.broker.core.db.write() as tx:
        receipts.save(tx, factories.receipt(partner="fabrikam", steps=steps, outcome=outcome, at=at, **more))


# --- a partner that is well -----------------------------------------------------------------------------------------------


def test_a_partner_that_is_well(world: World) -> None:
    """Issue 4: every check is made, none finds anything; documents, keys, clock, credentials and redirect URI are looked at."""
    world.redeem(world.visitor(ADA))
    world.sign_in(world.visitor(ADA), max_age="100")
    world.broker.operations.nodes.note()
    report = examine(world, offline=False)
    assert [finding for finding in report.findings if finding.level is not Level.OK] == []
    assert report.is_well
    assert report.redirect_uri == f"{world.url}/oidc/fabrikam/callback"
    checks = {finding.check for finding in report.findings}
    assert checks == {
        "file", "discovery", "clock", "offers", "certificate", "keys", "redirect_uri", "credentials", "stored_documents",
        "sign_ins", "clock_in_tokens", "claims", "email", "auth_time", "mfa", "nodes",
    }  # fmt: skip
    assert "takes our client_id" in only(report, "credentials").seen


def test_a_visit_changes_nothing(world: World) -> None:
    """Nobody is signed in, no row is written, no receipt appears."""
    before = world.counts()
    examine(world, offline=False)
    assert world.counts() == before


def test_a_partner_that_nobody_used(world: World) -> None:
    """Nothing is known yet, and that is no problem."""
    report = examine(world)
    assert report.is_well
    assert "nobody has signed in" in only(report, "sign_ins").seen
    assert "none yet" in only(report, "stored_documents").seen


def test_an_unknown_partner(world: World) -> None:
    """The partners that there are, are named."""
    with pytest.raises(NotFound, match="partners: fabrikam, northwind, staff"):
        examine(world, "nobody")


# --- the provider, looked at now ----------------------------------------------------------------------------------------------


def test_a_provider_that_is_away(world: World) -> None:
    """Reachability: the reason, whose side, what to do."""
    world.partners["fabrikam"].fault = "down"
    finding = only(examine(world, offline=False), "reachable")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert finding.seen.startswith("upstream_unavailable: the discovery document")


def test_a_secret_that_ran_out(world: World) -> None:
    """The token endpoint does not know us any more: seen before a person does."""
    world.write("partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", world.partners["fabrikam"].issuer).replace(
        "${env:SECRET}", "another-secret-0123456789"))  # fmt: skip
    finding = only(examine(world, offline=False), "credentials")
    assert (finding.level, finding.side) == (Level.PROBLEM, "ours")
    assert "invalid_client" in finding.seen
    assert "renew oidc.client_secret" in finding.change
    assert "another-secret" not in json.dumps(examine(world, offline=False).to_json())


def test_a_redirect_uri_that_is_not_registered(world: World) -> None:
    """The provider shows its own error page instead of sending the browser back."""
    text = partner_file("Adatum", "adatum.example", world.partners["fabrikam"].issuer)
    world.write("partners/adatum.yaml", text.replace("client_id: contoso", "client_id: other"))
    finding = only(examine(world, "adatum", offline=False), "redirect_uri")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert f"{world.url}/oidc/adatum/callback registered" in finding.expected


# --- what the past tells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason", "side", "word"),
    [
        ("skewed_clock", "idtoken_time", "partner", "NTP"),
        ("wrong_audience", "idtoken_aud", "ours", "client_id"),
        ("wrong_issuer", "idtoken_iss", "ours", "issuer"),
        ("other_keys", "idtoken_signature", "partner", "publish"),
        ("unsigned", "idtoken_alg", "partner", "sign ID tokens"),
        ("no_id_token", "upstream_response", "partner", "openid"),
        ("mixed_up", "upstream_iss", "partner", "iss"),
        ("down", "upstream_unavailable", "partner", "up"),
    ],
)
def test_past_failures(world: World, fault: str, reason: str, side: str, word: str) -> None:
    """Each failure: how often, when last, by which reference, what was expected, who changes what; solved once it works."""
    world.partners["fabrikam"].fault = fault
    pages = [world.arrive(world.visitor(ADA)) for _ in range(2)]
    failures = [finding for finding in found(examine(world), "past_failures") if finding.seen.startswith(reason)]
    (finding,) = failures
    assert (finding.level, finding.side) == (Level.PROBLEM, side)
    assert "in 2 sign-ins" in finding.seen
    assert any(page.request_id in finding.seen for page in pages)
    assert word in finding.change
    assert only(examine(world), "sign_ins").level is Level.WARNING
    world.partners["fabrikam"].fault = "none"
    world.clock.advance(60)
    world.redeem(world.visitor(ADA))
    later = [finding for finding in found(examine(world), "past_failures") if finding.seen.startswith(reason)]
    assert [finding.level for finding in later] == [Level.WARNING]
    assert "succeeded since" in later[0].seen


def test_a_wrong_clock_is_measured(world: World) -> None:
    """Clock skew from past logins: of refused tokens, and of accepted ones before it is too late."""
    world.partners["fabrikam"].fault = "skewed_clock"
    world.arrive(world.visitor(ADA))
    finding = only(examine(world), "clock_in_tokens")
    assert finding.level is Level.PROBLEM
    assert "-7200 s" in finding.seen
    for _ in range(5):
        remember(world, vouched(skew=-40), at=START + 5)
    finding = only(examine(world), "clock_in_tokens")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert "-40 s" in finding.seen


def test_a_refusal_by_rule_is_a_warning(world: World) -> None:
    """Somebody without an invitation is no fault of the partner."""
    world.arrive(world.visitor(ADA))
    finding = only(examine(world), "past_failures")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "broker invite" in finding.change


def test_the_providers_word_says_more(world: World) -> None:
    """upstream_error: by the word of the standard, so that two causes are two findings."""
    for word in ("access_denied", "invalid_client", "something_else"):
        step = past_step("upstream", "refused", detail=f"token endpoint: 400, {word}: more") | {"reason": "upstream_error"}
        remember(world, step, outcome=Outcome.FAILED)
    by_word = {finding.seen: finding for finding in found(examine(world), "past_failures")}
    assert len(by_word) == 3
    assert {finding.level for seen, finding in by_word.items() if "access_denied" in seen} == {Level.WARNING}
    assert {finding.side for seen, finding in by_word.items() if "invalid_client" in seen} == {"ours"}


def test_people_who_never_come_back(world: World) -> None:
    """A wrong redirect URI shows the provider's own error page: all that we see is that nobody returns."""
    for _ in range(sign_in_history.LOST):
        world.visitor(ADA).open(world.request()[0], stop_at=world.partners["fabrikam"].issuer)
    for _ in range(sign_in_history.LOST):
        remember(world, outcome=Outcome.ABANDONED, reason="left at the partner")
    finding = only(examine(world), "left_at_partner")
    assert finding.level is Level.PROBLEM
    assert "register" in finding.expected
    remember(world, vouched())
    assert only(examine(world), "left_at_partner").level is Level.WARNING


def test_claims_that_never_come(world: World) -> None:
    """Missing claims, and which ones did arrive, with those whose names are near."""
    file_of(world, more="claims: {groups: memberOf, department: departmnt, title: title}\n")
    remember(world, vouched(arrived=["sub", "email", "member_of", "department", "title"], mapped=["email"]))
    report = examine(world)
    missing = {finding.seen.split(" ", 1)[0]: finding for finding in found(report, "missing_claim")}
    assert set(missing) == {"claims.groups", "claims.department"}
    assert "these are near: department" in missing["claims.department"].seen
    assert "member_of" in missing["claims.groups"].change
    assert only(report, "unusable_claim").seen.startswith("claims.title")
    assert found(report, "claims") == []
    remember(world, vouched(arrived=["email", "groups", "departmnt", "title"], mapped=["groups", "department", "title"]))
    assert "all 3 mapped ones came" in only(examine(world), "claims").seen


@pytest.mark.parametrize(
    ("step", "trust", "level", "side"),
    [
        ({"arrived": ["sub"]}, "true", Level.PROBLEM, "partner"),
        ({"arrived": ["sub", "email"]}, "false", Level.WARNING, "ours"),
        ({"arrived": ["sub", "email", "email_verified"]}, "true", Level.WARNING, "partner"),
        ({"arrived": ["sub", "email"]}, "true", Level.WARNING, "ours"),
    ],
)
def test_an_address_that_does_not_count(world: World, step: dict[str, Any], trust: str, level: Level, side: str) -> None:
    """HO-14: no address, no trust, email_verified not true, or outside the domains: what it costs, who changes what."""
    file_of(world, "email: true", f"email: {trust}")
    remember(world, vouched(**step, email_verified=None))
    finding = only(examine(world), "email")
    assert (finding.level, finding.side) == (level, side)
    assert "invitation_identity" in finding.seen


@pytest.mark.parametrize("asked", ["fresh", "anew"])
def test_auth_time_that_does_not_come(world: World, asked: str) -> None:
    """HP-17: what its absence costs depends on whether it was asked for; receipts before December 2026 call it `anew`."""
    remember(world, past_step("upstream", "sent", fresh=False, max_age=None), vouched())
    assert only(examine(world), "auth_time").level is Level.WARNING
    remember(world, past_step("upstream", "sent", **{asked: True}), vouched())
    finding = only(examine(world), "auth_time")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert "auth_time_missing" in finding.change


def test_multi_factor_authentication(world: World) -> None:
    """HO-15: values that never come, and values that come but count for nothing."""
    remember(world, vouched(acr="https://refeds.org/profile/mfa", amr=["pwd"]))
    finding = only(examine(world), "mfa")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "https://refeds.org/profile/mfa" in finding.change
    file_of(world, "trust: {email: true}", "trust: {email: true, mfa: [phr]}")
    assert only(examine(world), "mfa").side == "partner"
    remember(world, vouched(acr="phr"))
    assert only(examine(world), "mfa").level is Level.OK


# --- what is stored ---------------------------------------------------------------------------------------------------------------


def test_stored_documents(world: World) -> None:
    """HT-20: age, the last problem and whether a copy serves."""
    world.partners["fabrikam"].fault = "down"
    world.arrive(world.visitor(ADA))
    finding = only(examine(world), "stored_documents")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert "nobody can sign in" in finding.seen
    world.partners["fabrikam"].fault = "none"
    world.clock.advance(10)
    world.arrive(world.visitor(ADA))
    assert {finding.level for finding in found(examine(world), "stored_documents")} == {Level.OK}
    world.clock.advance(3 * 3600)
    assert {finding.side for finding in found(examine(world), "stored_documents")} == {"ours"}
    world.partners["fabrikam"].fault = "down"
    world.arrive(world.visitor(ADA))
    finding = next(f for f in found(examine(world), "stored_documents") if "failed" in f.seen)
    assert finding.level is Level.WARNING
    assert "serves" in finding.seen
    with world.broker.core.db.write() as tx:
        tx.execute(update(t.documents).values(body=None, problem=None))
    assert all("being fetched" in finding.seen for finding in found(examine(world), "stored_documents"))


def test_key_changes(world: World) -> None:
    """SM-12: the newest changes from the audit; keys that are published but not yet taken up."""
    world.arrive(world.visitor(ADA))
    world.partners["fabrikam"].rotate_key(keep=False)
    new = world.partners["fabrikam"].jwks()["keys"][0]["kid"]
    assert f"new: {new}" in only(examine(world, offline=False), "key_changes").seen
    world.clock.advance(3600)
    world.broker.operations.housekeeping.run()
    finding = only(examine(world), "key_changes")
    assert finding.level is Level.OK
    assert f"added {new}" in finding.seen
    with world.broker.core.db.write() as tx:
        changed = {"added": ["0123456789abcdef0123"], "removed": [], "reused": ["k1"]}
        tx.execute(update(t.audit).where(t.audit.c.name == "partner.keys_changed").values(data=changed))
    finding = only(examine(world), "key_changes")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert "the name k1 was given to another key" in finding.seen


def test_nodes_with_other_files(world: World) -> None:
    """HT-20: processes whose config digest differs from the files here."""
    with world.broker.core.db.write() as tx:
        rate_limits.note_node(tx, "elsewhere:7", "0123456789abcdef", START + 60)
    finding = only(examine(world), "nodes")
    assert (finding.level, finding.side) == (Level.WARNING, "ours")
    assert "elsewhere:7 (0123456789abcdef)" in finding.seen


# --- the file -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "check", "level"),
    [
        ("trust: {email: true}\noidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET}\n", "trust.email", Level.PROBLEM),
        ("oidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET}\n", "domains", Level.WARNING),
        ("domains: [a.example]\ntrust: {step_up: true}\noidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET}\n", "trust.step_up", Level.WARNING),
        ("domains: [a.example]\noidc: {issuer: 'https://a.example', client_id: x, client_secret: SECRET, scopes: [openid]}\n", "scopes", Level.WARNING),
        ("domains: [a.example]\noidc: {issuer: 'https://accounts.google.com', client_id: x, client_secret: SECRET}\n", "require_claims", Level.PROBLEM),
        ("domains: [a.example]\noidc: {issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', client_id: x, client_secret: SECRET}\n", "require_claims", Level.PROBLEM),
        ("domains: [a.example]\noidc: {issuer: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0', client_id: x, client_authentication: private_key_jwt}\n", "client_assertion", Level.PROBLEM),
    ],
)  # fmt: skip
def test_keys_worth_changing(world: World, text: str, check: str, level: Level) -> None:
    """Valid files that do not do what was meant; the finding names file and key."""
    world.write("partners/adatum.yaml", "name: Adatum\n" + text.replace("SECRET", SECRET))
    findings = found(examine(world, "adatum"), check)
    assert {finding.level for finding in findings} == {level}
    assert all(finding.side == "ours" and "config/partners/adatum.yaml" in finding.seen for finding in findings)


@pytest.mark.parametrize("claims", ["require_claims: {hd: a.example}", ""])
def test_a_shared_issuer_that_is_kept_apart(world: World, claims: str) -> None:
    """Google Workspace with hd, and one tenant of Entra ID, are one organization each."""
    issuer = (
        "https://accounts.google.com" if claims else "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
    )
    text = f"name: A\ndomains: [a.example]\noidc:\n  issuer: {issuer}\n  client_id: x\n  client_secret: {SECRET}\n  {claims}\n"
    world.write("partners/adatum.yaml", text)
    assert found(examine(world, "adatum"), "require_claims") == []


# --- the table, the command ---------------------------------------------------------------------------------------------------------


def raised_reasons() -> set[str]:
    """Every reason with which a connector or the way to a partner refuses, read from the source."""
    reasons: set[str] = set()
    files = [*(BROKER / "connectors" / "oidc").glob("*.py"), BROKER / "connectors" / "mapping.py", BROKER / "connectors" / "outbound" / "client.py",
             *(BROKER / "services" / "partners").glob("*.py"), BROKER / "services" / "login" / "upstream.py", BROKER / "jose" / "claims.py", BROKER / "jose" / "verify.py"]  # fmt: skip
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            first = node.args[0]
            if node.func.id in {"PartnerFailed", "PartnerUntrusted", "HttpFailure", "JoseError"} and isinstance(
                first, ast.Constant
            ):
                reasons.add(str(first.value))
    return reasons - {"idtoken_claim", "idtoken_format"}  # renamed by id_token._REASONS


def test_every_reason_has_advice() -> None:
    """A reason that a receipt can name is one that doctor can explain."""
    assert {reason for reason in raised_reasons() if reason not in advice.REASONS} == set()
    assert {"idtoken_aud", "upstream_iss", "discovery_issuer"} <= raised_reasons()
    assert all(said.expected and said.change for said in [*advice.REASONS.values(), *advice.WORDS.values()])
    assert advice.of("never heard of") is advice.FALLBACK


def test_the_command(world: World) -> None:
    """Groups with the worst first; exit 1 for a problem; `--json` is one object; an unknown partner is one line."""
    world.partners["fabrikam"].fault = "down"
    world.arrive(world.visitor(ADA))
    runner, environ = CliRunner(), {"SECRET": SECRET, "BROKER_HOME": str(world.home)}
    said = runner.invoke(command, ["doctor", "fabrikam", "--offline"], env=environ)
    assert said.exit_code == 1
    heads = re.findall(r"^(Problems|Warnings|OK)$", said.stdout, re.MULTILINE)
    assert heads == ["Problems", "Warnings", "OK"]
    assert "to fix (on the partner's side): " in said.stdout
    answer = runner.invoke(command, ["doctor", "fabrikam", "--json"], env=environ)
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["ok"], document["id"]) == (1, False, "fabrikam")
    assert {"level", "check", "seen", "expected", "side", "change"} == set(document["findings"][0])
    well = runner.invoke(command, ["doctor", "northwind", "--offline"], env=environ)
    assert well.exit_code == 0
    assert "No problem found." in well.stdout
    unknown = runner.invoke(command, ["doctor", "nobody"], env=environ)
    assert (unknown.exit_code, len(unknown.stderr.splitlines())) == (1, 1)


def test_maintain_command(world: World) -> None:
    """`broker maintain` explains what was abandoned and says what it did; `--json` has every kind."""
    with world.broker.core.db.write() as tx:
        logins.add(tx, factories.login(expires_at=int(time.time()) - 100), browser="b", address="192.0.2.1")
    runner, environ = CliRunner(), {"SECRET": SECRET, "BROKER_HOME": str(world.home)}
    said = runner.invoke(command, ["maintain"], env=environ)
    done = said.stdout.splitlines()
    assert (said.exit_code, done[0], done[-1]) == (0, "abandoned: 1", "done")  # between them what else was due: the audit's chain
    document = json.loads(runner.invoke(command, ["maintain", "--json"], env=environ).stdout)
    assert (document["failed"], document["abandoned"]) == (0, 0)


def test_fc_13_a_clock_that_was_set(world: World) -> None:
    """FC-13: the last answer decides; before there is one, the server's own clock is a reason to try."""
    for number in range(6):
        remember(world, vouched(skew=-7200, at=START - 600 + number))
    assert only(examine(world), "clock_in_tokens").level is Level.PROBLEM
    online = only(examine(world, offline=False), "clock_in_tokens")
    assert online.level is Level.WARNING
    assert "sign in once" in online.change
    remember(world, vouched(skew=1, at=START))
    repaired = only(examine(world), "clock_in_tokens")
    assert repaired.level is Level.OK
    assert repaired.seen == "the time in the last answer is +1 s from our clock; earlier it was -7200 s"


def test_fc_13_an_auth_time_that_is_no_time(world: World) -> None:
    """FC-13: 0 came, so "it never came" would contradict what the partner sees."""
    remember(world, past_step("upstream", "sent", max_age=60), vouched(arrived=["sub", "auth_time"]))
    finding = only(examine(world), "auth_time")
    assert (finding.level, finding.side) == (Level.PROBLEM, "partner")
    assert "came in 1 of 1 sign-ins as 0" in finding.seen


def test_fc_14_a_login_left_at_the_partner_shows_after_five_minutes(world: World) -> None:
    """FC-14: whoever tries it out alone need not wait for an hour; who just went is no finding, nor who is followed by a success."""
    world.redeem(world.visitor(ADA))
    world.visitor(ADA).open(world.request()[0], stop_at=world.partners["fabrikam"].issuer)
    world.clock.advance(sign_in_history.AWAY - 1)
    assert found(examine(world), "left_at_partner") == []
    world.clock.advance(1)
    finding = only(examine(world), "left_at_partner")
    assert (finding.level, finding.side) == (Level.WARNING, "partner")
    assert finding.seen.startswith("1 person went to the partner and did not come back")
    world.sign_in(world.visitor(ADA))
    assert found(examine(world), "left_at_partner") == []


def test_fc_14_whose_side_a_wrong_secret_is_on(world: World) -> None:
    """FC-14: the guest is sent to us, not to their own help desk; receipt and doctor say ours, with the partner's words."""
    world.redeem(world.visitor(ADA))
    file_of(world, "${env:SECRET}", "another-secret-0123456789")
    page = world.arrive(world.visitor(ADA))
    assert (page.error, page.status) == ("partner_failed", 502)
    assert "has to correct something on its side" in page.text
    assert "help desk" not in page.text
    receipt = world.receipt(page)
    assert receipt["reason"] == "upstream_error"
    (step,) = [step for step in receipt["steps"] if step["result"] == "refused"]
    assert step["partner_said"] == "wrong secret"
    assert "wrong secret" not in page.body.decode()
    finding = only(examine(world), "past_failures")
    assert (finding.side, finding.level) == ("ours", Level.PROBLEM)


def test_fc_14_the_partners_words_are_for_staff_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """FC-14, HO-17, OU-19: error_description goes to the receipt, on one line and cut; never to a page, nor into the log."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    state = ada.open(world.request()[0], stop_at=f"{world.url}/oidc").query["state"]
    text = "<script>alert(1)</script>\n\x1b[31mred " + "x" * 5000
    query = urlencode({"error": "access_denied", "error_description": text, "state": state})
    page = ada.browser.get(f"{world.url}/oidc/fabrikam/callback?{query}")
    assert page.error == "partner_failed"
    assert "alert(1)" not in page.body.decode()
    assert "alert(1)" not in caplog.text
    (step,) = [step for step in world.receipt(page)["steps"] if step["result"] == "refused"]
    assert step["partner_said"].startswith("<script>alert(1)</script>")
    assert step["partner_said"].isprintable()
    assert len(step["partner_said"]) <= 260
