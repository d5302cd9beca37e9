"""The mailbox page."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from broker.demo.mailbox import Note, create_mailbox, read_mails


def test_mailbox(tmp_path: Path) -> None:
    """Text parts with clickable links, newest first, and the demo's own invitations; markup of a mail stays text."""
    notes: list[Note] = []
    client = create_mailbox(tmp_path / "mail", notes).test_client()
    assert "No mail yet." in client.get("/").get_data(as_text=True)
    folder = tmp_path / "mail"
    folder.mkdir()
    message = EmailMessage()
    message["To"], message["Subject"] = "ada@fabrikam.example", "Contoso nodigt je uit <b>"
    message.set_content("Hello & welcome <i>\nhttp://localhost:8080/i/abc?x=1&y=2.\n")
    message.add_alternative("<p>html</p>", subtype="html")
    (folder / "1.eml").write_bytes(message.as_bytes())
    (folder / "2.eml").write_bytes(b"")
    notes.append(Note("Contoso invites Ada", "http://localhost:8080/i/xyz"))
    page = client.get("/").get_data(as_text=True)
    assert '<a href="http://localhost:8080/i/abc?x=1&amp;y=2">' in page
    assert '<a href="http://localhost:8080/i/xyz">Contoso invites Ada</a>' in page
    assert "<i>" not in page
    assert "html</p>" not in page
    assert [mail.links for mail in read_mails(folder) if mail.to] == [["http://localhost:8080/i/abc?x=1&y=2"]]


def test_fc_16_a_mail_is_shown_as_html(tmp_path: Path) -> None:
    """In a frame that runs no script, with its picture in it; the text stands beside it and wraps."""
    message = EmailMessage()
    message["To"], message["Subject"] = "ada@fabrikam.example", "Contoso invites you"
    message.set_content("Accept: http://localhost:8080/i/abc\n")
    message.add_alternative('<p>Hello <img src="cid:logo"></p><script>alert(1)</script>', subtype="html")
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(b"PNG", "image", "png", cid="<logo>")
    (tmp_path / "1.eml").write_bytes(message.as_bytes())
    page = create_mailbox(tmp_path).test_client().get("/").get_data(as_text=True)
    assert 'sandbox="allow-top-navigation-by-user-activation" srcdoc="&lt;base target=&quot;_top&quot;&gt;&lt;p&gt;Hello' in page
    assert "data:image/png;base64,UE5H" in page
    assert "<script>" not in page
    assert '<pre class="mail">Accept: <a href="http://localhost:8080/i/abc">' in page
