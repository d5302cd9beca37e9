"""`broker invite` by mail and by list, as staff sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli import broker
from broker.mail.port import MailRefused
from broker.storage.directory import people
from tests.journeys.world import ADA, SECRET, World

Run = Callable[..., Result]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`broker WORDS` at the world's home, in this process."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("broker.app.system_clock", world.clock)

    def call(*words: str) -> Result:
        return CliRunner().invoke(broker, [*words, "--home", str(world.home)])

    return call


def mails(world: World) -> list[Path]:
    """The mail folder."""
    return sorted((world.home / "var" / "mail").glob("*.eml"))


def test_mail_goes_out_at_once(world: World, run: Run) -> None:
    """Sent before the command ends, and seen by `guests show`."""
    said = json.loads(run("invite", ADA.email, "--application", "payroll", "--cc", "x@contoso.example", "--json").stdout)
    assert [mail["status"] for mail in said["mails"]] == ["sent", "sent"]
    assert len(mails(world)) == 2
    shown = json.loads(run("guests", "show", ADA.email, "--json").stdout)
    assert {mail["recipient"] for mail in shown["mails"]} == {ADA.email, "x@contoso.example"}
    assert "Mail sent to ada@fabrikam.example." in run("invite", ADA.email).stdout


def test_preview_sends_nothing(world: World, run: Run) -> None:
    """The mail as it would be, and nobody is invited."""
    before = world.counts()
    said = run("invite", ADA.email, "--preview", "--message", "See you", "--language", "nl")
    assert "> See you" in said.stdout
    assert "Subject: Contoso nodigt je uit" in said.stdout
    assert json.loads(run("invite", ADA.email, "--preview", "--json").stdout)["to"] == ADA.email
    assert (mails(world), world.counts()) == ([], before)


def test_refused_mail_is_said(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server answered, exit 1; a mail that waits is no failure."""

    def refuse(*_said: object) -> None:
        raise MailRefused("550 no such user")

    monkeypatch.setattr("broker.mail.folder.FolderTransport.send", refuse)
    result = run("invite", ADA.email)
    assert (result.exit_code, "550 no such user" in result.stdout) == (1, True)
    file = world.home / "list.csv"
    file.write_text(f"email\n{ADA.email}x\n")
    result = run("invite", "--csv", str(file))
    assert (result.exit_code, "the mail was refused: 550" in result.stdout) == (1, True)
    monkeypatch.undo()
    monkeypatch.setenv("SECRET", SECRET)
    blocked = world.home / "var" / "mail"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("no folder")
    result = run("invite", ADA.email)
    assert result.exit_code == 0
    assert "waiting: the mail folder cannot be written" in result.stdout


def test_list(world: World, run: Run) -> None:
    """A result a row, on after a bad one, exit 1; the same file again sends no second mail; --dry-run does nothing."""
    file = world.home / "list.csv"
    file.write_text(
        "\ufeffemail;name;language;application\r\nada@fabrikam.example;Ada;nl;payroll\r\nnobody;;;\r\n\r\n"
        "bo@fabrikam.example;Bo;xx;\r\ncy@fabrikam.example;;;;x\r\ndi@fabrikam.example\r\n"
    )
    before = world.counts()
    dry = run("invite", "--csv", str(file), "--dry-run", "--json")
    assert [row["result"] for row in json.loads(dry.stdout)] == ["invite", "bad", "bad", "bad", "invite"]
    assert world.counts() == before
    first = run("invite", "--csv", str(file), "--application", "travel")
    assert first.exit_code == 1
    assert [line.split("\t")[:2] for line in first.stdout.splitlines()] == [
        ["2", "invited"], ["3", "bad"], ["5", "bad"], ["6", "bad"], ["7", "invited"],
    ]  # fmt: skip
    assert first.stderr == "list.csv: 3 bad, 2 invited; correct the bad rows and run the same file again\n"
    again = json.loads(run("invite", "--csv", str(file), "--application", "travel", "--json").stdout)
    assert [row["result"] for row in again] == ["kept", "bad", "bad", "bad", "kept"]
    assert len(mails(world)) == 2
    links = json.loads(run("invite", "--csv", str(file), "--no-mail", "--json").stdout)
    assert links[0]["redeem_url"].startswith("http")


def test_long_list_is_sent_by_the_server(world: World, run: Run) -> None:
    """The first mails leave at once, those of a long list from the outbox."""
    file = world.home / "list.csv"
    file.write_text("email\n" + "".join(f"guest{number}@fabrikam.example\n" for number in range(260)))
    result = run("invite", "--csv", str(file))
    assert result.exit_code == 0
    assert "60 e-mails wait in the outbox" in result.stderr
    assert result.stdout.endswith("list.csv: 260 invited\n")
    assert world.broker.messages.outbox.look() == 60


@pytest.mark.parametrize(
    "text", ["", "name\nAda\n", "email,sponsor\na@b.example,c@d.example\n", "email,email\n", b"email\n\xff\n"]
)
def test_file_that_is_no_list(world: World, run: Run, text: str | bytes) -> None:
    """One clear line, exit 1, nobody invited."""
    file = world.home / "list.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = world.counts()
    result = run("invite", "--csv", str(file))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert world.counts() == before
    assert run("invite", "--csv", str(world.home / "none.csv")).exit_code == 1


def test_usage(run: Run) -> None:
    """Exit 2 for what does not go together."""
    for words in (
        ["a@b.example", "--csv", "x"],
        ["a@b.example", "--dry-run"],
        ["a@b.example", "--cc", "c@d.example", "--no-mail"],
    ):
        assert run("invite", *words).exit_code == 2


def test_fb_18_a_name_of_spaces_is_no_name(world: World) -> None:
    """FB-18: an invitation's name is trimmed, and one of spaces does not replace a name that is known."""
    names = []
    for name in ("  ", " Ada Fabrik ", " "):
        world.invite(name=name)
        with world.broker.core.db.read() as tx:
            person = people.by_email(tx, ADA.email)
        names.append(person.name if person else None)
    assert names == ["", "Ada Fabrik", "Ada Fabrik"]
