"""From words to a message: text and HTML, with the headers of automatic mail (RFC 3834) and no way to inject one."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from broker.domain.mail import Written


def compose(
    written: Written, *, sender: str, recipient: str, reply_to: str | None, message_id: str, language: str, at: int
) -> EmailMessage:
    """The message. sender: `Name <address>` of the files; recipient, reply_to: canonical addresses; at: of its making.

    Addresses are set as addresses, never as text, and a subject is one line: the input cannot add a header (IN-13).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _address(recipient)
    if reply_to is not None:
        message["Reply-To"] = _address(reply_to)
    message["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in written.subject).split())
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    message["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    message["Content-Language"] = language
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    if written.logo is not None:  # inside the mail: nothing is fetched, so nobody is tracked
        html = message.get_body(("html",))
        if isinstance(html, EmailMessage):
            html.add_related(written.logo, "image", "png", cid="<logo>", disposition="inline")
    return message


def _address(email: str) -> Address:
    local, _, domain = email.rpartition("@")
    return Address(username=local, domain=domain)
