"""FC-01: who was refused is found by the address that was claimed, which is kept with the receipt and forgotten with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from broker.app import build
from broker.cli import broker
from broker.cli.output import when
from broker.services.invitations.rebinding import RebindingTerms
from broker.storage.tables import receipts
from tests.journeys.world import ACTOR, ADA, BO, NORA, SECRET, World

Run = Callable[..., Result]
DAY = 86_400


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr(build, "__kwdefaults__", {**(build.__kwdefaults__ or {}), "clock": world.clock})

    def call(*words: str) -> Result:
        return CliRunner().invoke(broker, [*words, "--home", str(world.home)])

    return call


def rows(run: Run, *words: str) -> list[dict[str, Any]]:
    """`broker sign-ins WORDS --json`."""
    result = run("sign-ins", *words, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def claims(world: World) -> list[str | None]:
    """The claimed addresses that the database holds."""
    with world.broker.core.db.read() as tx:
        return list(tx.execute(select(receipts.c.claimed).order_by(receipts.c.at)).scalars())


def test_fc_01_a_refused_person_is_found_by_the_claimed_address(world: World, run: Run) -> None:
    """`--user` finds somebody who was never invited; the address is marked as claimed, in the list and in the receipt."""
    page = world.arrive(world.visitor(BO))
    assert page.error == "not_invited"
    (row,) = rows(run, "--user", BO.email.upper())
    assert (row["request_id"], row["user"], row["claimed"], row["error"]) == (page.request_id, BO.email, True, "not_invited")
    assert f"{BO.email} (claimed)" in run("sign-ins").stdout
    assert f"who: {BO.email} (claimed)" in run("sign-ins", "--request", page.request_id).stdout
    assert rows(run, "--user", ADA.email) == []


def test_fc_01_the_address_that_was_typed_is_found_too(world: World, run: Run) -> None:
    """Somebody who left at the partner has no assertion; what they typed is the only trace."""
    who = world.visitor(ADA)
    who.halt_at = ("partner",)
    who.browser.get(world.request(login_hint=ADA.email)[0])
    world.clock.advance(DAY)
    world.broker.operations.housekeeping.run()
    (row,) = rows(run, "--user", ADA.email)
    assert (row["outcome"], row["claimed"]) == ("abandoned", True)


def test_fc_01_a_known_person_has_no_claim(world: World, run: Run) -> None:
    """Where the receipt names a person, no address is kept beside it: the directory has it."""
    world.redeem(world.visitor(ADA))
    assert claims(world) == [None]
    (row,) = rows(run, "--user", ADA.email)
    assert (row["user"], row["claimed"]) == (ADA.email, False)


def test_fc_01_an_invitation_after_the_refusal_takes_the_claim_away(both: World) -> None:
    """The later end of the same login replaces the receipt, and with it the claim."""
    both.arrive(both.visitor(ADA))
    assert claims(both) == [ADA.email]
    both.redeem(both.visitor(ADA))
    both.broker.guests.lifecycle.delete(ACTOR, ADA.email, reason="asked for it")
    assert ADA.email not in claims(both)


def test_fc_01_deletion_and_retention_reach_the_claim(both: World) -> None:
    """LP-05: deleting a guest empties what was claimed of their address; the rest goes with `retention.receipts`."""
    both.arrive(both.visitor(ADA))
    both.arrive(both.visitor(BO))
    both.invite(ADA.email)
    both.broker.guests.lifecycle.delete(ACTOR, ADA.email, reason="asked for it")
    assert sorted(claims(both), key=str) == [None, BO.email]
    both.clock.advance(31 * DAY)
    both.broker.operations.housekeeping.run()
    assert claims(both) == []


def test_fc_01_deletion_reaches_an_earlier_address(both: World) -> None:
    """A guest who got another address: what was claimed of the old one goes with the guest, too."""
    both.arrive(both.visitor(ADA))
    both.redeem(both.visitor(ADA), both.invite(ADA.email))
    both.broker.invitations.rebinding.reset(ACTOR, ADA.email, RebindingTerms(invite=True), email="ada.new@fabrikam.example")
    both.arrive(both.visitor(ADA))
    assert ADA.email in claims(both)
    both.broker.guests.lifecycle.delete(ACTOR, "ada.new@fabrikam.example", reason="asked for it")
    assert ADA.email not in claims(both)


def test_fc_01_filters(world: World, run: Run) -> None:
    """Partner, application, outcome, reason and time, alone and together."""
    world.arrive(world.visitor(BO))
    world.clock.advance(2 * DAY)
    between = str(when(world.clock() - DAY))
    world.redeem(world.visitor(ADA))
    world.arrive(world.visitor(NORA), world.travel)

    def users(*words: str) -> set[str]:
        return {row["user"] for row in rows(run, *words)}

    assert users("--partner", "fabrikam") == {ADA.email, BO.email}
    assert users("--application", "travel") == {NORA.email}
    assert users("--outcome", "blocked") == {BO.email, NORA.email}
    assert users("--reason", "not_invited") == {BO.email, NORA.email}
    assert users("--reason", "not_invited", "--partner", "fabrikam") == {BO.email}
    assert users("--since", between) == {ADA.email, NORA.email}
    assert users("--until", between) == {BO.email}
    assert users("--user", BO.email, "--since", between) == set()
    assert run("sign-ins", "--outcome", "odd").exit_code == 2
    assert run("sign-ins", "--since", "yesterday").exit_code == 1
