"""The company's own people at work: an administrator, the owner of Ledger and the owner of a group, in the portal."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from broker.demo.browser import BrowserPage
from broker.demo.cast import ADA, ALICE, BOB, DANA, GUS
from broker.demo.home import LEDGER
from broker.demo.identity import Account
from broker.demo.mailbox import ReceivedMail, read_mails
from broker.demo.person import DemoPerson
from broker.demo.story.scene import NotHeld, Scene, expect, landed, visitor

GROUP = "Lisbon project"


def portal_steps() -> list[tuple[str, Callable[[Scene], str]]]:
    """The steps in order."""
    return [
        ("administrator", administrator),
        ("an owner adds a guest", owner_adds),
        ("access is asked for", asked),
        ("an owner approves", approved),
        ("review of access", reviewed),
        ("group owner", group_owner),
    ]


def administrator(scene: Scene) -> str:
    """Alice signs in to the portal at the company's own provider."""
    alice, page = signed_in_at(scene, ALICE, "/admin")
    expect("partner-login" in alice.seen and page.name == "admin-home", f"ended at {page}")
    guests = alice.browser.follow(page, "/admin/guests")
    expect(guests.name == "admin-guests" and ADA.email in guests.text, f"no list of guests but {guests}")
    return f"{' > '.join(alice.seen)}; the list of guests is one click away"


def owner_adds(scene: Scene) -> str:
    """Bob owns Ledger. The form lets Bob add Dana to Ledger, and to nothing else."""
    bob, page = signed_in_at(scene, BOB, f"/admin/guests/new?application={LEDGER}")
    expect(page.name == "admin-guest-new", f"ended at {page}")
    expect("Travel" not in page.text, "an owner of Ledger can choose Travel")
    form = {"email": DANA.email, "name": DANA.name, "application": LEDGER, "role": "viewer", "sponsor": BOB.email}
    done = bob.browser.submit(page, {**form, "message": "Welcome to the ledger of the Lisbon project."})
    expect(done.name == "admin-guest", f"ended at {done}")
    mail = mail_to(scene, DANA.email, "Welcome to the ledger")
    links = [link for link in mail.links if link.startswith(scene.cast.at.broker)]
    dana = visitor(DANA)
    landed(dana.open(links[0]), scene.cast.at.ledger)
    return "Dana gets an e-mail with Bob's words, follows its link and lands on Ledger as viewer"


def asked(scene: Scene) -> str:
    """Ada lost Ledger. She asks for it on her access panel; its owner gets an e-mail."""
    ada, page = signed_in_at(scene, ADA, "/apps")
    form = ada.browser.follow(page, f"/apps/ask/{LEDGER}")
    expect(form.name == "apps-ask", f"ended at {form}")
    done = ada.browser.submit(form, {"reason": "I close the books of March.", "until": _day(30)})
    expect(done.status == 200 and done.name == "apps", f"ended at {done}")
    mail = mail_to(scene, BOB.email, "I close the books")
    expect(ADA.email in mail.text, "the owner's e-mail does not say who asks")
    return "a sentence of hers and a last day; the owner of Ledger has them by e-mail"


def approved(scene: Scene) -> str:
    """Bob approves in the portal, and Ledger opens for Ada at once."""
    bob, page = signed_in_at(scene, BOB, "/admin/requests")
    one = bob.browser.follow(page, "/admin/requests/")
    expect(one.name == "admin-request" and ADA.email in one.text, f"ended at {one}")
    bob.browser.submit(one, {"until": _day(20)}, press="approve")
    mail_to(scene, ADA.email, "You have access to Ledger")
    held = scene.sign_in(visitor(ADA), scene.cast.ledger)
    return f"one button; Ada reads the answer and signs in to Ledger with the roles {list(held.claims.get('roles', []))}"


def reviewed(scene: Scene) -> str:
    """Alice asks who still needs Ledger; Bob keeps Ada and ends Dana; the answer is on record."""
    alice, page = signed_in_at(scene, ALICE, "/admin/reviews")
    made = alice.browser.submit(page, {"application": LEDGER, "asks": "owners", "due": _day(14)})
    expect(made.name == "admin-review", f"ended at {made}")
    review = made.url.partition("?")[0].rpartition("/")[2]
    bob, mine = signed_in_at(scene, BOB, f"/admin/reviews/{review}")
    rows = {field.name for form in mine.document.forms for field in form.fields if field.name.startswith("verdict-")}
    expect(len(rows) == 2, f"{len(rows)} rows to decide on {mine}")
    of_dana = next(row for row in mine.text.split("<tr") if DANA.email in row)
    bob.browser.submit(mine, {row: "end" if row in of_dana else "keep" for row in rows}, press="Record these decisions")
    found = {row["email"]: row["decision"] for row in scene.cast.broker.ask("reviews", "show", review)["rows"]}
    expect(found == {ADA.email: "keep", DANA.email: "end"}, f"on record: {found}")
    return "two accesses to Ledger: Ada keeps hers, Dana's ends at the due date"


def group_owner(scene: Scene) -> str:
    """Gus owns a group, adds Ada to it, and sees no other group."""
    broker = scene.cast.broker
    made = broker.ask("groups", "create", GROUP, "--owner", GUS.email)
    gus, page = signed_in_at(scene, GUS, "/admin/groups")
    expect(GROUP in page.text and "Fabrikam people" not in page.text, f"other groups are listed: {page}")
    one = gus.browser.follow(page, f"/admin/groups/{made['id']}")
    done = gus.browser.submit(one, {"email": ADA.email})
    expect(ADA.email in done.text, f"Ada is not listed on {done}")
    return f"{GROUP} is the one group that he sees; Ada is in it"


def signed_in_at(scene: Scene, who: Account, path: str) -> tuple[DemoPerson, BrowserPage]:
    """This person in a new browser, signed in, at this page of the broker."""
    person = visitor(who)
    return person, person.open(scene.cast.at.broker + path)


def mail_to(scene: Scene, address: str, words: str, seconds: float = 15) -> ReceivedMail:
    """The e-mail to this address that holds these words; the broker sends in the background."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for mail in read_mails(scene.cast.home / "var" / "mail"):
            if address in mail.to and words in mail.text:
                return mail
        time.sleep(0.1)
    raise NotHeld(f"no e-mail to {address} with {words!r} in {seconds:g} seconds")


def _day(days: int) -> str:
    """A day from now on, as a date field sends it."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d")
