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
from broker.services.operations.housekeeping import WHOLE_ADDRESS
from tests.journeys.second_factor import with_phone
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


def test_replay_on_a_branch(run: Run, both: World, tmp_path: Path) -> None:
    """Who would be newly blocked, asked and freed, with the receipts it stands on; exit 1 where asked to."""
    references = people(both)
    assert found(run("replay", "--json"))["sign_ins"] == 6
    home = branch(both, tmp_path, one=ADA_ONLY + "applications: {include: [payroll]}\n", staff=MFA)
    report = found(run("replay", "--json", home=home))
    assert report["sign_ins"] == 6
    assert summary(report) == {
        "newly_blocked": [(ADA.email, "payroll", 2)],
        "newly_asked": [(CLEO.email, "travel", 1)],
        "freed": [],
    }
    blocked, asked = report["newly_blocked"][0], report["newly_asked"][0]
    assert blocked["receipts"] == [references[0], references[3]]
    assert blocked["policies"] == ["one"]
    assert blocked["reasons"] == ["one: about this guest by address: denies access"]
    assert (asked["receipts"], asked["asked"], asked["policies"]) == ([references[1]], ["mfa"], ["staff"])
    failing = run("replay", "--json", "--fail-on", "newly_blocked", "--fail-on", "newly_asked", home=home)
    assert found(failing, 1) == report
    assert failing.stderr == "newly_blocked: 1; newly_asked: 1\n"
    text = run("replay", home=home).stdout
    assert "Newly blocked: 1\n  ada@fabrikam.example at payroll, 2 sign-ins\n" in text
    assert f"receipts: {references[0]}, {references[3]}" in text
    assert run("replay", "--fail-on", "newly_blocked", home=branch(both, tmp_path, staff=MFA)).exit_code == 0


def test_replay_frees(run: Run, both: World, tmp_path: Path) -> None:
    """What a policy blocked is freed when it goes; what was refused for another reason is no matter of policies."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.write("policies/p.yaml", BLOCK)
    both.clock.advance(1)
    page = both.arrive(ada)
    assert summary(found(run("replay", "--json")))["freed"] == []
    home = branch(both, tmp_path, p=BLOCK + "state: disabled\n")
    report = found(run("replay", "--json", home=home))
    assert summary(report)["freed"] == [(ADA.email, "payroll", 1)]
    assert report["freed"][0]["receipts"] == [page.request_id]
    assert report["freed"][0]["policies"] == ["p"]


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


def test_replay_looks_back_as_far_as_asked(run: Run, both: World) -> None:
    """--since, in the words of durations; anything else is wrong usage."""
    people(both)
    both.clock.advance(3600)
    assert found(run("replay", "--since", "30m", "--json"))["sign_ins"] == 0
    assert found(run("replay", "--since", "2h", "--json"))["sign_ins"] == 6
    assert run("replay", "--since", "yesterday").exit_code == 2


def test_an_address_that_is_no_longer_kept(run: Run, both: World, tmp_path: Path) -> None:
    """HT-19: after seven days the network stands for it, against the sign-in where it cannot be told; the report says so."""
    people(both)
    home = branch(both, tmp_path, desk=BLOCK + "conditions: {networks: {include: [127.0.0.77]}}\n")
    assert found(run("replay", "--json", home=home))["newly_blocked"] == []
    both.clock.advance(WHOLE_ADDRESS + 10)
    both.broker.operations.housekeeping.run()
    report = found(run("replay", "--json", home=home))
    assert report["by_network"] == report["sign_ins"] == 6
    assert [row[2] for row in summary(report)["newly_blocked"]] == [2, 1, 1, 1]
    assert "by their network only" in run("replay", home=home).stdout


def test_a_check_where_no_database_is(run: Run, both: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """export, then replay --from: no database, no keys, no secrets; the same findings, with pseudonyms."""
    references = people(both)
    exported = run("export")
    assert exported.exit_code == 0, exported.output
    file = tmp_path / "sign-ins.jsonl"
    file.write_text(exported.stdout, "utf-8")
    home = branch(both, tmp_path, one=ADA_ONLY + "applications: {include: [payroll]}\n", staff=MFA)
    (home / "config" / "broker.yaml").write_text(
        "issuer: https://login.contoso.example\ndatabase: postgresql+psycopg://nowhere/x\n"
    )
    monkeypatch.delenv("SECRET")
    report = found(run("replay", "--from", str(file), "--json", home=home))
    assert report["sign_ins"] == 6
    assert summary(report) == {"newly_blocked": [(None, "payroll", 2)], "newly_asked": [(None, "travel", 1)], "freed": []}
    assert report["newly_blocked"][0]["receipts"] == [references[0], references[3]]
    assert run("replay", "--from", str(file), "--fail-on", "newly_blocked", home=home).exit_code == 1
    (home / "config" / "policies" / "one.yaml").write_text(ADA_ONLY.replace("grant", "grunt"))
    broken = run("replay", "--from", str(file), home=home)
    assert broken.exit_code == 1
    assert broken.stderr.startswith("config/policies/one.yaml:")


def test_what_an_export_holds(run: Run, both: World) -> None:
    """HT-19: no address, no name, no subject, no person's id, no whole network address; another one has other pseudonyms."""
    people(both)
    first, second = (run("export").stdout for _ in range(2))
    rows = [json.loads(line) for line in first.splitlines()]
    assert [set(row) == set(rows[1]) for row in rows[1:]] == [True] * 6
    assert {row["network"] for row in rows[1:]} == {"127.0.0.0/24"}
    with both.broker.core.db.read() as tx:
        from broker.storage.directory import people as directory

        ids = [person.id for person in (directory.by_email(tx, who.email) for who in (ADA, BO, CLEO)) if person]
    for secret in (ADA.email, "fabrikam.example", "Ada", ADA.subject + '"', "127.0.0.1", *ids):
        assert secret not in first
    others = [json.loads(line) for line in second.splitlines()]
    assert not {row["person"] for row in rows[1:]} & {row["person"] for row in others[1:]}
    assert not {row["guest"] for row in rows[1:]} & {row["guest"] for row in others[1:]}


