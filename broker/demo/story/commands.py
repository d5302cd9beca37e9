"""What staff find with commands: tiles, people and applications that were refused, groups in use, the mail as guests see it."""

from __future__ import annotations

from broker.demo.browser import Browser
from broker.demo.cast import ADA, NORA
from broker.demo.home import LEDGER, PAYROLL, SAFE
from broker.demo.mailbox import read_mails
from broker.demo.story.scene import Scene, expect, refused, visitor


def tiles(scene: Scene) -> str:
    """The access panel shows Safe, and Ledger to those who are assigned."""
    broker, ada = scene.cast.broker, visitor(ADA)
    broker.run("assign", LEDGER, ADA.email)
    panel = ada.open(f"{scene.cast.at.broker}/apps")
    names = {href for _, href in panel.document.links}
    at = scene.cast.at
    expect({f"{at.safe}/login", f"{at.ledger}/login"} <= names, f"the panel leads to {sorted(names)}")
    broker.run("unassign", LEDGER, ADA.email)
    return "Safe and Ledger have tiles"


def refused_person(scene: Scene) -> str:
    """Somebody without an invitation is found by the address that their organization sent."""
    rows = [row for row in scene.cast.broker.ask("sign-ins", "--reason", "not_invited") if row["claimed"]]
    expect(bool(rows), "no refused sign-in with a claimed address")
    found = scene.cast.broker.ask("sign-ins", "--user", rows[0]["user"], "--outcome", "blocked")
    expect(rows[0]["request_id"] in {row["request_id"] for row in found}, f"{rows[0]['user']} is not found")
    return f"sign-ins --user {rows[0]['user']} finds the refusal {rows[0]['request_id']}"


def wrong_application(scene: Scene) -> str:
    """A redirect URI that is not registered: doctor shows what was sent and what the file says."""
    wrong = f"{scene.cast.at.payroll}/calback"
    url, _ = scene.cast.payroll.begin(redirect_uri=wrong)
    refused(Browser().get(url), "bad_request")
    report = scene.cast.broker.command("doctor", "--application", PAYROLL, "--offline").stdout
    expect(f"sent: {wrong}" in report and f"registered: {scene.cast.at.payroll}/callback" in report, report)
    return "doctor --application payroll shows the address that was sent beside the registered one"


def group_in_use(scene: Scene) -> str:
    """A group that is assigned is not deleted in silence."""
    broker = scene.cast.broker
    broker.run("groups", "create", "Keepers")
    broker.run("assign", SAFE, "Keepers")
    kept = broker.command("groups", "delete", "Keepers")
    expect(kept.returncode == 1 and "the assignment to safe" in kept.stderr, f"said {kept.stderr!r}")
    forced = broker.run("groups", "delete", "Keepers", "--force")
    expect("lose safe" in forced, f"said {forced!r}")
    return "refused with what depends on it; --force says what follows"


def html_mail(scene: Scene) -> str:
    """An invitation as the guest's mail program shows it."""
    link = scene.cast.invite(NORA, mail=True)["redeem_url"]
    mail = next(mail for mail in read_mails(scene.cast.home / "var" / "mail") if mail.to == NORA.email and link in mail.text)
    expect(link in mail.html, "the link is not in the HTML")
    page = Browser().get(f"{scene.cast.at.mailbox}/")
    expect("<iframe" in page.text and link in page.text, "the mailbox does not show it")
    return f"{mail.subject!r} in the mailbox, as HTML and as text"
