"""`/admin/setup-links` and the page behind a link, from outside."""

from __future__ import annotations

import html
import re

from werkzeug.test import TestResponse

from broker.domain.times import DAY
from broker.storage.partners import setup_links
from broker.storage.tables import setup_links as table_of_links
from broker.web.cookies import CookiePurpose, Cookies
from broker.web.setup.vendors import VENDORS
from broker.web.signin.mail_link import GUESSES
from tests.web.admin import rights_table as table
from tests.web.admin.company import ISSUER, Company

FORM = {
    "partner": "woodgrove",
    "name": "Woodgrove Bank",
    "domains": "woodgrove.example, bank.example",
    "days": "7",
    "language": "nl",
}


def opened(company: Company, ticket: str, query: str = "") -> TestResponse:
    """The page in a browser that has this ticket."""
    name = Cookies(ISSUER).name(CookiePurpose.SETUP)
    return company.client.get(f"/setup{query}", base_url=ISSUER, headers={"Cookie": f"{name}={ticket}"})


def made(company: Company, **more: str) -> tuple[str, str]:
    """A new link by the form: its ticket, and its id."""
    page = company.post(table.ADMINISTRATOR, "/admin/setup-links/new", **{**FORM, **more})
    assert 'data-page="admin-setup-link-made"' in page.text
    [ticket] = re.findall(rf"{ISSUER}/setup/([A-Za-z0-9_-]{{43}})", page.text)
    [link_id] = re.findall(r'href="/admin/setup-links/([0-9a-f-]{36})"', page.text)
    return ticket, link_id


def test_a_link_is_made_sent_and_opened_as_often_as_needed(company: Company) -> None:
    """The ticket is shown once and stored as a hash; opening the page changes nothing; a GET consumes nothing."""
    ticket, link_id = made(company, email="it@woodgrove.example")
    with company.broker.core.db.read() as tx:
        [row] = tx.execute(table_of_links.select()).all()
    assert ticket not in str(row)
    [event] = company.audit("setup_link.created")
    assert event["data"]["partner"] == "woodgrove"
    assert ticket not in str(event)
    arrived = company.client.get(f"/setup/{ticket}", base_url=ISSUER)
    assert (arrived.status_code, arrived.headers["Location"]) == (303, "/setup")
    assert arrived.headers["Referrer-Policy"] == "no-referrer"
    for _ in range(2):
        page = opened(company, ticket)
        assert 'data-page="partner-setup"' in page.text
        assert 'lang="nl"' in page.text
        assert f"{ISSUER}/oidc/woodgrove/callback" in page.text
        assert f"{ISSUER}/saml/metadata" in page.text
        assert f"{ISSUER}/saml/acs" in page.text
        assert f"{ISSUER}/saml/slo" in page.text
        assert ticket not in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
    with company.broker.core.db.read() as tx:
        assert tx.execute(table_of_links.select()).all() == [row]
    listed = company.get(table.AUDITOR, "/admin/setup-links").text
    assert f'data-id="{link_id}"' in listed
    assert "it@woodgrove.example" in listed
    assert "/admin/setup-links/new" not in listed


def test_the_steps_of_each_product_name_our_values(company: Company) -> None:
    """The steps hold the values themselves, so that nobody looks for them."""
    ticket = company.made_setup_link().url.rpartition("/")[2]
    for key, vendor in VENDORS.items():
        page = html.unescape(opened(company, ticket, f"?at={key}").text)
        assert vendor.name in page
        steps = "".join(re.findall(r'<ol class="how">.*?</ol>', page, re.DOTALL))
        for protocol, value in (("oidc", "/oidc/woodgrove/callback"), ("saml", "/saml/metadata")):
            assert (value in steps) == (protocol in vendor.ways), (key, protocol)
    assert opened(company, ticket, "?at=nothing").status_code == 400


def test_a_link_that_is_over_opens_nothing(company: Company) -> None:
    """SL-01: revoked, expired, unknown and malformed: one answer, and the guesses of an address are counted."""
    revoked, link_id = made(company)
    asked = company.get(table.ADMINISTRATOR, f"/admin/setup-links/{link_id}/revoke")
    assert "data-confirm" in asked.text
    company.post(table.ADMINISTRATOR, f"/admin/setup-links/{link_id}/revoke", reason="sent to the wrong person")
    assert opened(company, revoked).status_code == 200  # without `confirmed` the button asks once more
    done = company.post(table.ADMINISTRATOR, f"/admin/setup-links/{link_id}/revoke", confirmed="yes", reason="sent astray")
    assert done.status_code == 303
    assert company.audit("setup_link.revoked")[0]["reason"] == "sent astray"
    again = company.post(table.ADMINISTRATOR, f"/admin/setup-links/{link_id}/revoke", confirmed="yes")
    assert (again.status_code, len(company.audit("setup_link.revoked"))) == (303, 1)
    expired, _ = made(company, days="1")
    company.clock.advance(DAY)
    for ticket in (revoked, expired, "x" * 43):
        page = html.unescape(opened(company, ticket).text)
        assert ('data-error="bad_request"' in page, "<h1>This link doesn't open anything</h1>" in page) == (True, True)
    answers = [opened(company, "x" * 43).status_code for _ in range(GUESSES)]
    assert (answers[0], answers[-1]) == (400, 429)


def test_the_form_says_what_is_wrong(company: Company) -> None:
    """Each refusal at its field, and no link is made."""
    wrong = {
        "partner": "../etc", "name": "", "domains": "*.example", "days": "61", "language": "xx", "email": "it@"
    }  # fmt: skip
    for field, value in wrong.items():
        page = company.post(table.ADMINISTRATOR, "/admin/setup-links/new", **{**FORM, field: value})
        assert (page.status_code, f'id="{field}-error"' in page.text) == (400, True), field
    extra = company.post(table.ADMINISTRATOR, "/admin/setup-links/new", **FORM, expires_at="9999999999")
    assert extra.status_code == 400  # AD-02
    with company.broker.core.db.read() as tx:
        assert setup_links.page(tx, limit=1) == []


def test_the_list_goes_on(company: Company) -> None:
    """More links than a page shows."""
    for _ in range(51):
        company.setup_link()
    first = company.get(table.ADMINISTRATOR, "/admin/setup-links").text
    following = re.search(r'href="(/admin/setup-links\?after=[^"]+)"', first)
    assert following is not None
    rest = company.get(table.ADMINISTRATOR, html.unescape(following[1])).text
    assert (first.count("data-id="), rest.count("data-id=")) == (50, 1)
