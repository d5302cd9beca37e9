"""A sign-in in several tabs, with the back button, a second click, another account."""

from __future__ import annotations

from tests.journeys.world import ADA, BO, World

# --- tabs, Back, double clicks ---------------------------------------------------------------------------------------------


def test_many_tabs(world: World) -> None:
    """HW-13: twenty logins of one browser live side by side; the twenty-first ends the oldest."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    pages = []
    for _ in range(21):
        pages.append(ada.browser.get(world.request()[0]))
        world.clock.advance(1)
    assert ada.browser.get(pages[0].url).error == "login_expired"
    first = ada.browser.submit(pages[1], {"email": ADA.email}, press="Continue")
    second = ada.browser.submit(pages[2], {"email": ADA.email}, press="Continue")
    for page in (second, first):
        assert ada.walk(page, stop_at=world.callback).location is not None


def test_back_from_the_partner(world: World) -> None:
    """Back, reload and a second start at the partner: the newest request counts, the person gets in."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    login = ada.browser.get(world.request()[0])
    first = ada.browser.submit(login, {"email": ADA.email}, press="Continue")
    again = ada.browser.get(login.url)  # Back, then reload: the dispatcher goes on where it stood
    assert again.name == "partner-login"
    assert ada.walk(again, stop_at=world.callback).location is not None
    stale = ada.browser.submit(first, press=ADA.subject, stop_at=world.callback)
    assert stale.error == "login_expired"


def test_double_click_on_accept(world: World) -> None:
    """The second press of "Accept" does no harm."""
    invited = world.invite()
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = ada.open(invited.redeem_url)
    first = ada.browser.proceed(page, stop_at=f"{world.url}/signin")
    second = ada.browser.proceed(page, stop_at=world.callback)
    assert first.status == 303
    assert second.location == f"{world.callback}/home"


def test_finished_login_offers_the_application(world: World) -> None:
    """Back after the end: the page offers the way to the application, not a dead end."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    login = ada.browser.get(world.request()[0], stop_at=world.url).location or ""
    assert "code" in ada.browser.get(login, stop_at=world.callback).query
    page = ada.browser.get(login)
    assert page.error == "login_expired"
    assert f"{world.callback}/home" in page.text


def test_expired_login_starts_again(world: World) -> None:
    """A login that ran out restarts the same request and returns to the application."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    url, pending = world.request()
    page = ada.browser.get(url)
    world.clock.advance(3600)
    page = ada.browser.get(page.url)
    assert page.error == "login_expired"
    page = ada.walk(ada.browser.get(page.link("/again")), stop_at=world.callback)
    assert world.party.complete(page.query, pending).claims["email"] == ADA.email


def test_wrong_account(world: World) -> None:
    """Signed in but not invited: "use another account" makes the partner ask again."""
    world.redeem(world.visitor(ADA))
    bo = world.visitor(BO)
    page = world.arrive(bo)
    assert page.error == "not_invited"
    assert "mailto:it@contoso.example" in page.text
    ada = world.visitor(ADA)
    ada.browser = bo.browser
    page = ada.walk(ada.browser.proceed(page), stop_at=world.callback)
    assert page.location is not None
    assert "partner-login" in ada.seen
