"""The steps in which somebody is refused: who was not invited, and what a partner gets wrong."""

from __future__ import annotations

from broker.demo.cast import ADA, BO, CLEO, MALLORY, NORA, login
from broker.demo.faults import Fault
from broker.demo.person import DemoPerson
from broker.demo.relying import SignInFailed
from broker.demo.story.scene import NotHeld, Scene, expect, landed, refused, visitor


def uninvited(scene: Scene) -> str:
    """A colleague of Ada whom nobody invited."""
    page = visitor(BO).open(login(scene.cast.at.payroll))
    refused(page, "not_invited")
    receipt = scene.receipt(page)
    expect(
        receipt["error"] == "not_invited" and receipt["outcome"] in ("blocked", "failed"),
        f"{receipt['outcome']}, {receipt['error']}",
    )
    expect(scene.guest(BO) is None, "a guest was created")
    return f"not_invited, nothing created; receipt {page.request_id} says {receipt['reason'] or receipt['error']}"


def other_partner(scene: Scene) -> str:
    """Northwind vouches for somebody who has Ada's address."""
    mallory = DemoPerson(NORA.email, MALLORY.subject)
    page = mallory.open(login(scene.cast.at.payroll))
    refused(page, "not_invited")
    expect("partner-login" in mallory.seen, "Northwind was never asked")
    guest = scene.guest(ADA)
    expect(guest is not None and guest["partner"] == "fabrikam", "Ada's home organization changed")
    return "an address alone finds nobody: not_invited, Ada's binding untouched"


def fault(scene: Scene, wrong: Fault) -> str:
    """Fabrikam gets something wrong; then it is put right, and Ada goes on in the same browser."""
    ada, provider = visitor(ADA), scene.cast.partners["fabrikam"]
    provider.fault = wrong.name
    try:
        page = ada.open(login(scene.cast.at.payroll))
        refused(page, wrong.page)
        expect("<script>alert" not in page.text, "the partner's text was shown")
    finally:
        provider.fault = "none"
    scene.refusals[page.request_id] = wrong.page
    landed(ada.again(page), scene.cast.at.payroll)
    return f"{wrong.page}; put right, the same browser gets in"


def receipts(scene: Scene) -> str:
    """The reference on each of those pages leads to the check that failed, also after the person got in by the same login."""
    found = {receipt["request_id"]: receipt for receipt in scene.cast.broker.ask("sign-ins", "--limit", "1000")}
    missing = [reference for reference in scene.refusals if reference not in found]
    expect(bool(scene.refusals) and not missing, f"no receipt for {', '.join(missing)}")
    reasons = [
        {step["reason"] for step in found[reference]["steps"] if step["result"] == "refused"}
        | {found[reference]["reason"]} - {""}
        for reference in scene.refusals
    ]
    expect(all(reasons), "a receipt without a reason")
    return f"{len(reasons)} refusals explained: {', '.join(sorted(set().union(*reasons)))}"


def silent_partner(scene: Scene) -> str:
    """Fabrikam does not say when Ada signed in: enough for every day, not for an application that asks for a fresh sign-in."""
    ada, provider, party = visitor(ADA), scene.cast.partners["fabrikam"], scene.cast.payroll
    provider.fault = "no_auth_time"
    try:
        scene.sign_in(ada, party)
        scene.sign_in(ada, party, prompt="login")
    except SignInFailed as error:
        expect(error.error == "login_required", f"prompt=login: {error.error}")
    else:
        raise NotHeld("prompt=login held without auth_time")
    finally:
        provider.fault = "none"
    return "signs in, but prompt=login is login_required: nothing is made up"


def unproven_mail(scene: Scene, wrong: Fault) -> str:
    """Cleo redeems while her organization does not prove her address; then it does."""
    provider, link = scene.cast.partners["fabrikam"], scene.cast.invite(CLEO)["redeem_url"]
    cleo = visitor(CLEO)
    provider.fault = wrong.name
    try:
        page = cleo.open(link)
    finally:
        provider.fault = "none"
    expect(page.name in ("email-code", "error"), f"ended at {page}")
    guest = scene.guest(CLEO)
    expect(guest is not None and guest["state"] == "invited", f"the guest is {guest and guest['state']}")
    said = page.error or page.name
    return f"{said}: nothing is bound without proof of the address"


def redeemed_after_all(scene: Scene) -> str:
    """The same invitation with an honest partner."""
    page = visitor(CLEO).open(scene.cast.invite(CLEO)["redeem_url"])
    landed(page, scene.cast.at.payroll)
    return "a new link of the same invitation works as soon as the address is proven"


def new_key(scene: Scene) -> str:
    """Fabrikam signs with a new key from one day to the next, and no longer publishes the old one.

    Keys are looked for once a minute and partner, and the faults before have used that up: staff fetch them by hand.
    """
    scene.cast.partners["fabrikam"].rotate_key(keep=False)
    scene.cast.broker.run("partners", "refresh", "fabrikam")
    landed(visitor(ADA).open(login(scene.cast.at.payroll)), scene.cast.at.payroll)
    return "broker partners refresh takes the new key up at once"


def doctor(scene: Scene) -> str:
    """Somebody in support looks at Northwind, whose clock is slow, and again after it was put right."""
    provider = scene.cast.partners["northwind"]
    provider.fault = "skewed_clock"
    try:
        sick = scene.cast.broker.command("doctor", "northwind")
    finally:
        provider.fault = "none"
    expect(sick.returncode == 1 and "clock" in sick.stdout, f"exit {sick.returncode}: {sick.stdout}{sick.stderr}")
    well = scene.cast.broker.command("doctor", "northwind")
    expect(well.returncode == 0, f"exit {well.returncode}: {well.stdout}{well.stderr}")
    return "broker doctor names the clock, and finds nothing once it is right"
