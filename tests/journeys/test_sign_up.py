"""Self-service sign-up, end to end: the proof first, then a person, a request, an answer, and the application."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from broker.domain.access_request import RequestState
from broker.domain.assignment import Principal
from broker.domain.errors import CommandError
from broker.domain.guest import GuestState
from broker.domain.times import DAY, after_last_moment
from broker.services.access_requests.making import ANSWERED_WITHIN
from broker.services.sign_up.sign_ups import REMEMBERED
from broker.storage.directory import assignments
from broker.storage.tables import audit, audit_personal, outbox
from tests.clock import START
from tests.journeys.email_code import GWEN
from tests.journeys.sign_up import DONE, FORM, PENDING, guests, opened, requests, send, sign_up, words
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World, partner_file

STORED = ("logins", "attempts", "mail_codes", "documents", "audit", "audit_personal")  # what every login stores before the proof


def answer(world: World, request_id: str, *, give: bool = True) -> None:
    """The owner's answer."""
    if give:
        world.broker.access_requests.approve(ACTOR, request_id, until=None, words="Welcome.")
    else:
        world.broker.access_requests.refuse(ACTOR, request_id, words="Ask Bo.")


# --- the way in -----------------------------------------------------------------------------------------------------------


def test_from_the_form_to_the_application(both: World) -> None:
    """SU-02: partner's sign-in, request, owner's answer by e-mail, access with role and end; each step is told by page and e-mail."""
    page = opened(both, "role: viewer, lifetime: 90d, attributes: [company, phone]")
    ada, before = both.visitor(ADA), both.counts(*STORED)
    at_partner = send(ada, page, company="Fabrikam", phone="+31 20 123 4567")
    assert both.counts(*STORED) == before, "no person, no request and no e-mail before the proof"
    pending = ada.walk(at_partner)
    assert (pending.name, ada.seen) == (PENDING, ["partner-login", PENDING])
    assert ADA.email in words(pending)
    [guest], [request] = guests(both), requests(both)
    assert (guest["state"], guest["signed_up_at"], guest["redeemed_at"], guest["partner"]) == ("invited", START, None, "fabrikam")
    assert (request.role, request.signed_up, request.attributes) == (
        "viewer",
        True,
        {"company": "Fabrikam", "phone": "+31 20 123 4567"},
    )
    [mine] = both.mails(ADA.email)
    assert "An owner of the application decides" in " ".join(mine.text.split())
    [asked] = both.mails(CLEO.email)
    for told in ("They are not a guest of Contoso yet", "Company: Fabrikam", "Telephone number: +31 20 123 4567", FORM["reason"]):
        assert told in " ".join(asked.text.split()), told
    cleo = both.visitor(CLEO)
    question = cleo.open(re.findall(r"http\S+/question/\S+", asked.text)[0])
    assert "Fabrikam" in words(question)
    assert "If you approve, they become one." in words(question)
    assert (
        cleo.browser.submit(question, {"until": "2027-01-31", "words": "Welcome."}, press="Approve").name == "question-answered"
    )
    letter = both.mails(ADA.email)[0]
    assert letter.subject == "You have access to Ledger at Contoso"
    done = ada.walk(ada.browser.get(pending.url))
    assert done.name == DONE
    assert "You have access to Ledger" in words(done)
    assert f"{both.callback}/ledger" in [href for _, href in done.document.links]
    [guest] = guests(both)
    assert (guest["state"], guest["sponsor"], guest["orphaned_at"]) == ("active", CLEO.email, None)
    with both.broker.core.db.read() as tx:
        [access] = assignments.of(tx, Principal.PERSON, guest["id"])
        names = set(tx.execute(select(audit.c.name)).scalars())
        personal = set(tx.execute(select(audit_personal.c.value)).scalars())
    assert (access.application, access.role, access.ends_at) == ("ledger", "viewer", after_last_moment("2027-01-31"))
    assert {"guest.signed_up", "access_request.made", "access_request.approved", "sign_in.allowed"} <= names
    assert {FORM["reason"], "Fabrikam", "Welcome."} <= personal


