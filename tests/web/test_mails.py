"""Mails in words: four languages, complete as text, nothing fetched, nothing injected."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.domain.mail import Mail, MailKind
from broker.settings.broker_file import LANGUAGES
from broker.settings.load import load
from broker.web.mails import Mails
from tests.clock import START

URL = "https://login.contoso.example/invitation/abc"
VALUES = {
    "name": "Ada <b>",
    "inviter": "bob@contoso.example",
    "message": "Hello\n<script>x</script>",
    "application": "Payroll & more",
    "partner": "Fabrikam",
    "url": URL,
    "until": START,
}


@pytest.fixture
def mails(tmp_path: Path) -> Mails:
    """Contoso's mails, with a brand."""
    brand = tmp_path / "config" / "brand"
    brand.mkdir(parents=True)
    (brand / "theme.css").write_text(":root { --brand-accent: #7a1f5c; }")
    (brand / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "config" / "broker.yaml").write_text(
        "issuer: https://login.contoso.example\n"
        "organization: {name: Contoso, support_url: 'mailto:it@contoso.example', privacy_url: https://contoso.example/p}\n"
    )
    settings = load(tmp_path, {})
    return Mails(lambda: settings)


def mail(language: str = "en", **values: object) -> Mail:
    """An invitation."""
    return Mail(kind=MailKind.INVITATION, recipient="ada@fabrikam.example", language=language, values=VALUES | values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete_in_every_language(mails: Mails, language: str) -> None:
    """Link, message, help and privacy stand in the text part; the HTML says the same and fetches nothing."""
    written = mails.write(mail(language))
    for wanted in (URL, "bob@contoso.example", "Payroll & more", "> <script>x</script>", "it@contoso.example", "Ada <b>"):
        assert wanted in written.text
    assert written.html.count(URL) == 3  # the button, the link, and the link's own text
    assert "<script>" not in written.html
    assert 'src="http' not in written.html
    assert "#7a1f5c" in written.html
    assert written.logo == b"\x89PNG"
    assert "\n\n\n" not in written.text


def test_languages_differ(mails: Mails) -> None:
    """Each language has its own words, a foreign one the first."""
    assert len({mails.write(mail(language)).subject for language in LANGUAGES}) == 4
    assert mails.write(mail("xx")).subject == "bob@contoso.example (Contoso) invites you to Payroll & more"


def test_fd_16_the_mail_names_the_inviter(mails: Mails) -> None:
    """In the subject and in the text, where there is one; else the company invites."""
    for language in LANGUAGES:
        written = mails.write(mail(language))
        assert "bob@contoso.example" in written.subject
        assert "bob@contoso.example" in written.html
    assert mails.write(mail(inviter="")).subject == "Contoso invites you to Payroll & more"


def test_fd_13_a_word_mark_stands_alone(mails: Mails, tmp_path: Path) -> None:
    """Beside a logo that says the name the name is not said again; programs that show no images still read it."""
    (tmp_path / "config" / "brand" / "theme.css").write_text(":root { --brand-name: hidden; }")
    html = mails.write(mail()).html
    assert 'alt="Contoso"' in html
    assert "> Contoso</p>" not in html


def test_without_everything(mails: Mails) -> None:
    """No name, inviter, message, application or partner."""
    written = mails.write(mail(name="", inviter="", message="", application="", partner=""))
    assert written.subject == "Contoso invites you"
    assert written.text.startswith("Hello,\n\nOpen this link")


def test_name_of_another_writing_direction(mails: Mails) -> None:
    """AZ-19: such a name is isolated in plain text, others are left as they are."""
    assert "\u2068עדה\u2069" in mails.write(mail(name="עדה")).text
    assert "\u2068" not in mails.write(mail(name="Zoë")).text
