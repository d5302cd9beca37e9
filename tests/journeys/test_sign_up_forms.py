"""The form of a sign-up: mistakes, closed applications, forms of others, where it is offered, limits."""

from __future__ import annotations

from broker.domain.times import DAY
from broker.services.login.sign_in import SIGN_UPS_PER_ADDRESS
from broker.services.sign_up.sign_ups import OF_APPLICATION
from broker.storage.operations import rate_limits
from tests.journeys.sign_up import FORM, PENDING, guests, opened, send, sign_up, words
from tests.journeys.world import ADA, BO, CLEO, World

# --- the form -------------------------------------------------------------------------------------------------------------


WRONG_FIELDS = (
    ({"email": "ada"}, "Enter an e-mail address"),
    ({"email": "a@fabrikam.example\nb@fabrikam.example"}, "Enter an e-mail address"),
    ({"name": " "}, "Fill in this field"),
    ({"name": "x" * 101}, "at most 100 characters"),
    ({"name": "A\x1b[31m"}, "at most 100 characters"),
    ({"phone": "call me"}, "Enter a telephone number"),
    ({"company": ""}, "Fill in this field"),
    ({"reason": ""}, "Write one sentence"),
    ({"reason": "x" * 1001}, "at most 1,000 characters"),
)


def test_a_wrong_form_comes_back_filled_in(world: World) -> None:
    """SU-10: nothing begins, nothing typed is lost."""
    page, ada = opened(world, "attributes: [company, phone]"), world.visitor(ADA)
    for fields, said in WRONG_FIELDS:
        refused = send(ada, page, **({"company": "Fabrikam", "phone": "+31 20 123 4567"} | fields))
        assert (refused.status, refused.name) == (400, "sign-up"), fields
        assert said in words(refused), fields
        held = {one.name: one.value for one in refused.document.forms[0].fields}
        assert held["company"] == fields.get("company", "Fabrikam")
    assert world.counts()["logins"] == 0


def test_closed_as_if_it_were_not_there(world: World) -> None:
    """SU-04: `sign_up: false`, an unknown application and an unknown path answer alike; so does the form's target."""
    browser = world.visitor(ADA).browser
    unknown = browser.get(f"{world.url}/never/there")
    for path in ("/sign-up/payroll", "/sign-up/nothing", "/sign-up/payroll/done", "/sign-up/"):
        found = browser.get(f"{world.url}{path}")
        assert found.status == 404
        assert words(found).replace(found.request_id, "") == words(unknown).replace(unknown.request_id, ""), path
    assert browser.post(f"{world.url}/sign-up/payroll", {"email": ADA.email}, opener=unknown).status == 404


def test_only_our_own_form(world: World) -> None:
    """SU-09, HW-5: no token, a token of another application or of another browser begins nothing."""
    page, ada = opened(world), world.visitor(ADA)
    form = ada.browser.get(page)
    fields = {"email": ADA.email, **FORM}
    assert ada.browser.post(page, fields, opener=form).status == 403
    token = next(one.value for one in form.document.forms[0].fields if one.name == "csrf")
    bo = world.visitor(BO)
    assert bo.browser.post(page, fields | {"csrf": token}, opener=bo.browser.get(page)).status == 403
    assert world.counts()["logins"] == 0


def test_closed_while_the_person_proves_the_address(world: World) -> None:
    """SU-04: current file decides: nothing is stored, and the page says why."""
    page, ada = opened(world), world.visitor(ADA)
    at_partner = send(ada, page)
    text = (world.home / "config/applications/ledger.yaml").read_text("utf-8")
    world.write("applications/ledger.yaml", text.replace("sign_up: true", "sign_up: false"))
    refused = ada.walk(at_partner)
    assert "Nobody can sign up for this application any more" in words(refused)
    assert guests(world) == []


def test_nobody_can_answer(world: World) -> None:
    """No owner works here: the person reads it, and nothing is stored."""
    page = opened(world, owner="gone@elsewhere.example")
    refused = sign_up(world.visitor(ADA), page)
    assert "Nobody can answer your request right now" in words(refused)
    assert guests(world) == []


# --- offers ---------------------------------------------------------------------------------------------------------------


def test_where_the_way_is_offered(world: World) -> None:
    """On the sign-in page of the application, on the page that refuses a stranger, and on `/apps` of a guest."""
    text = (world.home / "config/applications/payroll.yaml").read_text("utf-8")
    payroll = f"owners: ['{CLEO.email}']\nassignment_required: true\nself_service: {{sign_up: true}}\n"
    world.write("applications/payroll.yaml", text + payroll)
    ada = world.visitor(ADA)
    assert "/sign-up/payroll" in ada.browser.get(world.request()[0]).text
    refused = world.arrive(ada)
    assert (refused.error, "/sign-up/payroll" in refused.text) == ("not_invited", True)
    bo = world.visitor(BO)
    world.redeem(bo, world.invite(BO.email, application=None, redirect_url=f"{world.callback}/home"))
    assert "/sign-up/payroll" in bo.browser.get(f"{world.url}/apps").text
    form = bo.browser.get(f"{world.url}/sign-up/payroll")
    assert BO.email in [one.value for one in form.document.forms[0].fields]
    assert sign_up(bo, f"{world.url}/sign-up/payroll").name == PENDING
    assert bo.seen == [PENDING], "the session is the proof"


# --- limits and races -------------------------------------------------------------------------------------------------------


def test_limits(world: World) -> None:
    """SU-05, HW-10: a client begins so many an hour; an application takes so many a day."""
    page = opened(world)
    now = world.clock()
    with world.broker.core.db.write() as tx:
        for _ in range(OF_APPLICATION):
            rate_limits.count_attempt(tx, "sign-up-of:ledger", now, DAY)
    ada = world.visitor(ADA)
    refused = sign_up(ada, page)
    assert (refused.error, refused.status) == ("too_many_attempts", 429)
    assert guests(world) == []
    for _ in range(SIGN_UPS_PER_ADDRESS):
        refused = send(ada, page)
    assert "from your network" in words(refused)
