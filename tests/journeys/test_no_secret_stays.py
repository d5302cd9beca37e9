"""A whole life of a guest at DEBUG: no secret in the log, none in clear in the database."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from broker.storage.tables import metadata
from tests.journeys.saml_world import WANDA, fields, saml_world
from tests.journeys.second_factor import essential, with_phone
from tests.journeys.world import ADA, SECRET, World


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Everything that anybody logs at any level, as it would be written with its arguments and traceback."""
    lines: list[str] = []

    class Keep(logging.Handler):
        """Formats and keeps."""

        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.name} {self.format(record)}")

    keep, root = Keep(level=logging.DEBUG), logging.getLogger()
    before = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(before)
    root.removeHandler(keep)


def test_neither_log_nor_database_holds_a_secret(both: World, log: list[str]):
    """HT-2, HT-4, LP-01: tickets, cookies, codes, verifiers, tokens and client secrets of a sign-in, a refusal and a refresh."""
    ada = both.visitor(ADA)
    invited = both.invite()
    both.redeem(ada, invited)
    url, pending = both.request()
    page = ada.open(url, stop_at=both.callback)
    tokens = both.party.complete(page.query, pending)
    both.party.userinfo(tokens)
    fresh = both.party.refresh(tokens.refresh_token or "", tokens)
    replayed = ada.open(both.request(state="replayed")[0], stop_at=both.callback)
    mallory = both.visitor(ADA)
    refused = mallory.open(invited.redeem_url)
    assert refused.error == "invitation_used"

    secrets = {
        "ticket": invited.redeem_url.rsplit("/", 1)[-1].rsplit("=", 1)[-1],
        "code": page.query["code"],
        "unspent code": replayed.query["code"],
        "verifier": pending.verifier,
        "access token": tokens.access_token,
        "refresh token": tokens.refresh_token or "",
        "next refresh token": fresh.refresh_token or "",
        "ID token": tokens.id_token,
        "client secret": SECRET,
    } | {f"cookie {cookie.name}": cookie.value for cookie in ada.browser.cookies if len(cookie.value) > 20}
    written = "\n".join(log)
    with both.broker.core.db.read() as tx:
        rows = "\n".join(str(tx.execute(text(f"SELECT * FROM {table.name}")).all()) for table in metadata.sorted_tables)
    assert all(len(value) >= 20 for value in secrets.values()), secrets
    assert [name for name, value in secrets.items() if value in written] == []
    assert [name for name, value in secrets.items() if value in rows] == []


def test_neither_an_assertion_nor_a_code_is_in_the_log(world: World, log: list[str]) -> None:
    """LP-01: a SAML response, accepted and posted again; a code by e-mail; key, codes and recovery codes of an authenticator app."""
    with saml_world(world) as saml:
        saml.file()
        wanda = saml.visitor()
        saml.redeem(wanda)
        page = saml.at_the_return(wanda, prompt="login", login_hint=WANDA.email)
        posted = fields(page)
        wanda.browser.proceed(page, stop_at=world.callback)
        wanda.browser.proceed(page, stop_at=world.callback)  # once more
    gwen = "gwen@mailbox.example"
    world.redeem(world.mailbox(gwen), world.invite(gwen))
    mailed = [mail.subject[:8] for mail in world.mails(gwen) if mail.subject[:8].isdigit()]
    ada = world.visitor(ADA)
    world.redeem(ada)
    phone = with_phone(world, ada)
    again = world.visitor(ADA)
    asked = again.open(world.request(**essential(), login_hint=ADA.email)[0])
    assert asked.name == "mfa-challenge", asked
    typed = phone.code()
    again.browser.submit(asked, {"code": typed}, stop_at=world.callback)
    assert mailed
    assert phone.codes
    assert len(posted["SAMLResponse"]) > 1000
    written = "\n".join(log)
    assert "reason=login_used" in written  # the response that was posted again
    long = [posted["SAMLResponse"], posted["RelayState"], phone.secret, *phone.codes]
    assert [value for value in long if value in written] == []
    apart = re.compile(r"(?<![0-9a-f.-])(?:" + "|".join({typed, *mailed}) + r")(?![0-9a-f-])")  # not within an id or a time
    assert apart.findall(written) == []
