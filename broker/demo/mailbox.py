"""The mailbox of the demo: the `.eml` files of the mail folder as pages, and the links that the demo itself hands out."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

from flask import Flask

from broker.demo.page import page

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


@dataclass(frozen=True, slots=True)
class Note:
    """Something the demo hands out that is no mail. url: may be empty."""

    title: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One message of the folder. text, html: its parts; the pictures of the HTML are in it."""

    to: str
    subject: str
    date: str
    text: str
    html: str = ""

    @property
    def links(self) -> list[str]:
        """Every address in the text."""
        return _LINK.findall(self.text)


def read_mails(folder: Path) -> list[ReceivedMail]:
    """The messages of a folder, newest first; what cannot be read yet is left for the next time."""
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True) if folder.is_dir() else []
    return [_read(path) for path in files]


def _read(path: Path) -> ReceivedMail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    text = html = ""
    if isinstance(message, EmailMessage):
        part, rich = message.get_body(("plain", "html")), message.get_body(("html",))
        text = part.get_content() if part is not None else ""
        html = _with_pictures(rich.get_content(), message) if rich is not None else ""
    return ReceivedMail(str(message["To"] or ""), str(message["Subject"] or ""), str(message["Date"] or ""), text, html)


def _with_pictures(html: str, message: EmailMessage) -> str:
    """The HTML with its attached pictures (cid:) in it."""
    for part in message.walk():
        name = (part["Content-ID"] or "").strip("<>")
        if name and part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode("ascii")  # type: ignore[arg-type]  # decoded: bytes
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{data}")
    return html


def create_mailbox(folder: Path, notes: Sequence[Note] = ()) -> Flask:
    """The Flask application; it reads the folder at each visit. `notes` may grow while it runs."""
    app = Flask(__name__, static_folder=None)

    def home() -> str:
        links = "".join(f'<li><a href="{escape(note.url)}">{escape(note.title)}</a></li>' for note in notes)
        mails = "".join(_as_html(mail) for mail in read_mails(folder)) or "<p>No mail yet.</p>"
        body = (f"<h2>From the demo</h2><ul>{links}</ul>" if links else "") + f"<h2>Mails</h2>{mails}"
        return page("Mailbox", body, name="mailbox", who="Everybody's mail", colour="#96611a")

    app.add_url_rule("/", endpoint="/", view_func=home)
    return app


def _as_html(mail: ReceivedMail) -> str:
    """As a mail program shows it: the HTML in a frame without scripts, and the text next to it."""
    text = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escape(mail.text, quote=False))
    head = f"<h3>{escape(mail.subject)}</h3><small>to {escape(mail.to)}, {escape(mail.date)}</small>"
    if not mail.html:
        return f'<article>{head}<pre class="mail">{text}</pre></article>'
    framed = escape(f'<base target="_top">{mail.html}')
    frame = (
        f'<iframe title="{escape(mail.subject)}" sandbox="allow-top-navigation-by-user-activation" srcdoc="{framed}"></iframe>'
    )
    return f'<article>{head}{frame}<details><summary>As text</summary><pre class="mail">{text}</pre></details></article>'
