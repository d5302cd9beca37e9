"""The part of the story about Uma, whom nobody invited: she signs up for Ledger, and Bob, who owns it, lets her in."""

from __future__ import annotations

import re
import time

from broker.demo.cast import BOB, UMA
from broker.demo.home import LEDGER
from broker.demo.mailbox import read_mails
from broker.demo.story.email_codes import PATIENCE
from broker.demo.story.scene import NotHeld, Scene, expect, visitor

_QUESTION = re.compile(r"http\S+/question/\S+")


def sign_up(scene: Scene) -> str:
    """The form, her sign-in at Fabrikam as the proof, Bob's button, and her first sign-in."""
    uma, form = visitor(UMA), f"{scene.cast.at.broker}/sign-up/{LEDGER}"
    told = {"email": UMA.email, "name": UMA.name, "company": "Fabrikam", "reason": "I check the year-end figures."}
    pending = uma.walk(uma.browser.submit(uma.browser.get(form), told))
    expect(pending.name == "sign-up-pending", f"ended at {pending}")
    bob = visitor(BOB).browser
    answered = bob.submit(bob.get(_link(scene)), {"until": "", "words": "Welcome."}, press="Approve")
    expect(answered.name == "question-answered", f"Bob ended at {answered}")
    done = uma.walk(uma.browser.get(pending.url))
    expect(done.name == "sign-up-done", f"ended at {done}")
    said = scene.sign_in(uma, scene.cast.ledger).claims
    expect(said.get("roles") == ["viewer"], f"the ID token says {dict(said)}")
    return "form > partner > request > Bob's e-mail > access as viewer, with consent at the first sign-in"


def _link(scene: Scene) -> str:
    """The link in Bob's e-mail about Uma."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for mail in read_mails(scene.cast.home / "var" / "mail"):
            found = _QUESTION.search(mail.text)
            if mail.to == BOB.email and UMA.email in mail.text and found is not None:
                return found[0]
        time.sleep(0.1)
    raise NotHeld(f"no e-mail to {BOB.email} after {PATIENCE:g} s")
