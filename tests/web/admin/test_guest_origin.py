"""`/admin/guests/ID` says how a guest came."""

from __future__ import annotations

from broker.domain.access_request import AccessRequest
from broker.domain.audit import Actor
from broker.domain.ids import new_id
from broker.storage.directory import access_requests, people
from broker.storage.login import invitations
from tests import factories
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company, person_id

ADA = person_id("ada")


def page(company: Company, role: str) -> str:
    """Ada's page, without the marks that keep a name's direction to itself."""
    return company.get(role, f"/admin/guests/{ADA}").text.replace("\u2068", "").replace("\u2069", "")


def test_invited(company: Company) -> None:
    """By whom, and when; of a guest without a stored invitation the page says nothing."""
    assert "How they came" not in page(company, table.ADMINISTRATOR)
    with company.broker.core.db.write() as tx:
        invitations.add(tx, factories.invitation(ADA, inviter="Bob <b>Berger</b>"), "hash")
    text = page(company, table.ADMINISTRATOR)
    assert "Invited by Bob &lt;b&gt;Berger&lt;/b&gt; on " in text
    assert "Signed up" not in text


def test_an_invitation_to_something_else(company: Company) -> None:
    """AD-01: who owns something else reads that and when the guest was invited, not what for."""
    with company.broker.core.db.write() as tx:
        invitations.add(tx, factories.invitation(ADA, application="travel"), "hash")
    show = company.broker.guests.staff_view.show
    seen = {
        role: show(Actor.person(person_id(name)), ADA).invitation
        for role, name in {table.ADMINISTRATOR: "alice", table.OWNER: "bob"}.items()
    }
    assert {role: one.application if one else "" for role, one in seen.items()} == {
        table.ADMINISTRATOR: "travel",
        table.OWNER: None,
    }


def test_signed_up_for_an_application(company: Company) -> None:
    """The first request of the sign-up names it; AD-01: an owner of something else reads only the day."""
    now = company.clock()
    with company.broker.core.db.write() as tx:
        people.change(tx, ADA, {"signed_up_at": now})
        for at, application in ((now, "payroll"), (now + 60, "travel")):
            wish = AccessRequest(
                id=new_id(), person_id=ADA, application=application, signed_up=True, created_at=at, expires_at=at + 86_400
            )
            access_requests.add(tx, wish)
    whole = page(company, table.ADMINISTRATOR)
    assert "Signed up on " in whole
    assert f" for {company.broker.core.settings().applications['payroll'].name}" in whole.partition("How they came")[2][:200]
    assert "Invited by" not in whole
    assert " for " in page(company, table.OWNER).partition("How they came")[2][:200]
    other = page(company, table.GROUP_OWNER).partition("How they came")[2][:200].partition("</dd>")[0]
    assert "Signed up on " in other
    assert " for " not in other
