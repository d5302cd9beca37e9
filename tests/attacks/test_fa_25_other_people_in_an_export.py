"""FA-25: a guest's export holds the guest's own data: nobody else's identity or address, and no words of staff."""

from __future__ import annotations

import json

from tests.journeys.staff import administrators, member
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World

ALICE = "alice@contoso.example"


def test_fa_25_nobody_else_is_in_it(both: World) -> None:
    """Somebody else came with the invitation, a sponsor was asked, an administrator blocked with a reason, a mail went to staff."""
    administrators(both, CLEO.email)
    cleo = member(both)
    invited = both.invite(sponsor=ALICE)
    stranger = both.visitor(BO)
    both.refuse_mailbox(stranger, both.redeem(stranger, invited))
    both.redeem(both.visitor(), invited)
    both.broker.guests.lifecycle.block(cleo, ADA.email, reason="suspected of leaking offers")
    both.broker.guests.lifecycle.unblock(cleo, ADA.email, reason="cleared by legal")
    both.broker.guests.sponsors.hand_over(cleo, ADA.email, CLEO.email, reason="Alice is on leave")
    both.broker.messages.outbox.deliver()
    found = both.broker.guests.directory.export(ACTOR, ADA.email)
    text = json.dumps(found)
    for other in (
        BO.email,
        BO.subject + '"',
        BO.name,
        ALICE,
        CLEO.email,
        cleo.id,
        "leaking offers",
        "cleared by legal",
        "on leave",
    ):
        assert other not in text, other
    assert {event["name"] for event in found["audit"]} >= {"invitation.attempted", "guest.blocked", "guest.sponsor_changed"}
    assert {mail["recipient"] for mail in found["mails"]} <= {ADA.email}
    assert found["identities"][0]["asserted_email"] == ADA.email
