"""A real SMTP server with TLS, AUTH and faults that are switched on."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.connectors.tls import certificate

USER, PASSWORD = "broker", "p@ss/word"


class MailServer:
    """Keeps what it accepts. faults: command -> answer, or "drop"; connections: how many were made."""

    def __init__(self, folder: Path, *, tls: str = "", auth: bool = False) -> None:
        """tls: "", "starttls" or "smtps"."""
        self.taken: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.faults: dict[str, str] = {}
        self.connections = 0
        self.authenticated: list[bool] = []
        self.authority: Path | None = None
        context: ssl.SSLContext | None = None
        if tls:
            self.authority, context = _tls(folder)
        options: dict[str, Any] = {"ssl_context": context} if tls == "smtps" else {}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if auth:
            options |= {"authenticator": _authenticate, "auth_required": tls == "starttls", "auth_require_tls": tls == "starttls"}
        self._controller = Controller(self, hostname="127.0.0.1", port=_free_port(), **options)
        self._controller.start()
        self.port = self._controller.port

    def close(self) -> None:
        """Stop."""
        self._controller.stop()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Counts connections."""
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Takes any address."""
        if "RCPT" in self.faults:
            return self.faults["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keeps the message."""
        fault = self.faults.get("DATA", "")
        if fault == "drop" and server.transport is not None:
            server.transport.close()
            return "421 gone"
        if fault:
            return fault
        message = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)  # type: ignore[arg-type]
        self.taken.append(message)
        self.recipients += envelope.rcpt_tos
        self.authenticated.append(bool(session.authenticated))
        return "250 taken"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known)


def _tls(folder: Path) -> tuple[Path, ssl.SSLContext]:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    ca_file, chain = folder / "mail-ca.pem", folder / "mail-server.pem"
    ca_file.write_bytes(certificate(ca_name, ca_key, []).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signed = certificate(name, key, ["127.0.0.1"], (ca_name, ca_key))
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return ca_file, context
