"""FA-07: an address of the members' own partner is no guest's: refused when invited and when redeemed; members first."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from broker.domain.errors import Invalid
from broker.domain.guest import GuestState, PersonKind
from broker.services.invitations.invitations import IssuedInvitation
from broker.services.invitations.rebinding import RebindingTerms
from broker.storage.tables import audit, invitations, people
from tests.journeys.world import ACTOR, ADA, CLEO, World, partner_file


def invited_before(world: World) -> IssuedInvitation:
    """Cleo was invited before the company's own partner spoke for her domain."""
    issuer = world.partners["staff"].issuer
    world.write("partners/staff.yaml", partner_file("Staff", "elsewhere.example", issuer, members=True))
    invited = world.invite(CLEO.email)
    world.write("partners/staff.yaml", partner_file("Staff", "contoso.example", issuer, members=True))
    return invited


def test_fa_07_refused_at_invitation(both: World) -> None:
    """The attack: accepted, and the member is a guest for good. Now one clear refusal, and nothing is written."""
    before = both.counts()
    with pytest.raises(Invalid) as refused:
        both.invite(CLEO.email)
    assert (refused.value.reason, "own staff" in str(refused.value)) == ("is_member", True)
    assert both.counts() == before


def test_fa_07_refused_at_redemption(both: World) -> None:
    """An invitation from before the domain was theirs: its link is refused, for staff and for anybody who holds it."""
    invited = invited_before(both)
    assert both.visitor(CLEO).open(invited.redeem_url).error == "domain_denied"
    assert both.visitor(ADA).open(invited.redeem_url).error == "domain_denied"


def test_fa_07_members_first(both: World) -> None:
    """The same person signs in: a member, with the id that the invitation made, and the link is void."""
    invited = invited_before(both)
    claims = both.sign_in(both.visitor(CLEO)).claims
    assert claims["email"] == CLEO.email
    with both.broker.core.db.read() as tx:
        [row] = tx.execute(select(people).where(people.c.email == CLEO.email)).all()
        [status] = tx.execute(select(invitations.c.status)).scalars()
        [said] = tx.execute(select(audit.c.data).where(audit.c.name == "member.joined")).scalars()
    assert (row.id, row.kind, row.state) == (invited.invitation.guest_id, PersonKind.MEMBER.value, GuestState.ACTIVE.value)
    assert (row.sponsor, row.orphaned_at, status, said["was_invited"]) == (None, None, "revoked", True)


def test_fa_07_a_login_that_is_under_way(both: World) -> None:
    """The link was opened before the file changed: at the page's button the files of now decide."""
    issuer = both.partners["staff"].issuer
    both.write("partners/staff.yaml", partner_file("Staff", "elsewhere.example", issuer, members=True))
    invited = both.invite(CLEO.email)
    who = both.visitor(CLEO)
    who.halt_at = ("email-code",)
    both.broker.messages.outbox.deliver()
    page = who.open(invited.redeem_url)
    assert page.name == "email-code"
    both.write("partners/staff.yaml", partner_file("Staff", "contoso.example", issuer, members=True))
    who.browser.submit(page, {"code": both.code(CLEO.email)})
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(people.c.state).where(people.c.email == CLEO.email)).scalar_one() == GuestState.INVITED.value


def test_fa_07_no_guest_moves_to_such_an_address(both: World) -> None:
    """A reset with a new address is an invitation, too."""
    both.redeem(both.visitor())
    with pytest.raises(Invalid) as refused:
        both.broker.invitations.rebinding.reset(ACTOR, ADA.email, RebindingTerms(), email="ada@contoso.example")
    assert refused.value.reason == "domain_denied"
