"""FC-05, FC-07, FC-10, FC-11: lists and shows of everything, texts without Python, one kind of time, deletion that asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from broker.cli import broker
from broker.storage.oauth import sessions
from tests.journeys.test_commands import Run, as_json, run
from tests.journeys.world import ACTOR, ADA, BO, NORA, World

__all__ = ["run"]  # the fixture

PYTHON = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\['|\{'|\('|<[A-Za-z_.]+ object|datetime\.|frozenset|State\.|Kind\.")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def lived_in(world: World) -> World:
    """A world in which something of each kind exists."""
    world.broker.access.groups.create(ACTOR, "Empty")
    world.broker.access.groups.create(ACTOR, "Finance", partner="fabrikam")
    world.redeem(world.visitor(ADA))
    world.sign_in(world.visitor(ADA))
    world.invite(BO.email, sponsor="cleo@contoso.example", mail=True)
    world.broker.access.assignments.assign(ACTOR, "travel", "Finance", ends_at=world.clock() + 9_999_999)
    world.broker.guests.lifecycle.renew(ACTOR, ADA.email, until=world.clock() + 9_999_999)
    world.arrive(world.visitor(NORA))
    world.broker.operations.housekeeping.run()
    return world


COMMANDS = [
    ["guests", "list"],
    ["guests", "show", ADA.email],
    ["guests", "show", BO.email],
    ["groups", "list"],
    ["groups", "show", "Empty"],
    ["groups", "show", "Finance"],
    ["assign", "payroll", "--list"],
    ["assign", "travel", "--list"],
    ["invitations", "list"],
    ["invitations", "show", BO.email],
    ["applications", "list"],
    ["applications", "show", "payroll"],
    ["applications", "show", "travel"],
    ["partners", "list"],
    ["partners", "show", "fabrikam"],
    ["sign-ins"],
    ["doctor", "fabrikam", "--offline"],
    ["doctor", "--application", "payroll", "--offline"],
    ["keys", "list"],
    ["policy", "what-if", "--user", ADA.email, "--application", "payroll"],
    ["check"],
    ["maintain"],
]


def numbers(value: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """Every number of a document that could be a time, by its name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, name)
    elif isinstance(value, int) and not isinstance(value, bool) and value > 1_000_000_000:
        yield name, value


def test_fc_05_text_has_no_python_in_it(lived_in: World, run: Run) -> None:
    """Tables and sentences: no repr of a list or dict, no None, no True; receipts of an allowed and of a refused sign-in, too."""
    rows = as_json(run("sign-ins", "--json"))
    commands = [*COMMANDS, *(["sign-ins", "--request", row["request_id"]] for row in rows)]
    for words in commands:
        result = run(*words)
        assert result.exception is None or isinstance(result.exception, SystemExit), words
        assert result.stdout, words
        found = PYTHON.search(result.stdout)
        assert found is None, (words, found, result.stdout)


def test_fc_07_every_time_is_iso_8601(lived_in: World, run: Run) -> None:
    """No document holds seconds since 1970, on whatever level."""
    rows = as_json(run("sign-ins", "--json"))
    commands = [
        *COMMANDS,
        ["guests", "export", ADA.email],
        ["audit", "export"],
        *(["sign-ins", "--request", row["request_id"]] for row in rows),
    ]
    for words in commands:
        result = run(*words, *([] if words[:2] == ["guests", "export"] else ["--json"]))
        document = json.loads(result.stdout)
        if words == ["audit", "export"]:  # what an event says stands as it was written: its HMAC covers that
            document = [{name: value for name, value in event.items() if name != "data"} for event in document]
        assert list(numbers(document)) == [], words
    receipt = as_json(run("sign-ins", "--request", rows[0]["request_id"], "--json"))
    assert TIME.fullmatch(receipt["facts"]["now"])