def test_at_once_by_a_code(both: World) -> None:
    """Without a partner a code proves the address; nobody has to approve; role and end come from the file."""
    page = opened(both, "role: viewer, lifetime: 30d, approval: none")
    gwen = both.mailbox(GWEN)
    done = sign_up(gwen, page, name="Gwen")
    assert (done.name, gwen.seen) == (DONE, ["email-code", DONE])
    [guest], [request] = guests(both), requests(both, RequestState.APPROVED)
    assert (guest["state"], guest["name"], guest["partner"], guest["sponsor"]) == ("active", "Gwen", "email", CLEO.email)
    assert (request.ends_at, request.decided_by) == (START + 30 * DAY, "system")
    assert both.mails(CLEO.email) == []
    again = both.mailbox(GWEN)
    assert sign_up(again, page).name == DONE, "a second sign-up of a person with access leads there too"
    assert len(requests(both, RequestState.APPROVED)) == 1
    receipt = both.broker.history.receipts.newest(email=GWEN)[0]
    assert (receipt.application, receipt.outcome.value) == ("ledger", "allowed")


def test_an_open_application_takes_a_person_once(world: World) -> None:
    """Also where no assignment is required: a new person is admitted, and consents at the application as everybody does."""
    text = (world.home / "config/applications/payroll.yaml").read_text("utf-8")
    world.write(
        "applications/payroll.yaml", text + f"owners: ['{CLEO.email}']\nself_service: {{sign_up: true, approval: none}}\n"
    )
    ada = world.visitor(ADA)
    assert sign_up(ada, f"{world.url}/sign-up/payroll").name == DONE
    tokens = world.sign_in(ada)
    assert tokens.claims["email"] == ADA.email
    assert "review-permissions" in ada.seen


def test_an_invitation_in_hand_is_redeemed(world: World) -> None:
    """Who was invited already accepts that invitation on the way, by code too; the code's identity is the guest's own id."""
    page = opened(world, "role: viewer, approval: none")
    world.invite(GWEN, application=None, redirect_url=None)
    gwen = world.mailbox(GWEN)
    assert sign_up(gwen, page).name == DONE
    assert gwen.seen == ["email-code", "review-permissions", DONE]
    assert sign_up(world.mailbox(GWEN), page).name == DONE


def test_a_member_has_no_need(world: World) -> None:
    """The company's own people join as at every sign-in; they ask for the role like a guest."""
    page = opened(world, "approval: none")
    assert sign_up(world.visitor(CLEO), page).name == DONE
    assert guests(world) == []


# --- who asks again -------------------------------------------------------------------------------------------------------


def test_a_second_request_shows_the_first(both: World) -> None:
    """One request, one question; the answer is shown to everybody who comes back as this person; after a while they can ask again."""
    page = opened(both)
    first = sign_up(both.visitor(ADA), page)
    second = sign_up(both.visitor(ADA), page, reason="Something else")
    assert (first.name, second.name) == (PENDING, PENDING)
    [request] = requests(both)
    assert request.reason == FORM["reason"]
    assert len(both.mails(CLEO.email)) == 1
    assert len(both.mails(ADA.email)) == 1
    answer(both, request.id, give=False)
    assert both.mails(ADA.email)[0].subject == "No access to Ledger at Contoso"
    third = sign_up(both.visitor(ADA), page)
    assert third.name == DONE
    assert "was refused" in words(third)
    assert "Ask Bo." in words(third)
    assert requests(both) == []
    both.clock.advance(ANSWERED_WITHIN)
    assert sign_up(both.visitor(ADA), page).name == PENDING
    both.clock.advance(ANSWERED_WITHIN)
    assert both.broker.operations.housekeeping.run()["requests_expired"] == 1
    assert both.mails(ADA.email)[0].subject == "Nobody answered your request for Ledger at Contoso"
    assert f"{both.url}/sign-up/ledger" in both.mails(ADA.email)[0].text
    assert [one["state"] for one in guests(both)] == ["invited"]
    both.clock.advance(REMEMBERED)
    assert both.broker.operations.housekeeping.run()["sign_ups_over"] == 1
    assert [(one["state"], one["email"]) for one in guests(both)] == [("deleted", None)]


def test_waiting_opens_nothing(world: World) -> None:
    """SU-07, AD-01: a person whose request waits signs in nowhere, and no session begins."""
    ada = world.visitor(ADA)
    sign_up(ada, opened(world))
    refused = world.arrive(ada)
    assert (refused.name, refused.error) == ("error", "not_invited")
    assert ada.browser.get(f"{world.url}/apps").name != "apps"


@pytest.mark.parametrize("act", ["block", "delete"])
def test_stopped_while_waiting(world: World, act: str) -> None:
    """SU-07, SC-06: an approval after a block or a deletion gives nothing."""
    sign_up(world.visitor(ADA), opened(world))
    [request] = requests(world)
    getattr(world.broker.guests.lifecycle, act)(ACTOR, ADA.email)
    with pytest.raises(CommandError, match=r"no access now|no request"):
        answer(world, request.id)
    assert all(one["state"] != GuestState.ACTIVE.value for one in guests(world))


