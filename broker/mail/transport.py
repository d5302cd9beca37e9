"""Finds the transport that `mail.server` names."""

from __future__ import annotations

from pathlib import Path

from broker.mail.port import MailTransport


def transport_of(server: str, base: Path, host: str) -> MailTransport:
    """The transport of `mail.server`. base: the home, for relative folders. host: how we introduce ourselves (EHLO)."""
    from broker.mail.folder import FolderTransport
    from broker.mail.smtp import SmtpTransport

    if server.startswith("folder:"):
        return FolderTransport(base / server.removeprefix("folder:"))
    return SmtpTransport(server, host)
