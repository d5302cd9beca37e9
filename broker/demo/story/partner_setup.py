"""The part of the story about Proseware, which is no partner yet: its IT sets up the sign-in behind a link, and Alice accepts it."""

from __future__ import annotations

import re
from collections.abc import Callable

from broker.demo.browser import BrowserPage
from broker.demo.cast import ALICE, PIA, login
from broker.demo.home import PAYROLL, PROSEWARE
from broker.demo.person import DemoPerson
from broker.demo.story.portal import mail_to, signed_in_at
from broker.demo.story.scene import Scene, expect, landed, visitor

THEIR_IT = "it@proseware.example"
FILE = f"config/partners/{PROSEWARE}.yaml"


def setup_steps() -> list[tuple[str, Callable[[Scene], str]]]:
    """The steps in order."""
    return [
        ("set-up link", link_made),
        ("the partner's IT", entered_and_tried),
        ("set-up accepted", accepted),
        ("the new partner", in_force),
    ]


def link_made(scene: Scene) -> str:
    """Alice makes a link for Proseware's IT; it goes there by e-mail, and changes nothing when it is opened."""
    alice, page = signed_in_at(scene, ALICE, "/admin/setup-links/new")
    form = {"partner": PROSEWARE, "name": "Proseware", "domains": "proseware.example", "email": THEIR_IT, "private": "yes"}
    made = alice.browser.submit(page, form)
    expect(made.name == "admin-setup-link-made", f"ended at {made}")
    mail = mail_to(scene, THEIR_IT, "step by step")
    [scene.setup_link] = [link for link in mail.links if "/setup/" in link]
    for _ in range(2):
        opened = visitor(PIA).open(scene.setup_link)
        expect(opened.name == "partner-setup" and "Hand over" not in opened.text, f"ended at {opened}")
    return "Proseware's IT gets it by e-mail and opens it without an account, as often as it likes"


def entered_and_tried(scene: Scene) -> str:
    """The IT registers our redirect URI, enters its values, tries a sign-in of its own, and hands the file over."""
    their_it = visitor(PIA)
    page = their_it.open(scene.setup_link)
    expect(scene.cast.at.callback(PROSEWARE) in page.text, "our redirect URI is not on the page")
    entered = their_it.browser.submit(page, _values(scene))
    expect("reachable" not in entered.text and "client_secret: ${env:" in entered.text, f"no file on {entered}")
    expect(_secret(scene) not in entered.text, "the page shows the secret")
    before = scene.cast.broker.ask("guests", "list")
    tried = their_it.walk(their_it.browser.submit(entered, press="Try to sign in"))
    expect("partner-login" in their_it.seen, f"no sign-in at Proseware but {their_it.seen}")
    expect("the answer arrived, signed, fresh and meant for us" in tried.text, f"nothing arrived on {tried}")
    expect(scene.cast.broker.ask("guests", "list") == before, "the trial made a guest")
    done = their_it.browser.submit(tried, press="Hand over")
    expect("Handed over" in done.text, f"ended at {done}")
    return "issuer, client and secret; the trial sign-in arrives, makes nobody, and the file is handed over"


def accepted(scene: Scene) -> str:
    """Alice looks at the file, downloads it and accepts: nothing is in force by that."""
    alice, one = _at_the_link(scene)
    file = alice.browser.follow(one, "/file")
    expect(_secret(scene) not in file.text, "the file holds the secret")
    done = alice.browser.submit(one, press="accept")
    expect("Accepted" in done.text, f"ended at {done}")
    expect(not (scene.cast.home / FILE).exists(), "the portal wrote into config/")
    again = visitor(PIA)
    expect("Accepted" in again.open(scene.setup_link).text, "the page behind the link does not say so")
    return "Alice downloads the finished file and accepts; both sides see that, and nothing is in force yet"


def in_force(scene: Scene) -> str:
    """The administrator puts the file into the home, with what they trust Proseware with; it is a partner like any other."""
    alice, one = _at_the_link(scene)
    text, broker = alice.browser.follow(one, "/file").text, scene.cast.broker
    link_id = one.url.partition("?")[0].rpartition("/")[2]
    expect(broker.run("setup-links", "secret", link_id).strip() == _secret(scene), "the secret that was entered is lost")
    own = re.sub(r"\$\{env:\w+\}", f"${{file:secrets/{PROSEWARE}}}", text)  # the demo keeps secrets in files
    (scene.cast.home / FILE).write_text(f"{own}trust:\n  email: true\n", "utf-8")
    broker.run("check")
    broker.restart()
    pia = visitor(PIA)
    landed(pia.open(_invited(scene)), scene.cast.at.payroll)
    expect("partner-login" in pia.seen, f"no sign-in at Proseware but {pia.seen}")
    return f"{FILE} in place, broker check content; Pia signs in at Proseware and opens Payroll"


def _at_the_link(scene: Scene) -> tuple[DemoPerson, BrowserPage]:
    """Alice at the page of the link that she made."""
    alice, page = signed_in_at(scene, ALICE, "/admin/setup-links")
    return alice, alice.browser.follow(page, "Proseware")


def _values(scene: Scene) -> dict[str, str]:
    """What Proseware's IT knows of its side."""
    return {
        "section": "oidc",
        "issuer": scene.cast.at.partners[PROSEWARE],
        "client_id": "contoso-broker",
        "client_secret": _secret(scene),
        "domains": "proseware.example",
    }


def _secret(scene: Scene) -> str:
    return (scene.cast.home / "secrets" / PROSEWARE).read_text("utf-8").strip()


def _invited(scene: Scene) -> str:
    link: str = scene.cast.broker.invite(PIA.email, PAYROLL, login(scene.cast.at.payroll), "--name", PIA.name)["redeem_url"]
    return link
