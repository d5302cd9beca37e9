"""`/admin/policies`: the list, one policy, what-if, the replay of a draft, and the file of a new one (PO-01, PO-09, AD-02, AD-07)."""

from __future__ import annotations

import re
from html import unescape

from broker.domain.assurance import SFA
from broker.storage.login import receipts
from broker.storage.operations import rate_limits
from tests import factories
from tests.web.admin.company import Company, person_id
from tests.web.admin.rights_table import ADMINISTRATOR, AUDITOR, OWNER

LIST = "/admin/policies"
BLOCK = "name: <i>Nobody</i>\nusers: {include: {guests: all}}\ngrant: {block: true}\n"
FORM = {"id": "guests-mfa", "name": "Guests & a second step: yes", "state": "report_only", "guests": "yes", "mfa": "yes"}


def files(company: Company) -> dict[str, bytes]:
    """Everything in config/."""
    return {str(path): path.read_bytes() for path in (company.home / "config").rglob("*") if path.is_file()}


def write(company: Company, name: str, text: str) -> None:
    """A policy that is in force."""
    (company.home / "config" / "policies" / f"{name}.yaml").write_text(text, "utf-8")
    company.broker.files.refresh()


def pasted(company: Company, text: str, policy: str = "draft") -> str:
    """The page that answers a draft."""
    return company.post(AUDITOR, f"{LIST}/replay", policy=policy, days="28", draft=text.replace("\n", "\r\n")).text


def sign_in(company: Company) -> str:
    """Ada came to Payroll with a password; its reference."""
    receipt = factories.receipt(
        person_id=person_id("ada"),
        at=company.clock() - 5,
        partner="fabrikam",
        address="192.0.2.7",
        facts={"acr": SFA, "required": []},
    )
    with company.broker.core.db.write() as tx:
        receipts.save(tx, receipt)
    return receipt.request_id


def test_the_list_and_one_policy(company: Company) -> None:
    """Plain sentences, names are text, and the file with its lines."""
    write(company, "deny", BLOCK + "applications: {include: [payroll]}\nconditions: {networks: {exclude: [192.0.2.0/24]}}\n")
    page = company.get(AUDITOR, LIST).text
    assert 'data-page="admin-policies"' in page
    assert "2 policies are in force" in page
    assert page.index('data-id="deny"') < page.index('data-id="half"')
    assert "&lt;i&gt;Nobody&lt;/i&gt;" in page
    assert "people in the groups Half" in page
    assert f'href="{LIST}/new"' not in page
    assert f'href="{LIST}/new"' in company.get(ADMINISTRATOR, LIST).text
    one = company.get(AUDITOR, f"{LIST}/deny").text
    assert "not from the networks 192.0.2.0/24" in one
    assert "(line 5)" in one
    assert "<li>grant: {block: true}</li>" in one
    assert company.get(AUDITOR, f"{LIST}/nobody").status_code == 404
    assert company.get(AUDITOR, f"{LIST}?x=1").status_code == 400


def test_what_if_is_the_address(company: Company) -> None:
    """PO-09: the question is in the address, the answer a thread; nothing is written."""
    write(company, "deny", BLOCK + "conditions: {networks: {exclude: [192.0.2.0/24]}}\n")
    ask = f"{LIST}/what-if?person=ada%40fabrikam.example&application="
    denied = company.get(AUDITOR, f"{ask}payroll").text
    assert "The policies would keep ada@fabrikam.example out of Payroll" in denied
    assert "about all guests: denies access" in denied
    assert "is about other people" in denied
    inside = company.get(AUDITOR, f"{ask}-&ip=192.0.2.9&partner=northwind&mfa=yes").text
    assert "nothing more of ada@fabrikam.example at our own pages" in inside
    assert "leaves out the network 192.0.2.0/24" in inside
    for wrong, said in (
        ("nothing", "no such application"),
        ("payroll&ip=everywhere", "no IP address"),
        ("payroll&partner=x", "no such partner"),
    ):
        page = company.get(AUDITOR, f"{ask}{wrong}")
        assert (page.status_code, said in page.text) == (400, True), wrong
    assert "Nobody here has this" in company.get(AUDITOR, f"{LIST}/what-if?person=no%40x.example&application=payroll").text
    assert company.get(AUDITOR, f"{LIST}/what-if?mfa=maybe").status_code == 400


def test_a_draft_is_replayed(company: Company) -> None:
    """PO-09: who would notice, with the references of their sign-ins, and how many were evaluated; config/ stays as it is."""
    reference, before = sign_in(company), files(company)
    page = pasted(company, BLOCK)
    assert "The draft would change 2 sign-ins" in page  # one is the company's own
    assert "2 past sign-ins were evaluated" in page
    assert f'href="/admin/sign-ins/{reference}"' in page
    assert "+ name: &lt;i&gt;Nobody&lt;/i&gt;" in page
    mine = company.get(AUDITOR, f"{LIST}/replay?policy=half").text
    assert "name: Some members need a second step" in mine
    assert "The draft would change 0 sign-ins" in pasted(
        company, unescape(re.findall(r"<textarea[^>]*>([^<]*)", mine)[0]), "half"
    )
    assert files(company) == before
    assert company.broker.core.settings().policies.keys() == {"half"}


