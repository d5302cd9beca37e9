"""`broker guests ...` as staff uses it: the contract's members, dates in UTC, one clear line for a refusal."""

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
DAY = 86_400
ALICE, BOB = "alice@contoso.example", "bob@contoso.example"
MEMBERS = {"id", "email", "name", "state", "partner", "sponsor", "expires_at", "last_sign_in"}


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setitem(build.__kwdefaults__ or {}, "clock", world.clock)

    def call(*words: str) -> Result:
        return CliRunner().invoke(broker, [*words, "--home", str(world.home)])

    return call


def as_json(result: Result) -> Any:
    """The one JSON document that a command printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_block_unblock_renew_expire(world: World, run: Run) -> None:
    """Each prints the guest as it is then; a guest is named by address or id."""
    world.redeem(world.visitor())
    found = as_json(run("guests", "block", "Ada@Fabrikam.example", "--reason", "left", "--json"))
    assert set(found) >= MEMBERS
    assert found["state"] == "blocked"
    assert as_json(run("guests", "unblock", found["id"], "--json"))["state"] == "active"
    renewed = as_json(run("guests", "renew", ADA.email, "--until", "2027-03-28", "--json"))
    assert renewed["expires_at"] == "2027-03-29T00:00:00Z"  # the day itself still counts, in UTC (PO-08)
    assert as_json(run("guests", "renew", ADA.email, "--until", "90d", "--json"))["expires_at"] == "2027-04-15T08:00:00Z"
    assert as_json(run("guests", "renew", ADA.email, "--no-end", "--json"))["expires_at"] is None
    assert as_json(run("guests", "expire", ADA.email, "--json"))["state"] == "expired"
    assert (
        "state active; access until 2027-01-20T12:00:00Z"
        in run("guests", "renew", ADA.email, "--until", "2027-01-20T12:00:00Z").stdout
    )


def test_invitation_with_an_end(run: Run) -> None:
    """`invite --until DATE`: the guest's end, from the beginning."""
    assert run("invite", ADA.email, "--no-mail", "--until", "2027-06-30", "--sponsor", ALICE).exit_code == 0
    found = as_json(run("guests", "show", ADA.email, "--json"))
    assert (found["expires_at"], found["sponsor"]) == ("2027-07-01T00:00:00Z", ALICE)
    refused = run("invite", BO.email, "--no-mail", "--until", "2020-01-01")
    assert (refused.exit_code, "must lie in the future" in refused.stderr) == (1, True)


def test_sponsors(run: Run) -> None:
    """One guest, or all of somebody who left."""
    for email in (ADA.email, BO.email):
        run("invite", email, "--no-mail", "--sponsor", ALICE)
    assert as_json(run("guests", "sponsor", ADA.email, BOB, "--json"))["sponsor"] == BOB
    assert as_json(run("guests", "sponsor", "--from", ALICE, BOB, "--json")) == {"from": ALICE, "to": BOB, "guests": 1}
    assert [one["email"] for one in as_json(run("guests", "list", "--sponsor", BOB, "--json"))] == [ADA.email, BO.email]
    refused = run("guests", "sponsor", ADA.email, "nobody@elsewhere.example")
    assert (refused.exit_code, refused.stderr.strip()) == (1, "nobody@elsewhere.example is no member who can answer for a guest")
    assert run("guests", "sponsor", ADA.email).exit_code == 2
    assert run("guests", "sponsor", ADA.email, BOB, "--from", ALICE).exit_code == 2


def test_lists(world: World, run: Run) -> None:
    """Every filter, page by page; a table for people."""
    world.redeem(world.visitor(), world.invite(sponsor=ALICE, until=world.clock() + 5 * DAY))
    world.redeem(world.visitor(BO), world.invite(BO.email))
    run("invite", "new@fabrikam.example", "--no-mail", "--sponsor", ALICE)

    def emails(*words: str) -> list[str]:
        return [one["email"].partition("@")[0] for one in as_json(run("guests", "list", *words, "--json"))]

    assert emails() == ["ada", "bo", "new"]
    assert emails("--limit", "1", "--after", ADA.email) == ["bo"]
    assert emails("--state", "active") == ["ada", "bo"]
    assert emails("--partner", "fabrikam", "--search", "B") == ["bo"]
    assert emails("--no-sponsor") == ["bo"]
    assert emails("--expiring-before", "14d") == ["ada"]
    assert emails("--expiring-before", "2027-01-20") == []
    assert emails("--expiring-before", "2027-01-21") == ["ada"]
    world.clock.advance(91 * DAY)
    assert emails("--inactive-since", "90d") == ["ada", "bo"]
    assert emails("--inactive-since", "2027-01-15") == []
    assert "No such guests." in run("guests", "list", "--state", "blocked").stdout
    assert run("guests", "list", "--expiring-before", "soon").exit_code in (1, 2)
    assert run("guests", "list", "--limit", "1001").exit_code == 2


def test_delete_and_export(world: World, run: Run) -> None:
    """The export is one document; a deletion says how much went, and a second one that there is nobody."""
    world.redeem(world.visitor())
    found = as_json(run("guests", "export", ADA.email))
    assert found["person"]["email"] == ADA.email
    named = run("guests", "delete", ADA.email, "--yes", "--reason", "Ada Fabrik asked")
    assert (named.exit_code, "must not name the guest" in named.stderr) == (1, True)
    gone = as_json(run("guests", "delete", ADA.email, "--yes", "--reason", "asked for it", "--json"))
    assert (gone["id"], gone["state"]) == (found["person"]["id"], "deleted")
    assert gone["rows"]["identities"] == 1
    again = run("guests", "delete", gone["id"], "--yes")
    assert (again.exit_code, "deleted" in again.stderr) == (1, True)
    assert run("guests", "delete", ADA.email, "--yes").exit_code == 1
    assert as_json(run("guests", "list", "--json")) == []


def test_maintain_says_what_to_look_at(world: World, run: Run) -> None:
    """Counts of guests who end soon, are inactive or without sponsor, with the command that lists them."""
    world.redeem(world.visitor(), world.invite(until=world.clock() + 5 * DAY))
    assert as_json(run("maintain", "--json"))["guests"] == {"ending": 1, "inactive": 0, "without_sponsor": 1}
    said = run("maintain").stdout
    assert "guests ending: 1 (broker guests list --expiring-before 14d)" in said
    assert "guests without sponsor: 1 (broker guests list --no-sponsor)" in said


def test_refusals(world: World, run: Run) -> None:
    """One clear line, exit 1; wrong usage, exit 2."""
    world.redeem(world.visitor())
    for words, said in (
        (("unblock", ADA.email), "a guest who is active cannot be: unblock"),
        (("renew", ADA.email), "say until when: guests.lifetime is not set in config/broker.yaml"),
        (("renew", ADA.email, "--until", "2020-01-01"), "the end must lie in the future"),
        (("renew", ADA.email, "--until", "tomorrow"), "is no date"),
        (("block", "nobody@fabrikam.example"), "there is no guest 'nobody@fabrikam.example'"),
    ):
        refused = run("guests", *words)
        assert (refused.exit_code, refused.stdout) == (1, ""), words
        assert said in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
    assert run("guests", "renew", ADA.email, "--until", "30d", "--no-end").exit_code == 2
