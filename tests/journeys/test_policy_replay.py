"""`broker policy replay` and `export`: saved sign-ins against changed policies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.services.operations.housekeeping import WHOLE_ADDRESS
from tests.journeys.second_factor import with_phone
from tests.journeys.test_policy_commands import ADA_ONLY, BLOCK, MFA, Run, branch, found, people, run, summary
from tests.journeys.world import ADA, BO, CLEO, World, partner_file

__all__ = ["run"]  # the fixture


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
