"""FB-16, FB-17: lists as Excel saves them are read, and an end in a mail is a whole day or has a time and a zone."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.web.i18n import Languages
from tests.journeys.test_commands import Run, run
from tests.journeys.world import World

__all__ = ["run"]  # the fixture

ADA, BO = "ada@fabrikam.example", "bo@fabrikam.example"
GOOD = {
    "sep=": f"sep=;\nemail;name\n{ADA};Ada\n{BO};Bo\n",
    "quoted sep": f'"sep=;"\nemail;name\n{ADA};Ada\n{BO};Bo\n',
    "empty columns at the end": f"email;name;;\n{ADA};Ada;;\n{BO};Bo;;\n",
    "blank first line": f"\n;;\nemail;name\n{ADA};Ada\n{BO};Bo\n",
    "tabs": f"email\tname\n{ADA}\tAda\n{BO}\tBo\n",
    "byte order mark and CRLF": f"\ufeffEmail;Name\r\n{ADA};Ada\r\n{BO};Bo\r\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_fb_17_a_list_of_a_spreadsheet_is_read(world: World, run: Run, tmp_path: Path, name: str) -> None:
    """Each line is counted as it stands in the file."""
    path = tmp_path / "list.csv"
    path.write_text(GOOD[name], encoding="utf-8", newline="")
    result = run("invite", "--csv", str(path), "--no-mail")
    assert result.exit_code == 0, result.stderr
    lines = [line.split("\t")[:3] for line in result.stdout.splitlines()[:2]]
    text = GOOD[name].splitlines()
    wanted = [[str(number), "invited", email] for number, line in enumerate(text, 1) for email in (ADA, BO) if email in line]
    assert lines == wanted
    assert world.broker.guests.directory.show(ADA).person.name == "Ada"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("email;nmae\n", "line 1: unknown column 'nmae'; columns are email, and any of name, "),
        ("sep=;\n\nemail;name;email\n", "line 3: column 'email' stands there twice"),
        ("name,message\n", "line 1: there is no column 'email'"),
        ("email;;name\n", "line 1: unknown column 'without a name'"),
        ("\n\n", "the file is empty"),
        ("", "the file is empty"),
    ],
)
def test_fb_17_a_bad_head_is_named(run: Run, tmp_path: Path, text: str, said: str) -> None:
    """One line with the column."""
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    result = run("invite", "--csv", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(said), result.stderr


def test_fb_17_a_typographic_apostrophe_is_warned_of(run: Run, tmp_path: Path) -> None:
    """In a list and for one address; the address is taken as it stands."""
    path = tmp_path / "list.csv"
    path.write_text("email\no\u2019hara@fabrikam.example\n", encoding="utf-8")
    assert "look twice: the address has \u2019" in run("invite", "--csv", str(path), "--no-mail").stdout
    assert "look twice: the address has \u2019" in run("invite", "d\u2019arcy@fabrikam.example", "--no-mail").stderr
    assert run("invite", "o'hara@fabrikam.example", "--no-mail").stderr == ""


def test_fb_16_an_end_is_a_whole_day_or_has_a_time_and_a_zone() -> None:
    """A link that ends at 00:28 does not work on that day; an access whose last day is the 30th ends with the midnight after it."""
    english, dutch = (Languages().translator(name) for name in ("en", "nl"))
    midnight = 1_796_083_200  # 2026-12-01T00:00:00Z
    assert english.end(midnight) == "November 30, 2026"
    assert english.end(midnight + 28 * 60) == "December 1, 2026, 00:28 UTC"
    assert dutch.end(midnight) == "30 november 2026"


def test_fb_16_the_mail_says_when_its_link_ends(world: World) -> None:
    """In text and HTML alike."""
    invited = world.invite(ADA, mail=True)
    assert invited.invitation.expires_at % 86_400 != 0
    (mail,) = world.mails(ADA)
    assert " UTC." in mail.text
