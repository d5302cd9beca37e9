"""Assignments at work: from-until, roles, whom to ask, and an end that counts from the next request on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broker.demo.browser import Browser
from broker.demo.person import DemoPerson
from broker.demo.relying import RelyingParty, SignInFailed
from broker.domain.assignment import Principal
from broker.domain.errors import Invalid
from broker.domain.times import after_last_moment, first_moment
from broker.storage.directory import assignments
from tests.clock import START
from tests.journeys.world import ACTOR, ADA, SECRET, World

DAY = 86_400
LEDGER = (
    "name: Ledger\nclient_secret: ${{env:SECRET}}\nredirect_uris: ['{0}/callback']\nlaunch_url: {0}/ledger\n"
    "assignment_required: true\nroles: [viewer, approver]\nscopes: [openid, email, roles, offline_access]\n{1}"
)


@pytest.fixture
def company(both: World) -> World:
    """Ledger lets in only whom it was opened for."""
    both.write("applications/ledger.yaml", LEDGER.format(both.callback, ""))
    return both


def ledger(world: World) -> RelyingParty:
    """The application."""
    return RelyingParty(
        world.url,
        "ledger",
        f"{world.callback}/callback",
        client_secret=SECRET,
        scope="openid email roles offline_access",
        clock=world.clock,
    )


def ada_in(world: World) -> DemoPerson:
    """Ada, invited without an application, and redeemed."""
    ada = world.visitor(ADA)
    world.redeem(ada, world.invite(ADA.email, application=None))
    return ada


def test_from_until(company: World) -> None:
    """PO-08, SC-06, HT-12: not a second before its start, not at its end; then refresh, userinfo and session say no."""
    give = company.broker.access.assignments
    ada = ada_in(company)
    now = company.clock()
    give.assign(ACTOR, "ledger", ADA.email, role="viewer", starts_at=now + 60, ends_at=now + 300)
    company.clock.now = now + 59
    assert company.arrive(ada, ledger(company)).error == "not_assigned"
    company.clock.now = now + 60
    tokens = company.sign_in(ada, ledger(company))
    assert tokens.claims["roles"] == ["viewer"]
    company.clock.now = now + 299
    assert ledger(company).userinfo(tokens)["roles"] == ["viewer"]
    tokens = ledger(company).refresh(tokens.refresh_token or "", tokens)
    company.clock.now = now + 300
    with pytest.raises(SignInFailed, match="invalid_token"):
        ledger(company).userinfo(tokens)
    with pytest.raises(SignInFailed, match="invalid_grant"):
        ledger(company).refresh(tokens.refresh_token or "")
    assert company.arrive(ada, ledger(company)).error == "not_assigned"
    assert "Ledger" not in ada.browser.get(f"{company.url}/apps").text


def test_taken_back(company: World) -> None:
    """SC-06: by the next request; tokens of before stay dead when the guest is assigned anew."""
    give = company.broker.access.assignments
    ada = ada_in(company)
    give.assign(ACTOR, "ledger", ADA.email)
    tokens = company.sign_in(ada, ledger(company))
    assert "Ledger" in ada.browser.get(f"{company.url}/apps").text
    assert [one.role for one in give.unassign(ACTOR, "ledger", ADA.email)] == [""]
    with pytest.raises(SignInFailed, match="invalid_token"):
        ledger(company).userinfo(tokens)
    give.assign(ACTOR, "ledger", ADA.email)
    with pytest.raises(SignInFailed, match="invalid_grant"):
        ledger(company).refresh(tokens.refresh_token or "")
    assert company.sign_in(ada, ledger(company)).claims["sub"]


def test_one_of_two_ways_in_is_enough(company: World) -> None:
    """Who loses one assignment and holds another keeps his sign-ins; the role that went is gone at once."""
    broker = company.broker
    ada = ada_in(company)
    broker.access.groups.create(ACTOR, "Auditors")
    broker.access.groups.add_members(ACTOR, "Auditors", [ADA.email])
    broker.access.assignments.assign(ACTOR, "ledger", "Auditors", role="viewer")
    broker.access.assignments.assign(ACTOR, "ledger", ADA.email, role="approver")
    tokens = company.sign_in(ada, ledger(company))
    assert tokens.claims["roles"] == ["approver", "viewer"]
    broker.access.assignments.unassign(ACTOR, "ledger", ADA.email)
    assert ledger(company).userinfo(tokens)["roles"] == ["viewer"]
    broker.access.assignments.unassign(ACTOR, "ledger", "Auditors", role="viewer")
    with pytest.raises(SignInFailed, match="invalid_token"):
        ledger(company).userinfo(tokens)


def test_no_policy_never_means_access(company: World) -> None:
    """PO-02: with no policy at all a guest who is not assigned stays out; the receipt names the gate."""
    ada = ada_in(company)
    page = company.arrive(ada, ledger(company))
    assert (page.status, page.error) == (403, "not_assigned")
    receipt = company.receipt(page)
    assert (receipt["outcome"], receipt["error"], receipt["reason"]) == ("blocked", "not_assigned", "not_assigned")
    assert receipt["steps"][-1]["gates"][-1]["gate"] == "access_is_assigned"


def test_whom_to_ask(company: World) -> None:
    """The page names the application's owners, the company's help where there are none, and nobody to a stranger."""
    ada = ada_in(company)
    page = company.arrive(ada, ledger(company))
    assert "mailto:it@contoso.example" in page.text
    assert "Ask for access" not in page.text
    company.write("applications/ledger.yaml", LEDGER.format(company.callback, "owners: [bob@contoso.example]\n"))
    page = company.arrive(ada, ledger(company))
    assert (
        f"mailto:bob%40contoso.example?subject={page.request_id}" in page.text
        or f"mailto:bob@contoso.example?subject={page.request_id}" in page.text
    )
    assert "Ask for access" in page.text  # help is offered beside it
    assert "mailto:it@contoso.example" in page.text
    stranger = DemoPerson("bo@fabrikam.example", "bo", Browser(clock=company.clock))
    page = company.arrive(stranger, ledger(company))
    assert page.error == "not_invited"
    assert "bob@contoso.example" not in page.text


def test_silent_answer(company: World) -> None:
    """HP-47: under prompt=none the application is told access_denied, nobody is shown a page."""
    ada = ada_in(company)
    page = company.arrive(ada, ledger(company), prompt="none")
    assert page.query["error"] == "access_denied"


def test_an_invitation_opens_what_had_ended(company: World) -> None:
    """Whoever is invited to an application again, after the assignment's end, gets in again; a longer one is not cut."""
    ada = ada_in(company)
    company.broker.access.assignments.assign(ACTOR, "ledger", ADA.email, ends_at=company.clock() + 60)
    company.clock.advance(60)
    assert company.arrive(ada, ledger(company)).error == "not_assigned"
    person = company.broker.guests.directory.show(ADA.email).person
    with company.broker.core.db.write() as tx:
        assert assignments.open_for(tx, "another", person.id, "ledger", "", company.clock())
    company.clock.advance(1)
    assert company.sign_in(ada, ledger(company)).claims["sub"]
    with company.broker.core.db.read() as tx:
        assert [one.ends_at for one in assignments.of(tx, Principal.PERSON, person.id, "ledger")] == [None]


