"""Two applications with connectors in one login: each decides about its own step, and its answer is no other's (SU-20)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.provider import Answer, as_json
from tests.journeys.sign_up import guests, opened, requests, sign_up, words
from tests.journeys.test_api_connector import CONTINUE, Hook, invited_to_payroll, page_of, section
from tests.journeys.world import ADA, World


@pytest.fixture
def hooks() -> Iterator[tuple[Hook, Hook]]:
    """The connectors of Payroll and of Ledger."""
    found = (Hook(), Hook())
    yield found
    for one in found:
        one.server.close()


def test_an_answer_adds_to_its_own_step(world: World, hooks: tuple[Hook, Hook]) -> None:
    """SU-20: what Payroll's connector adds at the redemption is not written into the request for Ledger."""
    payroll, _ = hooks
    invited_to_payroll(world, payroll)
    payroll.answer = lambda _: as_json({**CONTINUE, "attributes": {"company": "Of Payroll", "city": "Delft"}})
    page = opened(world, "role: viewer, attributes: [company]")
    world.invite()
    ada = world.visitor(ADA)
    sign_up(ada, page, company="Fabrikam")
    assert [one["step"] for one in payroll.asked] == ["redemption"]
    assert [one.attributes for one in requests(world)] == [{"company": "Fabrikam"}]


def test_a_sign_up_after_a_redemption(world: World, hooks: tuple[Hook, Hook]) -> None:
    """SU-20: Ledger's connector gets the form, and its refusal has its own name, though the login redeemed an invitation to Payroll."""
    payroll, ledger = hooks
    invited_to_payroll(world, payroll)
    ledger.answer = lambda _: as_json({"action": "ShowBlockPage", "userMessage": "Not before May."})
    page = page_of(world, ledger)
    world.invite()
    refused = sign_up(world.visitor(ADA), page, company="Fabrikam")
    assert [(one["step"], one["application"]) for one in payroll.asked] == [("redemption", "payroll")]
    [asked] = ledger.asked
    assert (asked["step"], asked["application"], asked.get("attributes")) == ("sign_up", "ledger", {"company": "Fabrikam"})
    assert refused.error == "policy_blocked"
    assert "Ledger says: Not before May." in words(refused)


def test_another_invitation_is_another_question(world: World, hooks: tuple[Hook, Hook]) -> None:
    """SU-20: an invitation to Ledger that takes the place of the one to Payroll in this login is decided by Ledger's connector."""
    payroll, ledger = hooks
    invited_to_payroll(world, payroll)
    opened(world, f"role: viewer, {section(ledger)}")
    ledger.answer = lambda _: as_json({"action": "ShowBlockPage", "userMessage": "No."})

    def invited_meanwhile(_said: dict[str, Any]) -> Answer:
        world.invite(application="ledger")
        return as_json(CONTINUE)

    payroll.answer = invited_meanwhile
    world.invite()
    ada = world.visitor(ADA)
    page = world.arrive(ada)
    assert [[one["application"] for one in hook.asked] for hook in hooks] == [["payroll"], ["ledger"]]
    assert (page.error, [one["state"] for one in guests(world)]) == ("policy_blocked", ["invited"])
    assert "Ledger says: No." in words(page)
