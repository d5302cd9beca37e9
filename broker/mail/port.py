"""The port of delivery: what a transport does, and how it fails."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol


class MailRefused(Exception):
    """The server will never take this mail to this address (RFC 5321 4.2.1, 5yz). The text is one safe line."""


class Delayed(Exception):
    """It did not work now: the server is away, busy, or does not accept us; the same mail is tried again."""


class MailTransport(Protocol):
    """Sends one message to one address at a time; a connection lives until `close`."""

    def send(self, message: EmailMessage, recipient: str) -> None:
        """Hand the message over; returns when it was accepted. Raises MailRefused, Delayed."""
        ...

    def close(self) -> None:
        """End the connection; the next `send` opens another."""
        ...


def one_line(text: str) -> str:
    """What a server said, on one printable line of at most 200 characters (LP-02)."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:200]
