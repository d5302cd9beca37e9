"""Questions by mail: a link that spends nothing, a button that answers once, one answer for whatever is not open."""

from __future__ import annotations

import re

from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.domain.guest_states import Act, move
from broker.domain.ids import digest, new_secret
from broker.domain.question import QuestionKind
from broker.services.messages.mail_questions import ask
from broker.storage.directory import people
from broker.storage.operations import mail_questions
from broker.storage.tables import audit
from broker.storage.tables import questions as table
from broker.web import csrf
from tests.clock import START
from tests.journeys.world import World
from tests.race import race

DAY = 86_400
UNTIL = START + 380 * DAY
SPONSOR = "alice@contoso.example"


def asked(world: World, **values: object) -> tuple[str, str]:
    """A guest whose access ends in 14 days, and the link of the question about it: (id, address)."""
    person_id = world.invite().invitation.guest_id
    ends = START + 14 * DAY
    with world.broker.core.db.write() as tx:
        people.change(tx, person_id, {"expires_at": ends, "name": "Ada <b>Fabrik</b>", "sponsor": SPONSOR})
        data = {"ends_at": ends, "until_at": UNTIL} | values
        ticket = ask(tx, QuestionKind.RENEW, person_id, SPONSOR, data, 14 * DAY, world.clock())
    return person_id, f"{world.url}/question/{ticket}"


def end_of(world: World, person_id: str) -> int | None:
    """When the access of a guest ends."""
    with world.broker.core.db.read() as tx:
        found = people.by_id(tx, person_id)
        return found.expires_at if found else None


def browser(world: World) -> Browser:
    """The sponsor's."""
    return Browser(clock=world.clock)


def is_over(page: BrowserPage) -> bool:
    """The one answer for whatever is not open."""
    return (page.status, page.error, "no longer open" in page.text) == (400, "bad_request", True)


def words(page: BrowserPage) -> str:
    """A page without what differs in every answer: its reference, the script's nonce, and the text of what is sealed."""
    text = page.text.replace(page.request_id, "") if page.error else page.text
    text = re.sub(r'name="page" value="([^"]+)"', lambda found: f"sealed {len(found[1])}", text)
    return re.sub(r'nonce="[^"]+"', "", text)


def test_asked_and_extended(both: World) -> None:
    """IN-07, IN-16: the link leads to an address without its ticket, spends nothing, and its button renews."""
    person_id, link = asked(both)
    sponsor = browser(both)
    before = both.counts()
    for _ in range(3):
        page = sponsor.get(link)
        assert (page.name, page.url) == ("question", f"{both.url}/question")
        assert "Does Ada &lt;b&gt;Fabrik&lt;/b&gt; still need access?" in page.text  # AD-09: as text
        assert "January 29, 2027" in page.text
    assert both.counts() == before
    done = sponsor.submit(page)
    assert done.name == "question-answered"
    assert "January 30, 2028" in done.text
    assert end_of(both, person_id) == UNTIL
    with both.broker.core.db.read() as tx:
        names = tx.execute(select(audit.c.name).where(audit.c.subject == person_id).order_by(audit.c.name)).scalars().all()
    assert {"guest.renewed", "question.answered"} <= set(names)


def test_let_it_end(world: World) -> None:
    """The other button changes nothing but that nobody is asked again."""
    person_id, link = asked(world)
    sponsor = browser(world)
    done = sponsor.submit(sponsor.get(link), press="Let it end")
    assert (done.name, "January 29, 2027" in done.text) == ("question-answered", True)
    assert end_of(world, person_id) == START + 14 * DAY
    assert is_over(browser(world).get(link))


def test_unknown_over_and_answered_look_alike(world: World) -> None:
    """LP-04: whoever tries a ticket learns nothing from the answer; what is over at its instant is over (HT-12)."""
    _, link = asked(world)
    _, other = asked(world)
    _, late = asked(world)
    sponsor = browser(world)
    sponsor.submit(sponsor.get(link))
    seen = sponsor.get(other)
    assert seen.name == "error"  # an answer closes the other mails about the same thing
    world.clock.advance(14 * DAY)
    pages = [browser(world).get(one) for one in (link, other, late, f"{world.url}/question/{new_secret()}")]
    assert all(is_over(page) for page in pages)
    assert len({words(page) for page in pages}) == 1


