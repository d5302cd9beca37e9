"""/apps/ask: a person asks for an application that is closed to them, sees how the request stands, and takes it back."""

from __future__ import annotations

import pytest

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from tests.journeys.world import ADA, BO, CLEO, World

LEDGER = (
    "name: Ledger\nredirect_uris: ['{0}/callback']\nlaunch_url: {0}/ledger\nassignment_required: true\nowners: [{1}]\n"
    "self_service: {{request: true, lifetime: 90d{2}}}\n"
)


def words(page: BrowserPage) -> str:
    """What the page says."""
    return " ".join(page.document.text.split())


def opened(world: World, more: str = "") -> DemoPerson:
    """Ada, signed in at a company where Ledger is closed to her, and Cleo owns it."""
    world.write("applications/ledger.yaml", LEDGER.format(world.callback, CLEO.email, more))
    world.sign_in(world.visitor(CLEO))
    ada = world.visitor(ADA)
    world.redeem(ada)
    return ada


def panel(world: World, who: DemoPerson) -> BrowserPage:
    """The access panel."""
    page = who.browser.get(f"{world.url}/apps")
    assert page.name == "apps"
    return page


def test_ask_and_take_back(both: World) -> None:
    """The request reaches the owner by mail with reason and day; until the answer the page shows it, and it can be taken back."""
    ada = opened(both)
    form = ada.browser.follow(panel(both, ada), "/apps/ask/ledger")
    assert form.name == "apps-ask"
    page = ada.browser.submit(form, {"reason": "Year-end audit", "until": "2027-02-28"})
    assert "Your request was sent." in words(page)
    assert "You asked on" in words(page)
    assert "/apps/ask/ledger" not in page.text
    [mail] = [one for one in both.mails(CLEO.email) if "Year-end audit" in one.text]
    assert "Ledger" in mail.text
    again = ada.browser.submit(form, {"reason": "Once more", "until": ""})
    assert again.name == "apps"
    assert len(both.mails(CLEO.email)) == 1
    page = ada.browser.submit(again, press="Take back")
    assert "You took your request back." in words(page)
    assert "/apps/ask/ledger" in page.text


def test_at_once(world: World) -> None:
    """Where nobody has to approve, the application opens at once."""
    ada = opened(world, ", approval: none")
    assert "You get access at once." in words(panel(world, ada))
    page = ada.browser.submit(ada.browser.follow(panel(world, ada), "/apps/ask/ledger"), {"reason": "Audit", "until": ""})
    assert "You have access now." in words(page)
    assert f"{world.callback}/ledger" in [href for _, href in page.document.links]
    assert "You may ask for" not in words(page)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": " ", "until": ""}, "Write one sentence"),
        ({"reason": "x" * 2001, "until": ""}, "Write at most"),
        ({"reason": "Audit", "until": "soon"}, "Choose a day, such as"),
        ({"reason": "Audit", "until": "2001-01-01"}, "lies in the past"),
        ({"reason": "Audit", "until": "2099-01-01"}, "Choose an earlier day"),
    ],
)
def test_a_wrong_form_comes_back_filled_in(world: World, fields: dict[str, str], said: str) -> None:
    """The error stands at its field and in the summary, the title says so, nothing typed is lost, nobody gets a mail."""
    ada = opened(world)
    page = ada.browser.submit(ada.browser.follow(panel(world, ada), "/apps/ask/ledger"), fields)
    assert (page.status, page.name) == (400, "apps-ask")
    assert said in words(page)
    assert "Error:" in words(page)
    [form] = [one for one in page.document.forms if "/apps/ask/" in one.action]
    held = {item.name: item.value for item in form.fields}
    assert held["until"] == fields["until"]
    assert world.mails(CLEO.email) == []


def test_only_what_is_offered_and_only_ones_own(world: World) -> None:
    """AD-01, SC-04: no form for an application that is open or not offered, no request of others, no button without its token."""
    ada, bo = opened(world), world.visitor(BO)
    world.redeem(bo, world.invite(BO.email))
    page = ada.browser.submit(ada.browser.follow(panel(world, ada), "/apps/ask/ledger"), {"reason": "Audit", "until": ""})
    [form] = [one for one in page.document.forms if one.action.endswith("/take-back")]
    token = {"csrf": next(item.value for item in panel(world, bo).document.forms[0].fields if item.name == "csrf")}
    theirs = panel(world, bo)
    assert bo.browser.post(f"{world.url}{form.action}", token, opener=theirs).status == 404
    assert bo.browser.post(f"{world.url}{form.action}", {"csrf": "forged"}, opener=theirs).status == 403
    for application in ("payroll", "nothing"):
        assert bo.browser.get(f"{world.url}/apps/ask/{application}").status == 404
        assert bo.browser.post(f"{world.url}/apps/ask/{application}", token | {"reason": "x"}, opener=theirs).status in (
            303,
            404,
            200,
        )
    assert "You asked on" in words(panel(world, ada))
