"""LP-02: what strangers send stands in the log, in receipts and on a terminal as one line, without anything that a reader obeys."""

from __future__ import annotations

import json
import logging

import pytest
from click.testing import CliRunner

from broker.cli import broker
from broker.cli.output import plain, print_json
from broker.demo.browser import Browser
from broker.domain.audit import Actor, Event
from broker.domain.text import printable
from broker.services.history import audit
from broker.storage.login import receipts
from tests import factories
from tests.journeys.world import ADA, SECRET, World

EVIL = 'x\r\nFAKE level=error "},{"a":1}\x1b[31m\x1b]0;title\x07\x9b2J\u2028\u202e\x00'
ENCODED = "x%0d%0aFAKE%20level=error%22%7D%1b%5b31m%c2%9b2J%e2%80%a8"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that we log, at every level."""
    caplog.set_level(logging.DEBUG)
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[str]:
    """Our lines, as a handler would write them."""
    return [record.getMessage() for record in log.records if record.name.startswith("broker")]


def test_one_line_each(world: World, log: pytest.LogCaptureFixture) -> None:
    """LP-02: address, User-Agent, path, parameters, the partner's error: CR LF, ANSI, JSON breaks make no line of their own."""
    world.redeem(world.visitor())
    ada = world.visitor(headers={"User-Agent": 'x" \x1b[31mFAKE \\n{"a":1}'})
    callback = ada.open(world.request()[0], stop_at=f"{world.url}/oidc").location or ""
    query = callback.partition("?")[2]
    reached = [
        ada.browser.get(f"{world.url}/oidc/fab{ENCODED}/callback?{query}"),
        ada.browser.get(f"{callback.partition('code=')[0]}error={ENCODED}&error_description={ENCODED}"),
        Browser().get(f"{world.url}/authorize?client_id={ENCODED}&redirect_uri={ENCODED}"),
        Browser().get(f"{world.url}/{ENCODED}"),
        Browser().post(f"{world.url}/token", {"grant_type": EVIL, "client_id": EVIL, "code": EVIL}),
        Browser().post(f"{world.url}/saml/acs", {"SAMLResponse": EVIL, "RelayState": EVIL[:60]}),
        Browser().get(f"{world.url}/saml/{ENCODED}/metadata"),
    ]
    page = world.visitor().browser.get(world.request()[0])
    reached.append(world.visitor().browser.submit(page, {"email": EVIL}))
    assert all(400 <= page.status < 500 or page.status == 502 or page.name == "home-organization" for page in reached), reached
    written = lines(log)
    assert len(written) >= 5
    assert [line for line in written if not line.isprintable()] == []
    assert [line for line in written if line.startswith("FAKE")] == []


def test_a_receipt_on_a_terminal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """LP-02: `broker sign-ins` shows the trail of such a sign-in without obeying it, as text and as JSON."""
    monkeypatch.setenv("SECRET", SECRET)
    step = {"at": world.clock(), "step": "upstream", "result": "refused", "reason": EVIL, "detail": EVIL, "arrived": [EVIL]}
    receipt = factories.receipt(steps=(step,), reason=EVIL)
    with world.broker.core.db.write() as tx:
        receipts.save(tx, receipt)
    reference = receipt.request_id
    for more in ([], ["--json"]):
        shown = CliRunner().invoke(broker, ["sign-ins", "--request", reference, *more, "--home", str(world.home)])
        assert shown.exit_code == 0, shown.output
        assert "FAKE" in shown.stdout
        rows = shown.stdout.splitlines()
        assert [row for row in rows if not row.isprintable() or row.startswith("FAKE")] == []
    assert json.loads(shown.stdout)["request_id"] == reference


def test_an_audit_event_is_one_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """LP-02: an export of the audit has one line an event, whatever is in it."""
    monkeypatch.setenv("SECRET", SECRET)
    said = EVIL.replace("\x00", "")  # PostgreSQL takes no NUL in a text
    with world.broker.core.db.write() as tx:
        audit.record(tx, Event(name="x.y", actor=Actor.person(address=said), reason=said, target=said), world.clock())
    shown = CliRunner().invoke(broker, ["audit", "export", "--home", str(world.home)])
    rows = shown.stdout.splitlines()
    assert all(row.isascii() and row.isprintable() for row in rows)
    assert [json.loads(row)["reason"] for row in rows if json.loads(row)["name"] == "x.y"] == [said]


def test_text_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    """LP-02: control characters, separators, directions and what cannot be seen become a mark; long text is cut."""
    assert printable("Ada Bøgh") == "Ada Bøgh"
    assert printable(EVIL).isprintable()
    assert printable("x" * 600) == "x" * 500 + "..."
    assert plain(None) == "-"
    assert plain("x" * 600) == "x" * 600
    print_json({"name": EVIL, "to": ADA.email})
    written = capsys.readouterr().out
    assert json.loads(written)["name"] == EVIL
    assert all(row.isprintable() for row in written.splitlines())