def test_twenty_buttons_at_once(both: World) -> None:
    """HT-3: twenty browsers answer differently at the same moment; one answer counts, and is on record once."""
    person_id, link = asked(both)
    pages = [(one, one.get(link)) for one in (browser(both) for _ in range(20))]

    def press(number: int) -> str:
        one, page = pages[number]
        return one.submit(page, press="Let it end" if number % 2 else None).name

    found = race(press)
    assert set(found) <= {"question-answered", "error"}
    with both.broker.core.db.read() as tx:
        [taken] = mail_questions.of_person(tx, person_id)
        events = tx.execute(select(audit.c.data).where(audit.c.name == "question.answered")).scalars().all()
    assert [event["answer"] for event in events] == [taken.answer]
    assert end_of(both, person_id) == (UNTIL if taken.answer == "extend" else START + 14 * DAY)


def test_double_click(world: World) -> None:
    """The same button again within a minute shows the same page and does nothing; a minute later it is over."""
    person_id, link = asked(world)
    sponsor = browser(world)
    page = sponsor.get(link)
    first, before = sponsor.submit(page), world.counts()
    assert words(sponsor.submit(page)) == words(first)
    assert sponsor.submit(page, press="Let it end").error == "bad_request"
    world.clock.advance(61)
    assert is_over(sponsor.submit(page))
    assert world.counts("refusals", "attempts") == {k: v for k, v in before.items() if k not in ("refusals", "attempts")}
    assert end_of(world, person_id) == UNTIL


def test_forged_forms(world: World) -> None:
    """SC-04, AZ-15: another site's form, a foreign token, no ticket, an answer that nobody offered: nothing changes."""
    person_id, link = asked(world)
    sponsor = browser(world)
    page = sponsor.get(link)
    address = f"{world.url}/question"
    foreign = sponsor.post(address, {"csrf": "x" * 43, "answer": "extend"})
    assert foreign.error == "bad_request"
    assert sponsor.submit(page, {"csrf": csrf.token(new_secret(), "question")}).status == 403
    assert sponsor.submit(page, {"answer": "delete"}).error == "bad_request"
    assert browser(world).submit(page).error == "bad_request"  # a browser that never opened the link
    assert end_of(world, person_id) == START + 14 * DAY
    assert sponsor.submit(page).name == "question-answered"


def test_guessing(world: World) -> None:
    """IN-06: sixty wrong tickets in ten minutes, and the address waits; only hashes are stored (HT-4)."""
    _, link = asked(world)
    guesser = browser(world)
    answers = [guesser.get(f"{world.url}/question/{new_secret()}").error for _ in range(61)]
    assert answers == ["bad_request"] * 60 + ["too_many_attempts"]
    assert browser(world).get(f"{world.url}/question/short").status == 429
    ticket = link.rpartition("/")[2]
    with world.broker.core.db.read() as tx:
        [row] = tx.execute(select(table)).all()
    assert ticket not in str(row)
    assert row.ticket == digest(ticket)


def test_a_guest_who_was_stopped_is_not_renewed(world: World) -> None:
    """The answer is a legal move or nothing: the question of a blocked guest is over, and stays unspent."""
    person_id, link = asked(world)
    sponsor = browser(world)
    page = sponsor.get(link)
    with world.broker.core.db.write() as tx:
        found = people.by_id(tx, person_id)
        people.change(tx, person_id, {"state": move(found.state if found else None, Act.BLOCK).value})  # type: ignore[arg-type]
    assert is_over(sponsor.submit(page))
    assert end_of(world, person_id) == START + 14 * DAY
    with world.broker.core.db.read() as tx:
        assert [one.answered_at for one in mail_questions.of_person(tx, person_id)] == [None]
