"""`broker policy`: what-if, the time machine and its export, over real sign-ins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.cli import broker
from broker.demo.relying import SignInFailed
from tests.journeys.world import ADA, BO, CLEO, SECRET, World, partner_file

Run = Callable[..., Result]

BLOCK = "name: x\nusers: {include: {guests: all}}\ngrant: {block: true}\n"

ADA_ONLY = "name: x\nusers: {include: {guests: [ada@fabrikam.example]}}\ngrant: {block: true}\n"

ALL_GUESTS = "name: x\nusers: {include: {guests: all}}\ngrant: {require: [mfa]}\n"

MFA = "name: x\nusers: {include: {members: true}}\ngrant: {require: [mfa]}\n"


@pytest.fixture
def run(both: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker policy WORDS` at a home: the world's, on SQLite and PostgreSQL, or another."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("broker.composition.policies.system_clock", both.clock)

    def call(*words: str, home: Path | None = None) -> Result:
        return CliRunner().invoke(broker, ["policy", *words, "--home", str(home or both.home)])

    return call


def found(result: Result, status: int = 0) -> Any:
    """The one JSON document that a command printed."""
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def branch(world: World, tmp_path: Path, **policies: str) -> Path:
    """A home beside the world's: the same files, other policies, no keys and no state."""
    home = tmp_path / "branch"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(world.home / "config", home / "config", ignore=shutil.ignore_patterns("*.yaml~"))
    for name, text in policies.items():
        (home / "config" / "policies" / f"{name}.yaml").write_text(text, "utf-8")
    if "sqlite" in (broker_file := home / "config" / "broker.yaml").read_text():
        text = broker_file.read_text().replace("sqlite:///var", f"sqlite:///{world.home}/var")
        broker_file.write_text(text)
    return home


def people(world: World) -> list[str]:
    """Ada twice and Bo once at Payroll, Cleo of the staff at Travel; the references of their sign-ins."""
    ada, bo, cleo = world.visitor(ADA), world.visitor(BO), world.visitor(CLEO)
    world.redeem(ada)
    world.redeem(bo)
    world.clock.advance(60)
    for who, party in ((ada, world.party), (bo, world.party), (cleo, world.travel), (ada, world.party)):
        world.clock.advance(1)
        world.sign_in(who, party)
    return [row.request_id for row in world.broker.history.receipts.newest(limit=4)]


def summary(report: dict[str, Any]) -> dict[str, list[tuple[str | None, str | None, int]]]:
    """Who, where and how often, by kind of change."""
    return {
        kind: sorted(((entry["user"], entry["application"], entry["sign_ins"]) for entry in report[kind]), key=str)
        for kind in ("newly_blocked", "newly_asked", "freed")
    }


def test_what_if(run: Run, both: World) -> None:
    """The members of the contract; exit 0 whatever the answer is; nothing is changed (PO-09)."""
    both.redeem(both.visitor(ADA))
    both.write("policies/office.yaml", BLOCK + "conditions: {networks: {exclude: [192.0.2.0/24]}}\n")
    before = both.counts()
    asked = ("what-if", "--user", "Ada@Fabrikam.example", "--application", "payroll")
    said = found(run(*asked, "--ip", "192.0.2.7", "--json"))
    assert (said["outcome"], said["require"]) == ("allowed", [])
    assert said["policies"] == [
        {"id": "office", "state": "enabled", "result": "not_matched", "reason": "leaves out the network 192.0.2.0/24"}
    ]
    assert found(run(*asked, "--ip", "203.0.113.9", "--partner-mfa", "--json"))["outcome"] == "blocked"
    assert both.counts() == before
    plain = run(*asked)
    assert plain.exit_code == 0
    assert plain.stdout.splitlines() == [
        "ada@fabrikam.example at payroll: blocked",
        "  office (enabled): blocked, about all guests: denies access",
    ]
    both.write("policies/office.yaml", MFA.replace("members: true", "guests: all") + "session: {sign_in_frequency: 4h}\n")
    assert run(*asked).stdout.splitlines()[:2] == [
        "ada@fabrikam.example at payroll: allowed, asked for mfa",
        "  the last sign-in must be younger than 4h",
    ]
    refused = run("what-if", "--user", "nobody@x.example", "--application", "payroll")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)