def test_an_export_without_marks(run: Run, both: World, tmp_path: Path) -> None:
    """Policies that name nobody are judged; one that names guests is refused, not skipped."""
    people(both)
    file = tmp_path / "sign-ins.jsonl"
    file.write_text(run("export", "--no-marks").stdout, "utf-8")
    home = branch(both, tmp_path, staff=MFA)
    assert len(found(run("replay", "--from", str(file), "--json", home=home))["newly_asked"]) == 1
    refused = run("replay", "--from", str(file), home=branch(both, tmp_path, one=ADA_ONLY))
    assert refused.exit_code == 1
    assert "policy one names guests by address" in refused.stderr


def test_replay_knows_what_was_proven(run: Run, both: World, tmp_path: Path) -> None:
    """Whoever gave the proof already notices nothing of a policy that asks for it; a trusted partner's word is part of it."""
    bo = both.visitor(BO)
    with_phone(both, both.visitor(ADA))  # her sign-in with a second factor
    both.redeem(bo)
    both.clock.advance(1)
    both.sign_in(bo)
    home = branch(both, tmp_path, mfa=MFA.replace("members: true", "guests: all") + "applications: {include: [payroll]}\n")
    report = found(run("replay", "--json", home=home))
    assert summary(report) == {"newly_blocked": [], "newly_asked": [(BO.email, "payroll", 1)], "freed": []}
    unproven = BLOCK + "applications: {include: [payroll]}\nconditions: {partner_mfa: false}\n"
    report = found(run("replay", "--json", home=branch(both, tmp_path, unproven=unproven)))
    assert summary(report)["newly_blocked"] == [(ADA.email, "payroll", 1), (BO.email, "payroll", 1)]
    text = partner_file("Fabrikam", "fabrikam.example", both.partners["fabrikam"].issuer)
    both.write(
        "partners/fabrikam.yaml",
        text.replace("email: true", "email: true, mfa: [https://refeds.org/profile/mfa, mfa], step_up: true"),
    )
    both.write("policies/mfa.yaml", MFA.replace("members: true", "partners: [fabrikam]"))
    fresh = both.visitor(BO)
    both.clock.advance(5)
    both.sign_in(fresh)
    assert "partner-login" in fresh.seen
    since = ("replay", "--since", "1s", "--json")
    assert summary(found(run(*since, home=branch(both, tmp_path, unproven=unproven))))["newly_blocked"] == []
    freed = found(run(*since, home=branch(both, tmp_path, mfa=MFA)))["freed"]
    assert [(entry["user"], entry["asked"], entry["policies"]) for entry in freed] == [(BO.email, ["mfa"], ["mfa"])]


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
