"""The mailbox of the demo: the `.eml` files of the mail folder as pages, and the invitation links that the demo made itself."""

from __future__ import annotations

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
class Mail:
    """One message of the folder. text: its text part."""

    to: str
    subject: str
    date: str
    text: str

    @property
    def links(self) -> list[str]:
        """Every address in the text."""
        return _LINK.findall(self.text)


def read_mails(folder: Path) -> list[Mail]:
    """The messages of a folder, newest first; what cannot be read yet is left for the next time."""
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True) if folder.is_dir() else []
    return [_read(path) for path in files]


def _read(path: Path) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    text = ""
    if isinstance(message, EmailMessage):
        part = message.get_body(("plain", "html"))
        text = part.get_content() if part is not None else ""
    return Mail(str(message["To"] or ""), str(message["Subject"] or ""), str(message["Date"] or ""), text)


def create_mailbox(folder: Path, notes: Sequence[Note] = ()) -> Flask:
    """The Flask application; it reads the folder anew at each visit. `notes` may grow while it runs."""
    app = Flask(__name__, static_folder=None)

    def home() -> str:
        links = "".join(f'<li><a href="{escape(note.url)}">{escape(note.title)}</a></li>' for note in notes)
        mails = "".join(_as_html(mail) for mail in read_mails(folder)) or "<p>No mail yet.</p>"
        body = (f"<h2>Invitations of the demo</h2><ul>{links}</ul>" if links else "") + f"<h2>Mails</h2>{mails}"
        return page("Mailbox", body, name="mailbox", who="Everybody's mail", colour="#96611a")

    app.add_url_rule("/", endpoint="/", view_func=home)
    return app


def _as_html(mail: Mail) -> str:
    text = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escape(mail.text, quote=False))
    return f"<article><h3>{escape(mail.subject)}</h3><small>to {escape(mail.to)}, {escape(mail.date)}</small><pre>{text}</pre></article>"
