"""Messages: the headers of automatic mail, and none that anybody else wrote."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from broker.domain.mail import Written
from broker.mail.folder import FolderTransport
from broker.mail.message import compose
from broker.mail.port import Delayed
from broker.mail.transport import transport_of
from tests.clock import START


def built(**values: object):
    """A message as it arrives; its words may be anything."""
    words = Written(**{"subject": "Hello", "text": "Text\n", "html": "<p>HTML</p>"} | values)  # type: ignore[arg-type]
    return compose(
        words,
        sender="Contoso <no-reply@contoso.example>",
        recipient="ada@fabrikam.example",
        reply_to="bob@contoso.example",
        message_id="1@contoso.example",
        language="nl",
        at=START,
    )


def test_headers_of_automatic_mail() -> None:
    """RFC 3834: nobody's absence note answers; a person's reply goes to the sponsor."""
    message = email.message_from_bytes(built().as_bytes(), policy=email.policy.default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert (message["From"], message["To"]) == ("Contoso <no-reply@contoso.example>", "ada@fabrikam.example")
    assert (message["Reply-To"], message["Message-ID"]) == ("bob@contoso.example", "<1@contoso.example>")
    assert message["Date"].datetime.timestamp() == START
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("subject", ["A\r\nBcc: x@evil.example", "A\nX: y", "A\x00B\u2028C"])
def test_a_subject_is_one_line(subject: str) -> None:
    """IN-13: no line break of an input becomes a header."""
    message = email.message_from_bytes(built(subject=subject).as_bytes(), policy=email.policy.default)
    assert {"Bcc", "X"}.isdisjoint(message.keys())
    assert "\n" not in message["Subject"]


def test_logo_is_inside() -> None:
    """Nothing is fetched when the mail is read."""
    message = email.message_from_bytes(built(logo=b"\x89PNG").as_bytes(), policy=email.policy.default)
    images = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [(part["Content-ID"], part.get_content()) for part in images] == [("<logo>", b"\x89PNG")]


def test_folder(tmp_path: Path) -> None:
    """One .eml a message, for its owner only; the same message again is the same file."""
    transport = transport_of("folder:var/mail", tmp_path, "contoso.example")
    for _ in range(2):
        transport.send(built(), "ada@fabrikam.example")
    transport.close()
    (path,) = (tmp_path / "var/mail").iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o777 == 0o600


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The mail waits."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Delayed, match="cannot be written"):
        FolderTransport(tmp_path / "file").send(built(), "ada@fabrikam.example")
