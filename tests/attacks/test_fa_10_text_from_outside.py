"""FA-10: what a partner says of a person goes into mails to staff and into columns of the database: one line, and no longer than both hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import String, select

from broker.connectors.mapping import MAX_LINE
from broker.connectors.saml.subject import MAX_SUBJECT
from broker.domain import assurance
from broker.provider.request import CAPS
from broker.saml.metadata import MAX_ENTITY_ID
from broker.settings import names
from broker.storage.tables import base, people
from tests.journeys.test_mismatch import BOSS, told, tried
from tests.journeys.world import ADA, BO, World

HOSTILE = ("Ada Fabrik\r\n\r\nYour mailbox is full. Confirm it at https://evil.example/now\r\n\u2028\u202e" * 40)[:2048]
LONG = {
    "name": HOSTILE,
    "given_name": "\U0001f600" * 2048,
    "family_name": "\ufdfa" * 2048,
    "nickname": "n\n" * 1024,
    "preferred_username": "u" * 2048,
}


def test_fa_10_a_name_becomes_no_paragraph_of_a_mail(both: World) -> None:
    """The display name of a stranger stands in one line of the mail to the sponsor, cut; it was paragraphs of our own mail."""
    both.partners["fabrikam"].accounts[BO.subject] = replace(BO, name=HOSTILE, claims=LONG)
    invited = both.invite(sponsor=BOSS)
    assert tried(both, both.visitor(BO), invited).error == "invitation_mismatch"
    assert told(both) == [BOSS]
    text = both.mails(BOSS)[0].text
    assert not [line for line in text.splitlines() if line.strip().startswith("Your mailbox is full")]
    assert text.count("https://evil.example") <= MAX_LINE // 20
    assert "\u202e" not in text


def test_fa_10_a_name_has_no_line_of_its_own(both: World) -> None:
    """An account that changed hands says a link as its name: in the mail it stands in our sentence about it, never alone."""
    link = "https://evil.example/question"
    both.redeem(both.visitor(ADA), both.invite(sponsor=BOSS))
    both.partners["fabrikam"].accounts["ada"] = replace(ADA, name=f"Open {link} first", email="new@fabrikam.example")
    who = both.visitor(ADA)
    who.halt_at = ("email-code",)
    page = both.arrive(who, login_hint=ADA.email)
    assert who.browser.submit(page, press="I can't read e-mail there").error == "not_invited"
    mail = both.mails(BOSS)[0]
    assert [line.startswith("The account of ") for line in mail.text.splitlines() if link in line] == [True]


def test_fa_10_the_longest_texts_of_a_partner_sign_in(both: World) -> None:
    """Over 256 characters of a name it was a 500 on PostgreSQL, where a String(n) is no more than n."""
    who = replace(ADA, subject="s" * 255, name=HOSTILE, claims=LONG)
    both.partners["fabrikam"].accounts[who.subject] = who
    visitor = both.visitor(who)
    assert both.redeem(visitor).location is not None
    assert both.arrive(visitor, nonce="n" * CAPS["nonce"], state="x" * CAPS["state"]).location is not None
    with both.broker.core.db.read() as tx:
        name = tx.execute(select(people.c.name).where(people.c.email == ADA.email)).scalar_one()
    assert name.isprintable()
    assert len(name) <= MAX_LINE


@pytest.mark.parametrize(
    ("table", "column", "longest"),
    [
        ("people", "name", MAX_LINE),
        ("people", "folded_name", 256),
        ("people", "email", 254),
        ("identities", "issuer", max(MAX_ENTITY_ID, names.LONGEST)),
        ("identities", "subject", MAX_SUBJECT),
        ("sessions", "issuer", max(MAX_ENTITY_ID, names.LONGEST)),
        ("grants", "nonce", CAPS["nonce"]),
        ("grants", "acr", max(map(len, (assurance.MFA, assurance.SFA)))),
        ("sessions", "acr", max(map(len, (assurance.MFA, assurance.SFA)))),
        ("receipts", "claimed", 254),
        ("logins", "login_hint", 254),
    ],
)
def test_fa_10_columns_hold_what_can_reach_them(table: str, column: str, longest: int) -> None:
    """Where a text from outside is cut or refused stands before its column: the limit of the one is within the other."""
    kind = base.metadata.tables[table].c[column].type
    assert isinstance(kind, String)
    assert kind.length is None or longest <= kind.length
