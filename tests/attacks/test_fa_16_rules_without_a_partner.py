"""FA-16: a rule that names no partner lets any partner's claim into our groups: every branch names one, or says `any`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.domain import group_rule
from broker.domain.errors import Invalid
from broker.storage.tables import groups
from tests.journeys.world import ACTOR, ADA, World, partner_file

BRANCHLESS = [
    'department = "finance"',
    'partner = fabrikam or department = "finance"',
    '(partner = fabrikam or level = 3) and department = "finance"',
    'partner = fabrikam and level = 3 or partner = northwind and level = 3 or groups contains "finance"',
]
NAMED = [
    "partner = fabrikam",
    'partner = any and department = "finance"',
    'department = "finance" and (partner = fabrikam or partner = northwind)',
    'partner = fabrikam and level = 3 or partner = "any" and groups contains "finance"',
]


@pytest.mark.parametrize("rule", BRANCHLESS)
def test_fa_16_a_branch_without_a_partner_is_refused(both: World, rule: str) -> None:
    """Refused with what to write, when a group is made and when it is changed; nothing is stored."""
    with pytest.raises(Invalid) as refused:
        both.broker.access.groups.create(ACTOR, "Finance", rule=rule)
    assert (refused.value.reason, "partner = any" in str(refused.value)) == ("group_rule_partner", True)
    both.broker.access.groups.create(ACTOR, "Finance", rule="partner = fabrikam")
    with pytest.raises(Invalid):
        both.broker.access.groups.change(ACTOR, "Finance", rule=rule)
    assert (
        both.broker.access.groups.create(ACTOR, "Sales", partner="fabrikam", rule=rule).partner == "fabrikam"
    )  # --partner names it


@pytest.mark.parametrize("rule", NAMED)
def test_fa_16_every_branch_names_one(rule: str) -> None:
    """A partner, or `any`: whoever wants every partner says so."""
    assert group_rule.names_partner(group_rule.parse(rule))


def with_department(world: World) -> None:
    """Both partners' files map the department, and both say `finance`."""
    for name in ("fabrikam", "northwind"):
        provider = world.partners[name]
        text = partner_file(name.title(), f"{name}.example", provider.issuer, more="claims: {department: department}\n")
        world.write(f"partners/{name}.yaml", text)
        for subject, account in provider.accounts.items():
            provider.accounts[subject] = replace(account, claims={**account.claims, "department": "finance"})


def test_fa_16_a_rule_of_before_lets_nobody_in(both: World) -> None:
    """Stored by an earlier version: closed until it names a partner, and the receipt says why."""
    with_department(both)
    both.broker.access.groups.create(ACTOR, "Finance", rule='partner = fabrikam and department = "finance"')
    with both.broker.core.db.write() as tx:
        tx.execute(groups.update().values(rule='department = "finance"', partner=""))
    nora = both.visitor(both.partners["northwind"].accounts["nora"])
    both.redeem(nora)
    both.clock.advance(1)
    both.sign_in(both.visitor(both.partners["northwind"].accounts["nora"]))
    [said] = both.broker.history.receipts.newest(limit=1)[0].steps[-2]["rules"]
    assert (said["matched"], said["because"]) == (False, ["rule: cannot be read, or a branch names no partner"])


def test_fa_16_any_is_any(both: World) -> None:
    """`partner = any` takes the people of every partner, and no file may be called so."""
    with_department(both)
    both.broker.access.groups.create(ACTOR, "Finance", rule='partner = any and department = "finance"')
    both.redeem(both.visitor(ADA))
    both.clock.advance(1)
    both.sign_in(both.visitor(ADA))
    [said] = both.broker.history.receipts.newest(limit=1)[0].steps[-2]["rules"]
    assert said["matched"] is True
    text = partner_file("Any", "any.example", both.partners["northwind"].issuer)
    (both.home / "config" / "partners" / "any.yaml").write_text(text, "utf-8")
    assert any("stands for every partner" in str(error) for error in both.broker.files.refresh())