# --- the answers before and after the proof ---------------------------------------------------------------------------------


def _prepared(world: World) -> dict[str, str]:
    """Addresses of four people without a partner: known, blocked, of a denied domain, and new."""
    for address in ("known@mailbox.example", "blocked@mailbox.example"):
        world.redeem(world.mailbox(address), world.invite(address))
    world.broker.guests.lifecycle.block(ACTOR, "blocked@mailbox.example")
    text = (world.home / "config/broker.yaml").read_text("utf-8")
    world.write("broker.yaml", text + "invitations: {deny_domains: [denied.example]}\n")
    return {
        "known": "known@mailbox.example",
        "blocked": "blocked@mailbox.example",
        "denied": "someone@denied.example",
        "new": "new@mailbox.example",
    }


def test_no_answer_before_the_proof_tells_who_is_known(world: World) -> None:
    """SU-01, LP-04: the same redirects, page, e-mail and rows for a guest, a blocked one, a refused domain and a new person."""
    page, seen = opened(world), set()
    for address in _prepared(world).values():
        who, before = world.mailbox(address), world.counts(*STORED, "outbox")
        asked = send(who, page)
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9_-]{24,}", "?", asked.text.replace(address, "ADDRESS"))
        [letter] = [one for one in world.mails(address) if one.subject[:8].isdigit()][:1]
        seen.add((asked.status, asked.name, text, re.sub(r"[0-9]{8}", "CODE", letter.subject + letter.text)))
        assert world.counts(*STORED, "outbox") == before
    with world.broker.core.db.read() as tx:
        codes = (
            tx.execute(select(outbox.c.person_id).where(outbox.c.kind == "code", outbox.c.recipient.like("%@%"))).scalars().all()
        )
    assert codes[-4:] == [None] * 4
    assert len(seen) == 1


def test_each_is_told_after_the_proof(world: World) -> None:
    """Then everybody reads plainly how it stands."""
    page, who = opened(world), _prepared(world)
    ends = {name: sign_up(world.mailbox(address), page) for name, address in who.items()}
    assert (ends["known"].name, ends["new"].name) == (PENDING, PENDING)
    assert (ends["blocked"].error, ends["denied"].error) == ("guest_blocked", "domain_denied")
    assert world.receipt(ends["denied"])["application"] == "ledger"


def test_an_address_that_signs_in_another_way(world: World) -> None:
    """SU-03, AL-07: an identity takes over nobody: the address of a guest with another identity is refused after the proof."""
    page = opened(world)
    world.redeem(world.visitor(ADA))
    world.partners["fabrikam"].accounts["bo"] = replace(BO, email=ADA.email)
    refused = sign_up(world.visitor(BO), page)
    assert refused.error == "not_invited"
    assert "already an account" in words(refused)
    assert world.person(ADA.email).name == ADA.name


def test_an_address_that_the_partner_does_not_confirm(world: World) -> None:
    """SU-02, HO-14: a sign-up stands on a verified address only."""
    page = opened(world)
    world.write(
        "partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", world.partners["fabrikam"].issuer, trust=False)
    )
    refused = sign_up(world.visitor(ADA), page)
    assert "hasn't confirmed your e-mail address" in words(refused)
    assert guests(world) == []


@pytest.mark.parametrize(("proof", "address"), [("[partner]", GWEN), ("[email_code]", ADA.email)])
def test_the_proofs_that_the_file_allows(world: World, proof: str, address: str) -> None:
    """An address that cannot be proven leads to the choice of an organization; no code is sent, and nobody is sent out."""
    page = opened(world, f"proof: {proof}")
    asked = send(world.mailbox(address), page)
    assert asked.name == "home-organization"
    assert world.mails(address) == []


def test_a_proof_that_the_file_does_not_allow(world: World) -> None:
    """SU-08: somebody who signs in at a partner all the same is refused."""
    page = opened(world, "proof: [email_code]")
    ada = world.visitor(ADA)
    ada.halt_at = ("home-organization",)
    asked = sign_up(ada, page)
    chosen = ada.browser.submit(ada.browser.follow(asked, "/choose"), press="Fabrikam")
    refused = ada.walk(chosen)
    assert "can't sign up in this way" in words(refused)
