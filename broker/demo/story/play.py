"""The order of the steps, and the telling of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from broker.demo.browser import BrowserError
from broker.demo.cast import Cast
from broker.demo.faults import FAULTS
from broker.demo.process import BrokerProcessError
from broker.demo.relying import SignInFailed
from broker.demo.story import commands, email_codes, factors, green_path, groups, partner_setup, portal, refusals, saml, sign_up
from broker.demo.story.scene import NotHeld, Scene

Step = tuple[str, Callable[[Scene], str]]
UNPROVEN = ("missing_mail", "unverified_mail")


def steps() -> list[Step]:
    """The story in order: title and step."""
    told: list[Step] = [
        ("discovery", green_path.discovery),
        ("invite", green_path.invitation),
        ("mail scanner", green_path.scanner),
        ("redeem", green_path.redemption),
        ("link used twice", green_path.used_link),
        ("sign in", green_path.tokens),
        ("single sign-on", green_path.single_sign_on),
        ("userinfo", green_path.userinfo),
        ("refresh", green_path.refresh),
        ("prompt and max_age", green_path.prompts),
        ("without the link", green_path.without_link),
        ("uninvited", refusals.uninvited),
        ("another partner", refusals.other_partner),
    ]
    for wrong in FAULTS.values():
        if wrong.page:
            told.append((f"fault {wrong.name}", partial(refusals.fault, wrong=wrong)))
        elif wrong.name in UNPROVEN:
            told.append((f"fault {wrong.name}", partial(refusals.unproven_mail, wrong=wrong)))
    return [
        *told,
        ("fault no_auth_time", refusals.silent_partner),
        ("receipts", refusals.receipts),
        ("doctor", refusals.doctor),
        ("partner's new key", refusals.new_key),
        ("address proven", refusals.redeemed_after_all),
        ("member of staff", green_path.member),
        ("not assigned", groups.not_assigned),
        ("group by a rule", groups.by_rule),
        ("assignment taken back", groups.taken_back),
        ("second factor at home", factors.by_partner),
        ("second factor of ours", factors.by_app),
        ("asked the next time", factors.asked_again),
        ("policy what-if", factors.what_if),
        ("tiles", commands.tiles),
        ("who was refused", commands.refused_person),
        ("a wrong application", commands.wrong_application),
        ("group in use", commands.group_in_use),
        ("mail as HTML", commands.html_mail),
        ("sign out", green_path.logout),
        *saml.saml_steps(),
        *email_codes.code_steps(),
        *portal.portal_steps(),
        ("sign-up", sign_up.sign_up),
        *partner_setup.setup_steps(),
    ]


def tell(cast: Cast, say: Callable[[str], None] = print) -> bool:
    """Play all steps, one line each, and say how many held. Returns whether all held; a step that fails does not stop the others."""
    scene, held, story = Scene(cast), 0, steps()
    for title, step in story:
        try:
            line = f"ok    {title:22} - {step(scene)}"
            held += 1
        except (NotHeld, BrowserError, SignInFailed, BrokerProcessError, OSError, LookupError, ValueError) as error:
            line = f"FAIL  {title:22} - {type(error).__name__}: {error}"
        say(line)
    say(f"{held} of {len(story)} steps held")
    return held == len(story)
