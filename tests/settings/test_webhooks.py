"""`webhooks` of broker.yaml: what is refused, what is warned of (EV-06)."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import cautions, load
from tests.settings.homes import BROKER, ENVIRON, good, of

GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ONE = '{id: crm, url: "https://crm.example/e", secret: SECRET, events: [guest.blocked]}'.replace("SECRET", GOOD)
HOW = "is no secret of a webhook; write whsec_ and the base64 of 24 to 64 random bytes"
EVENTS = (
    "guest.invited, guest.invitation_delivered, guest.invitation_bounced, guest.redeemed, guest.blocked, guest.expired, guest.deleted,"
    " guest.sign_in_refused, guest.access_requested"
)
CASES = {
    ONE.replace(GOOD, GOOD[6:]): f"webhooks.0.secret: {HOW}",
    ONE.replace(GOOD, GOOD[:-4]): f"webhooks.0.secret: {HOW}",
    ONE.replace(GOOD, "whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"): f"webhooks.0.secret: {HOW}",
    f"{ONE}, {ONE}": "webhooks.1.id: 'crm' is the id of two webhooks; choose another one",
    ONE.replace("crm,", "C R M,"): "webhooks.0.id: 'C R M' is no id; write at most 32 of a-z, 0-9, - and _",
    ONE.replace("[guest.blocked]", "[guest.block]"): f"webhooks.0.events.0: 'guest.block' is no event; write some of {EVENTS}",
    ONE.replace("[guest.blocked]", "[]"): f"webhooks.0.events: is empty, so nothing would be sent; write some of {EVENTS}",
    ONE.replace(
        "https:", "ftp:"
    ): "webhooks.0.url: 'ftp://crm.example/e' is not https (url_not_allowed); write https://HOST/PATH",
    ONE.replace("https:", "http:"): "webhooks.0.url: 'http://crm.example/e' is http (url_not_allowed); "
    "write https://, or list its host in network.allow_private_addresses of broker.yaml",
}


@pytest.mark.parametrize("written", CASES)
def test_each_mistake_has_its_line(written: str, tmp_path: Path) -> None:
    """EV-06, EV-05: `broker check` names the key and what to write, and never the secret."""
    (found,) = of("broker", tmp_path, f"{BROKER}webhooks: [{written}]\n")
    assert found.partition(": ")[2] == CASES[written]
    assert GOOD[6:30] not in found


def test_a_good_webhook(tmp_path: Path) -> None:
    """Read as written; the secret is not printed, and one that stands in the file is warned of (FC-09)."""
    home = good(tmp_path, broker=f"{BROKER}webhooks: [{ONE}]\n")
    (webhook,) = load.load(home, ENVIRON).broker.webhooks
    assert (webhook.id, webhook.url, webhook.events) == ("crm", "https://crm.example/e", ("guest.blocked",))
    assert webhook.secret.get_secret_value() == GOOD
    assert GOOD not in repr(webhook)
    notes = [str(one) for one in cautions.notes(load.read(home, ENVIRON))]
    assert [one for one in notes if "webhooks.0.secret: the secret stands in the file itself" in one]
