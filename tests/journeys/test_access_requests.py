"""A request for access from the owner's e-mail and from the command line."""

from __future__ import annotations

import re

from broker.demo.browser import Browser
from broker.domain.access_request import AccessRequest
from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.guest import PersonKind
from broker.domain.ids import new_id
from broker.storage.directory import assignments
from tests import factories
from tests.attacks.test_fa_03_old_question_links import is_over
from tests.clock import START
from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ADA, World

__all__ = ["run"]  # the fixture

DAY = 86_400
BOB, ZOE = "bob@contoso.example", "zoe@contoso.example"
LINK = re.compile(r"http://\S+/question/[A-Za-z0-9_-]{43}")
PAYROLL = "owners: [bob@contoso.example, zoe@contoso.example]\nassignment_required: true\nroles: [viewer]\n"
REASON = "Lena is away.\nI sign off <b>her</b> hours."


def asked(world: World, more: str = "role: viewer, lifetime: 90d") -> AccessRequest:
    """Ada asks for Payroll until the end of the 30th day; Bob and Zoe own it, and Zoe has a record."""
    path = world.home / "config" / "applications" / "payroll.yaml"
    path.write_text(path.read_text("utf-8") + PAYROLL + f"self_service: {{request: true, {more}}}\n", "utf-8")
    world.reload()
    ada = new_id()
    with world.broker.core.db.write() as tx:
        factories.saved_person(tx, id=ada, email=ADA.email, name="Ada Fabrik", language="nl", redeemed_at=START)
        factories.saved_person(tx, id=new_id(), kind=PersonKind.MEMBER, email=ZOE, partner="staff", language="de")
    until = START - START % DAY + 31 * DAY
    return world.broker.access_requests.ask(Actor.person(ada), "payroll", reason=REASON, until=until)


def link(world: World, address: str) -> str:
    """The link in the newest e-mail to an address."""
    return next(found[0] for mail in world.mails(address) if (found := LINK.search(mail.text)))


def held(world: World) -> list[tuple[str, int | None]]:
    """Ada's own assignments: (role, end)."""
    ada = world.broker.guests.directory.show(ADA.email).person.id
    with world.broker.core.db.read() as tx:
        return [(one.role, one.ends_at) for one in assignments.of(tx, Principal.PERSON, ada)]


def test_approved_from_the_mail(both: World) -> None:
    """The page shows the person's words as text and their day; the owner's own day and words reach the person, in their language."""
    request = asked(both)
    assert "möchte" not in both.mails(BOB)[0].text
    assert "Ada Fabrik" in both.mails(ZOE)[0].subject
    browser = Browser(clock=both.clock)
    page = browser.get(link(both, BOB))
    assert page.name == "question"
    assert "I sign off &lt;b&gt;her&lt;/b&gt; hours." in page.text
    assert 'value="2027-02-14"' in page.text
    done = browser.submit(page, {"until": "2027-01-31", "words": "Welcome, Ada."})
    assert done.name == "question-answered"
    end = START - START % DAY + 17 * DAY
    assert held(both) == [("viewer", end)]
    found = both.broker.access_requests.show(Actor.command(), request.id).view
    assert (found.state, found.ends_at, found.answer) == ("approved", end, "Welcome, Ada.")
    [mail] = [mail for mail in both.mails(ADA.email) if "Payroll" in mail.subject]
    assert mail.subject == "Je hebt toegang tot Payroll bij Contoso"
    assert "Welcome, Ada." in mail.text
    assert is_over(Browser(clock=both.clock).get(link(both, ZOE)))


def test_refused_from_the_mail(both: World) -> None:
    """Without words, and with a day that is no day, the page comes back with what was typed; then the refusal counts."""
    request = asked(both)
    browser = Browser(clock=both.clock)
    page = browser.get(link(both, ZOE))
    for press, fields, said in (
        ("Refuse", {"until": "2027-02-01", "words": " "}, "Write one sentence"),
        ("Approve", {"until": "tomorrow", "words": "Yes"}, "Write the day as"),
        ("Approve", {"until": "2027-01-01", "words": "Yes"}, "lies in the past"),
        ("Approve", {"until": "2028-01-01", "words": "Yes"}, "Choose an earlier day"),
    ):
        again = browser.submit(page, fields, press=press)
        assert (again.status, again.name, said in again.text) == (400, "question", True)
        assert f'value="{fields["until"]}"' in again.text
        page = again
    assert held(both) == []
    done = browser.submit(page, {"until": "", "words": "Ask Lena."}, press="Refuse")
    assert done.name == "question-answered"
    assert both.broker.access_requests.show(Actor.command(), request.id).view.state == "refused"


def test_a_former_owner_holds_a_link(both: World) -> None:
    """FA-03: the file names somebody else since; the open page answers nothing, and that is on record."""
    asked(both)
    browser = Browser(clock=both.clock)
    page = browser.get(link(both, BOB))
    path = both.home / "config" / "applications" / "payroll.yaml"
    path.write_text(path.read_text("utf-8").replace("bob@contoso.example, ", ""), "utf-8")
    both.reload()
    assert is_over(browser.submit(page))
    assert is_over(Browser(clock=both.clock).get(link(both, BOB)))
    assert held(both) == []


def test_blocked_meanwhile(both: World) -> None:
    """A block closes the links; after an unblock the owner answers in the portal."""
    request = asked(both)
    browser = Browser(clock=both.clock)
    page = browser.get(link(both, BOB))
    both.broker.guests.lifecycle.block(Actor.command(), ADA.email)
    assert is_over(browser.submit(page))
    both.broker.guests.lifecycle.unblock(Actor.command(), ADA.email)
    assert is_over(browser.submit(page))
    both.broker.access_requests.approve(Actor.command(), request.id, until=None)
    assert held(both) == [("viewer", START + 90 * DAY)]


def test_commands(world: World, run: Run) -> None:
    """`broker requests`: listed, shown, approved, refused; a second answer is one clear line."""
    request = asked(world)
    [row] = as_json(run("requests", "list", "--json"))
    assert (row["id"], row["email"], row["application"], row["state"]) == (request.id, ADA.email, "payroll", "open")
    assert row["wanted_until"] == "2027-02-15T00:00:00Z"
    assert ADA.email in run("requests", "list").stdout
    assert "colleagues" in run("requests", "show", request.id).stdout
    done = as_json(run("requests", "approve", request.id, "--message", "Welcome.", "--json"))
    assert (done["state"], done["ends_at"], done["answer"]) == ("approved", "2027-02-15T00:00:00Z", "Welcome.")
    again = run("requests", "refuse", request.id, "--message", "No.")
    assert (again.exit_code, again.stderr) == (1, "this request is closed: approved\n")
    assert run("requests", "approve", "nothing").stderr == "there is no request 'nothing'\n"
    assert as_json(run("requests", "list", "--json")) == []
    assert len(as_json(run("requests", "list", "--state", "approved", "--after", request.id, "--json"))) == 0