def test_sign_ins_show_policies(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sign-ins`: id, state, result and reason of each policy, report-only ones too; in words, what to do about it."""
    monkeypatch.setenv("SECRET", SECRET)
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/p.yaml", BLOCK)
    world.write("policies/watching.yaml", MFA.replace("members: true", "guests: all") + "state: report_only\n")
    reference = world.arrive(ada).request_id
    call = CliRunner().invoke
    row = json.loads(call(broker, ["sign-ins", "--request", reference, "--json", "--home", str(world.home)]).stdout)
    assert (row["outcome"], row["error"], row["reason"]) == ("blocked", "policy_blocked", "policy_blocked")
    assert row["policies"] == [
        {"id": "p", "state": "enabled", "result": "blocked", "reason": "about all guests: denies access"},
        {
            "id": "watching",
            "state": "report_only",
            "result": "required",
            "reason": "about all guests: asks for multi-factor authentication",
        },
    ]
    text = call(broker, ["sign-ins", "--request", reference, "--home", str(world.home)]).stdout
    assert "  policy p (enabled): blocked, about all guests: denies access\n" in text
    assert "to fix (on our side): the receipt names the policy" in text


def test_hundreds_of_policies(run: Run, both: World) -> None:
    """HT-19: a receipt stays small; what it keeps is enough for the time machine, and the command says how many are not listed."""
    both.redeem(both.visitor(ADA))
    for number in range(120):
        kind = "state: report_only\n" if number % 2 else ""
        (both.home / "config" / "policies" / f"p{number:03}.yaml").write_text(
            ALL_GUESTS.replace("mfa", "terms_of_use") + kind, "utf-8"
        )
    both.write("policies/z-last.yaml", BLOCK)
    both.clock.advance(1)
    page = both.arrive(both.visitor(ADA), login_hint=ADA.email)
    assert page.error == "policy_blocked"
    receipt = both.broker.history.receipts.newest(limit=1)[0]
    assert receipt.policies[0]["id"] == "z-last"
    assert len(receipt.policies) == 50
    assert receipt.facts["policies_left_out"] == {"required": 71}
    assert summary(found(run("replay", "--json")))["freed"] == []
    asked = found(run("what-if", "--user", ADA.email, "--application", "payroll", "--json"))
    assert len(asked["policies"]) == 121
    for file in (both.home / "config" / "policies").glob("*.yaml"):
        file.unlink()
    both.reload()
    (freed,) = found(run("replay", "--json"))["freed"]
    assert freed["policies"][0] == "z-last"


def test_hundreds_of_policies_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HT-19: the command says how many are not listed."""
    monkeypatch.setenv("SECRET", SECRET)
    world.redeem(world.visitor(ADA))
    for number in range(60):
        (world.home / "config" / "policies" / f"p{number:03}.yaml").write_text(BLOCK, "utf-8")
    world.reload()
    page = world.arrive(world.visitor(ADA), login_hint=ADA.email)
    told = CliRunner().invoke(broker, ["sign-ins", "--request", page.request_id, "--home", str(world.home)])
    assert "  and 10 more policies: 10 blocked" in told.stdout


def test_what_if_and_a_trusted_partner(run: Run, both: World) -> None:
    """HO-15: --partner-mfa says beforehand what then happens to people who proved more at home, and without it to the others."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    text = partner_file("Fabrikam", "fabrikam.example", both.partners["fabrikam"].issuer)
    both.write(
        "partners/fabrikam.yaml",
        text.replace("email: true", "email: true, mfa: [https://refeds.org/profile/mfa, mfa], step_up: true"),
    )
    both.write("policies/unproven.yaml", BLOCK + "applications: {include: [payroll]}\nconditions: {partner_mfa: false}\n")
    asked = ("what-if", "--user", ADA.email, "--application", "payroll", "--ip", "127.0.0.1", "--json")
    assert found(run(*asked))["outcome"] == "blocked"
    assert both.arrive(ada).error == "policy_blocked"
    both.write("policies/more.yaml", MFA.replace("members: true", "guests: all") + "applications: {include: [travel]}\n")
    assert "code" in both.arrive(ada, both.travel).query  # asked at home for more, which the session keeps
    assert found(run(*asked, "--partner-mfa"))["outcome"] == "allowed"
    tokens = both.sign_in(ada)
    assert tokens.claims["acr"] == "https://refeds.org/profile/mfa"
    assert both.party.refresh(tokens.refresh_token or "").access_token
    both.write("policies/unproven.yaml", BLOCK + "conditions: {partner_mfa: true}\n")
    with pytest.raises(SignInFailed, match="invalid_grant"):
        both.party.refresh(tokens.refresh_token or "")
