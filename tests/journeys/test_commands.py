"""What staff sees at the command line: the contract's members, exit statuses, one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.app import build
from broker.cli import broker
from tests.journeys.world import ADA, BO, SECRET, World

Run = Callable[..., Result]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr(build, "__kwdefaults__", {**(build.__kwdefaults__ or {}), "clock": world.clock})

    def call(*words: str) -> Result:
        return CliRunner().invoke(broker, [*words, "--home", str(world.home)])

    return call


def as_json(result: Result) -> Any:
    """The one JSON document that a command printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_invite(world: World, run: Run) -> None:
    """invite: id, email, status, redeem_url; a second invitation keeps the guest and replaces the link."""
    first = as_json(run("invite", "Ada@Fabrikam.example", "--redirect-url", f"{world.callback}/home", "--no-mail", "--json"))
    assert first["email"] == ADA.email
    assert first["status"] == "pending"
    assert first["redeem_url"].startswith("http://localhost:")
    second = as_json(run("invite", ADA.email, "--application", "payroll", "--no-mail", "--json"))
    assert (second["guest_id"], second["application"]) == (first["guest_id"], "payroll")
    assert second["redeem_url"] != first["redeem_url"]
    assert run("invite", ADA.email, "--no-mail").stdout.splitlines()[1].startswith("http")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["not-an-address"], "not a mail address"),
        (["a@b.example", "--application", "nope"], "there is no application 'nope'"),
        (["a@b.example", "--language", "xx"], "language 'xx' is not one of"),
        (["a@b.example", "--redirect-url", "javascript:alert(1)"], "redirect URL"),
        (["a@b.example", "--redirect-url", "http://evil.example/"], "redirect URL"),
        (["a@b.example", "--redirect-url", "https://user@evil.example/"], "redirect URL"),
        (["a@b.example", "--sponsor", "x"], "not a mail address"),
    ],
)
def test_invite_refuses(run: Run, words: list[str], said: str) -> None:
    """Exit 1 with one clear line on standard error."""
    result = run("invite", *words, "--no-mail")
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_wrong_usage(run: Run) -> None:
    """Exit 2."""
    assert run("invite").exit_code == 2
    assert run("nonsense").exit_code == 2


def test_guests(world: World, run: Run) -> None:
    """List and show: the members of the contract; filters; a guest by address or id; consents seen and withdrawn."""
    assert "No guests yet" in run("guests", "list").stdout
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.invite(BO.email)
    rows = as_json(run("guests", "list", "--json"))
    assert [(row["email"], row["state"], row["partner"]) for row in rows] == [
        (ADA.email, "active", "fabrikam"),
        (BO.email, "invited", None),
    ]
    assert {"id", "email", "name", "state", "partner", "sponsor", "expires_at", "last_sign_in"} <= rows[0].keys()
    assert [row["email"] for row in as_json(run("guests", "list", "--state", "invited", "--json"))] == [BO.email]
    assert [row["email"] for row in as_json(run("guests", "list", "--search", "ada", "--json"))] == [ADA.email]
    assert [row["email"] for row in as_json(run("guests", "list", "--after", ADA.email, "--limit", "1", "--json"))] == [BO.email]
    assert ADA.email in run("guests", "list").stdout
    shown = as_json(run("guests", "show", rows[0]["id"], "--json"))
    assert shown["email"] == ADA.email
    assert shown["identities"][0]["partner"] == "fabrikam"
    assert [consent["application"] for consent in shown["consents"]] == ["payroll"]
    assert "payroll" in run("guests", "show", ADA.email).stdout
    tokens = world.sign_in(ada)
    done = run("guests", "withdraw-consent", ADA.email, "payroll")
    assert done.stdout.startswith("withdrawn;")
    with pytest.raises(Exception, match="invalid_grant"):
        world.party.refresh(tokens.refresh_token or "", tokens)
    world.sign_in(ada)
    assert ada.seen == ["review-permissions"]
    assert run("guests", "withdraw-consent", ADA.email, "nope").exit_code == 1
    for name in ("nobody@x.example", "00000000-0000-4000-8000-000000000000", "x"):
        result = run("guests", "show", name)
        assert (result.exit_code, result.stderr.strip()) == (1, f"there is no guest {name!r}")


def test_sign_ins(world: World, run: Run) -> None:
    """sign-ins: the contract's members; a reference explains a refusal in plain words, with whose side must change what."""
    assert "No sign-ins yet" in run("sign-ins").stdout
    page = world.arrive(world.visitor(BO))
    row = as_json(run("sign-ins", "--request", page.request_id.lower(), "--json"))
    assert {
        "id",
        "request_id",
        "at",
        "user",
        "application",
        "partner",
        "outcome",
        "error",
        "reason",
        "policies",
        "steps",
    } <= row.keys()
    assert (row["outcome"], row["error"], row["application"]) == ("blocked", "not_invited", "payroll")
    text = run("sign-ins", "--request", page.request_id).stdout
    assert "to fix (on our side): invite the person" in text
    assert "person_is_bound: deny (not_invited)" in text
    world.clock.advance(1)
    world.redeem(world.visitor(ADA))
    assert [found["user"] for found in as_json(run("sign-ins", "--user", ADA.email, "--json"))] == [ADA.email]
    assert as_json(run("sign-ins", "--user", "nobody@x.example", "--json")) == []
    assert len(as_json(run("sign-ins", "--limit", "1", "--json"))) == 1
    assert ADA.email in run("sign-ins").stdout
    missing = run("sign-ins", "--request", "AAAA-AAAA-AAAA")
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)


def test_refusal_without_a_login(world: World, run: Run) -> None:
    """HT-13: a page of no live login is explained, too."""
    from broker.demo.browser import Browser

    page = Browser(clock=world.clock).get(f"{world.url}/oidc/fabrikam/callback?state=x&code=y")
    row = as_json(run("sign-ins", "--request", page.request_id, "--json"))
    assert (row["error"], row["reason"], row["id"]) == ("login_expired", "login_unknown", None)


def test_db_upgrade(run: Run) -> None:
    """Safe to run at any time."""
    assert run("db", "upgrade").stdout.startswith("already at")


def test_unusable_database(world: World, run: Run) -> None:
    """One line, no stack trace, no password."""
    path = world.home / "config" / "broker.yaml"
    text = path.read_text("utf-8")
    path.write_text(
        "database: postgresql+psycopg://u:topsecret@127.0.0.1:1/x\n"
        + "\n".join(line for line in text.splitlines() if "database" not in line),
        "utf-8",
    )
    result = run("guests", "list")
    assert result.exit_code == 1
    assert "the database cannot be used" in result.stderr
    assert "topsecret" not in result.stderr


def test_help_is_quick_and_whole(run: Run) -> None:
    """Every command is listed with a sentence."""
    text = CliRunner().invoke(broker, ["--help"]).stdout
    for name in ("serve", "check", "keys", "invite", "guests", "sign-ins", "schema", "demo"):
        assert f"\n  {name} " in text
    assert CliRunner().invoke(broker, ["--version"]).exit_code == 0