def test_a_draft_with_errors(company: Company) -> None:
    """PO-01: file, line and key as `broker check` prints them; nothing is evaluated, no secret is read, and nothing fails."""
    page = pasted(company, BLOCK.replace("block", "blok").replace("guests: all", "partners: [nobody]"))
    assert "config/policies/draft.yaml:3: grant.blok: is an unknown key" in unescape(page)
    assert "is no partner we have a file of" in page
    assert "&lt;i&gt;Nobody&lt;/i&gt;" in page  # nothing typed is lost
    assert "past sign-ins" not in page
    leak = pasted(company, BLOCK.replace("<i>Nobody</i>", "${env:SECRET}"))
    assert "a draft contains no" in leak
    assert "its name is no policy id" in pasted(company, BLOCK, "../../x")
    for text in ("", "x" * 20_000, "&a [*a]", "[" * 500, "\x07"):
        got = company.post(AUDITOR, f"{LIST}/replay", policy="p", days="28", draft=text)
        assert got.status_code == 400, text[:9]
    for more in ({"days": "36500"}, {"days": ""}, {"extra": "1"}):
        got = company.post(AUDITOR, f"{LIST}/replay", **{"policy": "p", "days": "28", "draft": BLOCK, **more})
        assert got.status_code == 400, more


def test_replays_are_counted(company: Company) -> None:
    """A person who replays without end is stopped for the hour."""
    with company.broker.core.db.write() as tx:
        for _ in range(60):
            rate_limits.count_attempt(tx, f"policy_replay:{person_id('una')}", company.clock(), 3600)
    assert company.post(AUDITOR, f"{LIST}/replay", policy="p", days="7", draft=BLOCK).status_code == 429
    assert company.post(ADMINISTRATOR, f"{LIST}/replay", policy="p", days="7", draft=BLOCK).status_code == 200


def test_the_form_is_checked_as_the_file(company: Company) -> None:
    """PO-01: each error is shown, and the values stay."""
    for field, value, said in (
        ("id", "New", "its name is no policy id"),
        ("id", "x\r\ny", "its name is no policy id"),
        ("mfa", "", "asks for nothing"),
        ("guests", "", "names nobody"),
        ("applications", "payrol", "did you mean payroll?"),
        ("networks", "office", "conditions.networks.include.0"),
        ("block", "yes", "stands beside block: true"),
        ("sign_in_frequency", "soon", "session.sign_in_frequency"),
        ("name", "${file:keys/root}", "a draft contains no ${...}"),
    ):
        got = company.post(ADMINISTRATOR, f"{LIST}/new", **{**FORM, field: value, "download": "yes"})
        assert (got.status_code, said in unescape(got.text)) == (400, True), (field, value)
        assert field in ("name", "guests") or 'name="guests" value="yes" checked' in got.text, field


def test_the_file_of_a_new_policy(company: Company) -> None:
    """Shown, downloaded, and not written: the portal never touches config/. What the form does not have is refused (AD-02)."""
    before = files(company)
    every = {
        "groups": "Finance, Half",
        "except_guests": "bo@fabrikam.example",
        "applications": "payroll",
        "sign_in_frequency": "4h",
    }
    page = company.post(ADMINISTRATOR, f"{LIST}/new", **FORM, **every).text
    assert "The file is ready to copy" in page
    assert "name: 'Guests & a second step: yes'" in unescape(page)
    got = company.post(ADMINISTRATOR, f"{LIST}/new", **FORM, **every, partner_mfa="false", download="yes")
    assert got.headers["Content-Disposition"] == 'attachment; filename="guests-mfa.yaml"'
    assert got.mimetype == "application/yaml"
    write(company, "guests-mfa", got.text)
    file = company.broker.core.settings().policies["guests-mfa"]
    assert (file.name, file.state, file.users.include.groups) == (
        "Guests & a second step: yes",
        "report_only",
        ("Finance", "Half"),
    )
    assert (file.applications.include, file.conditions.partner_mfa, file.session.sign_in_frequency) == (
        ("payroll",),
        False,
        14400,
    )
    (company.home / "config" / "policies" / "guests-mfa.yaml").unlink()
    assert files(company) == before
    assert company.post(OWNER, f"{LIST}/new", **FORM).status_code == 403
    for more in ({"folder": "x"}, {"state": "on"}, {"mfa": "true"}, {"download": "write"}):
        assert company.post(ADMINISTRATOR, f"{LIST}/new", **{**FORM, **more}).status_code == 400, more