def test_fc_10_delete_prints_the_address_and_asks(lived_in: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal it refuses unless --yes; on one it asks with the address, and No changes nothing."""
    refused = run("guests", "delete", ADA.email)
    assert (refused.exit_code, "--yes" in refused.stderr) == (1, True)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True)
    home = ["--home", str(lived_in.home)]
    asked = CliRunner().invoke(broker, ["guests", "delete", ADA.email, *home], input="n\n")
    assert asked.exit_code == 1
    assert f"Delete {ADA.email} ({ADA.name}, active, id " in asked.stderr
    assert lived_in.broker.guests.directory.show(ADA.email).person.name == ADA.name
    done = CliRunner().invoke(broker, ["guests", "delete", ADA.email, *home], input="y\n")
    assert done.stdout.startswith(f"deleted {ADA.email} (")
    gone = as_json(run("guests", "delete", BO.email, "--yes", "--json"))
    assert (gone["email"], gone["state"]) == (BO.email, "deleted")


def test_fc_11_applications_and_partners(lived_in: World, run: Run) -> None:
    """What the files name, without secrets, with the last sign-in."""
    names = [row["client_id"] for row in as_json(run("applications", "list", "--json"))]
    assert names == ["payroll", "travel"]
    shown = run("applications", "show", "payroll", "--json")
    assert "only-for-tests" not in shown.stdout
    row = as_json(shown)
    assert (row["client_type"], row["name"]) == ("secret", "Payroll")
    assert TIME.fullmatch(row["last_sign_in"])
    partner = as_json(run("partners", "show", "fabrikam", "--json"))
    assert (partner["id"], partner["protocol"], partner["status"]) == ("fabrikam", "oidc", "ready")
    assert partner["register"] == f"{lived_in.url}/oidc/fabrikam/callback"
    assert [one["id"] for one in as_json(run("partners", "list", "--json"))] == ["fabrikam", "northwind", "staff"]
    for word in ("applications", "partners"):
        missing = run(word, "show", "nope")
        assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)


def test_fc_11_invitations(lived_in: World, run: Run) -> None:
    """list, show, resend (a new link, the old one dead), revoke; what cannot be done is one line."""
    (pending,) = as_json(run("invitations", "list", "--status", "pending", "--json"))
    assert (pending["email"], pending["status"]) == (BO.email, "pending")
    assert [row["status"] for row in as_json(run("invitations", "list", "--guest", ADA.email, "--json"))] == ["redeemed"]
    lived_in.clock.advance(1)
    again = as_json(run("invitations", "resend", pending["id"], "--json"))
    assert (again["status"], again["mails"][0]["status"], again["id"] != pending["id"]) == ("pending", "sent", True)
    assert as_json(run("invitations", "show", pending["id"], "--json"))["status"] == "revoked"
    assert run("invitations", "resend", pending["id"]).exit_code == 1
    printed = run("invitations", "resend", BO.email, "--no-mail").stdout
    link = next(line for line in printed.splitlines() if line.startswith("http"))
    revoked = as_json(run("invitations", "revoke", BO.email, "--reason", "a mistake", "--json"))
    assert revoked["status"] == "revoked"
    assert lived_in.visitor(BO).open(link).error == "invitation_expired"
    for words in (("revoke", BO.email), ("resend", ADA.email), ("show", "nobody@x.example")):
        result = run("invitations", *words)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), words


def test_fc_11_sign_out(both: World) -> None:
    """Sessions and tokens end at once, the guest stays and signs in again."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    tokens = both.sign_in(ada)
    person = both.broker.guests.directory.show(ADA.email).person
    ended = both.broker.guests.lifecycle.sign_out(ACTOR, ADA.email, reason="a lost laptop")
    assert (ended.sessions, ended.clients) == (1, ("payroll",))
    with pytest.raises(Exception, match="invalid_grant"):
        both.party.refresh(tokens.refresh_token or "", tokens)
    with both.broker.core.db.read() as tx:
        assert sessions.live_of(tx, person.id, both.clock()) == []
    assert both.sign_in(ada).id_token


def test_fc_11_mail_test(world: World, run: Run) -> None:
    """A mail leaves at once, past the outbox; where the server does not take it, its words are the error."""
    assert run("mail", "test", "Cleo@Contoso.example").stdout.startswith(
        "Test mail sent to cleo@contoso.example by folder:var/mail"
    )
    assert [mail.subject for mail in world.mails("cleo@contoso.example")] == ["Contoso: test mail"]
    assert run("mail", "test", "nobody").exit_code == 1
    path = world.home / "config/broker.yaml"
    path.write_text(path.read_text() + "mail: {server: 'smtp://127.0.0.1:1'}\n")
    failed = run("mail", "test", "cleo@contoso.example")
    assert (failed.exit_code, "127.0.0.1:1" in failed.stderr) == (1, True)