def test_an_invitation_opens_no_more_than_staff_gave(company: World) -> None:
    """SC-06: a guest who was given a role until a day, and redeems the invitation after that, gets no second access without an end."""
    invited = company.invite(ADA.email, application="ledger")
    company.broker.access.assignments.assign(ACTOR, "ledger", ADA.email, role="viewer", ends_at=company.clock() + 600)
    ada = company.visitor(ADA)
    company.redeem(ada, invited)
    assert company.sign_in(ada, ledger(company)).claims["roles"] == ["viewer"]
    company.clock.advance(600)
    assert company.arrive(ada, ledger(company)).error == "not_assigned"


def test_members_of_staff_need_none(company: World) -> None:
    """Staff get in without an assignment; one may still give them a role."""
    cleo = DemoPerson("cleo@contoso.example", "cleo", Browser(clock=company.clock))
    assert "roles" not in company.sign_in(cleo, ledger(company)).claims
    company.broker.access.assignments.assign(ACTOR, "ledger", "cleo@contoso.example", role="approver")
    company.clock.advance(1)
    assert company.sign_in(cleo, ledger(company)).claims["roles"] == ["approver"]


@pytest.mark.parametrize(
    ("text", "begins", "over"),
    [
        ("2028-02-29", "2028-02-29T00:00:00", "2028-03-01T00:00:00"),  # leap day
        ("2027-03-28", "2027-03-28T00:00:00", "2027-03-29T00:00:00"),  # clocks change in Europe: UTC has 24 hours
        ("2027-12-31", "2027-12-31T00:00:00", "2028-01-01T00:00:00"),
        ("2027-03-28T02:30:00+02:00", "2027-03-28T00:30:00", "2027-03-28T00:30:00"),
        ("2027-01-31T17:00:00Z", "2027-01-31T17:00:00", "2027-01-31T17:00:00"),
    ],
)
def test_days_are_days_of_utc(text: str, begins: str, over: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-08: a last day counts whole, a time is exact; no zone of the machine, no change of clocks."""
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    for found, expected in ((first_moment(text), begins), (after_last_moment(text), over)):
        assert datetime.fromtimestamp(found, UTC) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-02-29", "31-01-2027", "2027-01-31T17:00:00", "2027-13-01", "9999-12-31T"])
def test_what_is_no_date(text: str) -> None:
    """One clear line."""
    with pytest.raises(Invalid, match=r"is no date|which zone"):
        first_moment(text)


def test_the_end_of_time_is_no_date() -> None:
    """The day after the last one does not exist."""
    with pytest.raises(Invalid):
        after_last_moment("9999-12-31")
    assert first_moment("2027-01-15") == START - START % DAY
