"""FA-17, FD-17: an invitation leads to the company's own addresses only; whose they are says which application it is for."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from broker.domain.errors import Forbidden, Invalid
from broker.services.invitations.invitations import InvitationRequest
from broker.storage.tables import assignments, consents, invitations
from tests.journeys.staff import member, owners
from tests.journeys.world import ADA, CLEO, World

FOREIGN = [
    "https://evil.example/",
    "https://login.contoso.example.evil.example/",
    "https://payroll.contoso.example@evil.example/",
    "https://evil.example\\@payroll.contoso.example/",
    "//evil.example/",
    "https:///evil.example",
    "javascript:alert(1)",
    "https://[::1",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_fa_17_a_foreign_address_is_refused(both: World, url: str) -> None:
    """The attack: exit status 0, and the company's own mail leads to the attacker. Now refused, and nothing is written."""
    before = both.counts()
    with pytest.raises(Invalid) as refused:
        both.invite(redirect_url=url, application=None)
    assert refused.value.reason in ("redirect_url", "redirect_url_foreign")
    assert both.counts() == before


def test_fa_17_another_port_is_another_origin(world: World) -> None:
    """Scheme, host and port are compared, not the host alone."""
    with pytest.raises(Invalid) as refused:
        world.invite(redirect_url="http://127.0.0.5:1/home")
    assert "invitations.redirect_origins" in str(refused.value)


def test_fa_17_an_origin_that_an_administrator_lists(both: World) -> None:
    """`invitations.redirect_origins` opens it; taken off the list, an invitation that is under way leads to our own pages."""
    path = both.home / "config" / "broker.yaml"
    text = path.read_text("utf-8")
    both.write("broker.yaml", text + "invitations: {redirect_origins: ['https://intranet.contoso.example']}\n")
    invited = both.invite(redirect_url="https://intranet.contoso.example/welcome?x=1", application=None)
    assert invited.invitation.redirect_url == "https://intranet.contoso.example/welcome?x=1"
    assert both.invite("bo@fabrikam.example", redirect_url=f"{both.url}/apps", application=None).redeem_url
    both.write("broker.yaml", text)
    page = both.visitor().open(invited.redeem_url, stop_at="https://intranet.contoso.example")
    assert page.url.startswith(both.url)


@pytest.mark.parametrize(
    "wrong",
    ["https://a.example/path", "http://a.example", "https://*.example", "https://a.example?x", "a.example", "https://A.example"],
)
def test_fa_17_what_is_an_origin(world: World, wrong: str) -> None:
    """A path, a wildcard or http on a host that is not loopback is an error that says what to write."""
    path = world.home / "config" / "broker.yaml"
    path.write_text(path.read_text("utf-8") + f"invitations: {{redirect_origins: ['{wrong}']}}\n", "utf-8")
    [error] = world.broker.files.refresh()
    assert "redirect_origins" in str(error)
    assert "write" in str(error)


def test_fd_17_consent_is_asked_once(both: World) -> None:
    """An address of an application's own says which application it is: consent and assignment come with the redemption."""
    invited = both.invite(redirect_url=f"{both.callback}/home", application=None)
    assert invited.invitation.application == "payroll"
    who = both.visitor()
    both.redeem(who, invited)
    seen = len([name for name in who.seen if name == "review-permissions"])
    both.sign_in(who)
    assert (seen, "review-permissions" in who.seen) == (1, False)
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(consents.c.application)).scalars().all() == ["payroll"]


@pytest.mark.parametrize(
    ("path", "found"),
    [("/home", "payroll"), ("/travel/2027?x", "travel"), ("/travel", "travel"), ("/homepage", None), ("", None)],
)
def test_fd_17_the_nearest_application(world: World, path: str, found: str | None) -> None:
    """Two applications on one host: the one whose launch_url or redirect URI is nearest, and none where it is not clear."""
    assert world.invite(redirect_url=f"{world.callback}{path}", application=None).invitation.application == found


def test_fd_17_the_right_is_that_of_the_application(both: World) -> None:
    """IN-11: an owner invites to the address of their own application, and of no other."""
    owners(both, "payroll", CLEO.email)
    cleo = member(both)
    invite = both.broker.invitations.invitations.invite
    assert (
        invite(cleo, InvitationRequest(email=ADA.email, redirect_url=f"{both.callback}/home")).invitation.application == "payroll"
    )
    with pytest.raises(Forbidden):
        invite(cleo, InvitationRequest(email=ADA.email, redirect_url=f"{both.callback}/travel"))
    with both.broker.core.db.read() as tx:
        assert len(tx.execute(select(invitations.c.id)).all()) == 1


def test_fd_17_an_address_gives_no_access(both: World) -> None:
    """Where access wants an assignment, staff name the application: an address that happens to lie below it assigns nobody."""
    travel = (both.home / "config/applications/travel.yaml").read_text("utf-8")
    both.write("applications/travel.yaml", travel + "assignment_required: true\n")
    invited = both.invite(redirect_url=f"{both.callback}/travel/welcome", application=None)
    assert invited.invitation.application is None
    who = both.visitor()
    both.redeem(who, invited)
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(assignments.c.application)).all() == []
    assert both.arrive(who, both.travel).error == "not_assigned"


@pytest.mark.parametrize("path", ["home/../travel", "home/%2e%2e/travel", "home/.%2E/travel", "./home"])
def test_fd_17_one_spelling_of_a_path(world: World, path: str) -> None:
    """A browser resolves dot segments: the application that we would infer is not the one that it goes to."""
    with pytest.raises(Invalid):
        world.invite(redirect_url=f"{world.callback}/{path}", application=None)
