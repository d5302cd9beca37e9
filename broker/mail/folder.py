"""A folder as mailbox: one .eml a message, complete at the moment that it has its name."""

from __future__ import annotations

import os
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from pathlib import Path

from broker.mail.port import Delayed, one_line


class FolderTransport:
    """Writes messages; a mail program opens them. The same Message-ID is the same file, so a repeat changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage, recipient: str) -> None:
        """One file, readable by its owner only: it may hold a ticket. Raises Delayed where it cannot be written."""
        del recipient  # it stands in the message
        stamp = message["Date"].datetime.strftime("%Y%m%dT%H%M%SZ")
        name = f"{stamp}-{sha256(str(message['Message-ID']).encode()).hexdigest()[:16]}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self._folder / f".{name}.{os.getpid()}"
            with os.fdopen(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
                out.write(message.as_bytes(policy=SMTP))
            temporary.rename(self._folder / f"{name}.eml")
        except OSError as error:
            raise Delayed(one_line(f"the mail folder cannot be written: {error.strerror}")) from error

    def close(self) -> None:
        """Nothing is open."""
