"""`/admin/partners/new`: the file of a partner from a form, judged as the file would be."""

from __future__ import annotations

import html
import re

from broker.settings.load import load
from tests.journeys.world import SECRET
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company

FORM = {
    "id": "woodgrove", "name": "Woodgrove: Bank", "domains": "woodgrove.example bank.example", "protocol": "oidc",
    "issuer": "https://login.woodgrove.example", "client_id": "contoso", "credential": "secret", "trust_email": "yes", "mfa": "mfa",
    "email_claim": "upn",
}  # fmt: skip


def test_the_file_is_one_that_the_broker_reads(company: Company) -> None:
    """What the page shows and what it gives to download is the same, and loads beside the other files."""
    page = company.post(table.ADMINISTRATOR, "/admin/partners/new", **FORM)
    found = re.search(r'<pre[^>]* id="text"[^>]*>(.*?)</pre>', page.text, re.DOTALL)
    assert found is not None
    text = html.unescape(found[1])
    assert "client_secret: ${env:WOODGROVE_SECRET}" in text
    assert not (company.home / "config" / "partners" / "woodgrove.yaml").exists()  # never written by the portal
    sent = company.post(table.ADMINISTRATOR, "/admin/partners/new", **FORM, download="yes")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="woodgrove.yaml"'
    assert sent.text == text
    (company.home / "config" / "partners" / "woodgrove.yaml").write_text(sent.text, "utf-8")
    partner = load(company.home, {"SECRET": SECRET, "WOODGROVE_SECRET": SECRET}).partners["woodgrove"]
    assert (partner.name, partner.domains) == ("Woodgrove: Bank", ("woodgrove.example", "bank.example"))
    assert (dict(partner.claims), partner.trust.email, partner.trust.mfa) == ({"email": "upn"}, True, ("mfa",))


def test_what_is_wrong_stands_at_its_field(company: Company) -> None:
    """The words are those of `broker check`; a domain of another partner is one of them."""
    wrong = {
        "id": "No!", "name": "", "domains": "fabrikam.example", "issuer": "http://login.woodgrove.example", "client_id": "",
        "email_claim": "${file:secrets/root}", "mfa": "${env:SECRET}",
    }  # fmt: skip
    for field, value in wrong.items():
        page = company.post(table.ADMINISTRATOR, "/admin/partners/new", **{**FORM, field: value}, download="yes")
        assert (page.status_code, f'id="{field}-error"' in page.text) == (400, True), field
        assert SECRET not in page.text
    saml = {**FORM, "protocol": "saml"}
    for value in ("", "config/nothing.xml", "http://idp.woodgrove.example/metadata"):
        page = company.post(table.ADMINISTRATOR, "/admin/partners/new", **saml, metadata=value)
        assert (page.status_code, 'id="metadata-error"' in page.text) == (400, True), value
    good = company.post(table.ADMINISTRATOR, "/admin/partners/new", **saml, metadata="https://idp.woodgrove.example/metadata")
    assert (good.status_code, "WOODGROVE_SECRET" in good.text) == (200, False)


def test_a_file_that_is_there_is_said(company: Company) -> None:
    """The draft is judged instead of the file of its name, and the page says that it would replace it."""
    page = company.post(table.ADMINISTRATOR, "/admin/partners/new", **{**FORM, "id": "fabrikam", "domains": "fabrikam.example"})
    assert (page.status_code, "would replace it" in page.text) == (200, True)
