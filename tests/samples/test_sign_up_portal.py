"""The sample portal's own forms and sessions, without the SDK; tests/interop/test_sign_up_portal.py runs it with the SDK at a broker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from samples.sign_up_portal.pages import MOST_WAITING, Guest, NotDone, create_portal

PARTNERS = {"fabrikam.example"}
BOB = "bob@contoso.example"


@dataclass
class Directory:
    """Remembers who was invited. refusal: what the broker answers instead."""

    invited: list[tuple[str, str, str | None]] = field(default_factory=list)
    refusal: str = ""

    def invite(self, email: str, name: str, sponsor: str | None = None) -> None:
        """An invitation, or the refusal."""
        if self.refusal:
            raise NotDone(self.refusal)
        self.invited.append((email, name, sponsor))

    def guests(self) -> list[Guest]:
        """Those who were invited."""
        if self.refusal:
            raise NotDone(self.refusal)
        return [Guest(email, name, "PendingAcceptance") for email, name, _ in self.invited]


@pytest.fixture
def directory() -> Directory:
    """An empty directory."""
    return Directory()


@pytest.fixture
def browser(directory: Directory) -> FlaskClient:
    """A browser at the portal."""
    return create_portal(directory, "http://127.0.0.1:9", "portal", "secret", PARTNERS).test_client()


def csrf(browser: FlaskClient, page: str = "/") -> str:
    """The secret of this browser's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(page).text)
    assert found is not None
    return found[1]


def sign_up(browser: FlaskClient, email: str, name: str = "Ada Fabrik") -> int:
    """Fill in the form; the status."""
    return browser.post("/", data={"csrf": csrf(browser), "email": email, "name": name}).status_code


def as_member(browser: FlaskClient) -> None:
    """Bob has signed in."""
    with browser.session_transaction() as session:
        session["member"] = BOB


def test_people_of_partners_are_invited_at_once(browser: FlaskClient, directory: Directory) -> None:
    """The domain of the whole address counts, in any case."""
    assert sign_up(browser, " Ada@FABRIKAM.example ") == 303
    assert sign_up(browser, "ada@fabrikam.example.attacker.example") == 303
    assert directory.invited == [("Ada@FABRIKAM.example", "Ada Fabrik", None)]


@pytest.mark.parametrize(
    ("email", "name"),
    [("", "Ada"), ("ada", "Ada"), ("a@b@fabrikam.example", "Ada"), ("a b@fabrikam.example", "Ada"), ("ada@fabrikam.example", ""),
     (f"{'a' * 250}@fabrikam.example", "Ada"), ("ada@fabrikam.example", "A" * 101)],
)  # fmt: skip
def test_a_form_that_makes_no_sense(browser: FlaskClient, directory: Directory, email: str, name: str) -> None:
    """The page says what to enter, and the broker hears nothing."""
    assert sign_up(browser, email, name) == 400
    assert directory.invited == []


def test_a_refusal_looks_like_an_invitation(browser: FlaskClient, directory: Directory) -> None:
    """Nobody learns here who is a guest, a member, or blocked."""
    directory.refusal = "the guest is blocked"
    assert sign_up(browser, "ada@fabrikam.example") == 303


@pytest.mark.parametrize("path", ["/", "/staff/answer"])
def test_a_form_of_another_site(browser: FlaskClient, directory: Directory, path: str) -> None:
    """Without the secret of this browser's forms nothing is done, and neither without a session."""
    as_member(browser)
    form = {"email": "ada@fabrikam.example", "name": "Ada", "csrf": "guessed"}
    assert browser.post(path, data=form).status_code == 400
    csrf(browser)
    assert browser.post(path, data={**form, "csrf": ""}).status_code == 400
    assert directory.invited == []


def test_a_member_answers(browser: FlaskClient, directory: Directory) -> None:
    """Others wait; an answer counts once, and the member becomes the sponsor."""
    for number in range(2):
        assert sign_up(browser, f"otto-{number}@elsewhere.example", "<b>Otto</b>") == 303
    assert directory.invited == []
    assert browser.post("/staff/answer", data={"csrf": csrf(browser)}).status_code == 403
    as_member(browser)
    page = browser.get("/staff").text
    assert "<b>Otto" not in page
    first, second = re.findall(r'name="id" value="([^"]+)"', page)
    for answer in ({"id": first, "answer": "invite"}, {"id": first, "answer": "invite"}, {"id": second, "answer": "refuse"}):
        assert browser.post("/staff/answer", data={"csrf": csrf(browser, "/staff"), **answer}).status_code == 303
    assert directory.invited == [("otto-0@elsewhere.example", "<b>Otto</b>", BOB)]
    assert "Nobody." in browser.get("/staff").text


def test_staff_see_why_an_invitation_failed(browser: FlaskClient, directory: Directory) -> None:
    """The broker's line, once."""
    sign_up(browser, "otto@elsewhere.example")
    as_member(browser)
    (waiting,) = re.findall(r'name="id" value="([^"]+)"', browser.get("/staff").text)
    directory.refusal = "this address cannot be invited"
    browser.post("/staff/answer", data={"csrf": csrf(browser), "id": waiting, "answer": "invite"})
    directory.refusal = ""
    assert "otto@elsewhere.example: this address cannot be invited" in browser.get("/staff").text
    assert "cannot be invited" not in browser.get("/staff").text


def test_the_list_of_those_who_wait_ends(browser: FlaskClient) -> None:
    """Strangers cannot fill the memory."""
    form = {"csrf": csrf(browser), "name": "Otto"}
    for number in range(MOST_WAITING + 5):
        browser.post("/", data={**form, "email": f"otto-{number}@elsewhere.example"})
    as_member(browser)
    assert browser.get("/staff").text.count('value="refuse"') == MOST_WAITING
