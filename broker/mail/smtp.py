"""SMTP: plain, TLS from the start, or STARTTLS that is required and never optional (RFC 8314, RFC 3207)."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from broker.mail.port import Delayed, MailRefused, one_line

TIMEOUT = 20.0  # seconds for each answer of the server
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class SmtpTransport:
    """One connection, used again until `close` or a failure. User and password come from the URL (AUTH)."""

    def __init__(self, url: str, host: str, *, context: ssl.SSLContext | None = None, timeout: float = TIMEOUT) -> None:
        """url: smtp://, smtps:// or smtp+starttls://[USER:PASSWORD@]HOST[:PORT]. host: our own name. context: whom TLS trusts."""
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._server, self._port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._host = host
        self._context = context
        self._timeout = timeout
        self._open: smtplib.SMTP | None = None

    def send(self, message: EmailMessage, recipient: str) -> None:
        """MAIL, RCPT, DATA. Raises Refused for a 5yz about this mail, Delayed for everything else."""
        sender = str(message["From"].addresses[0].addr_spec)
        try:
            connection = self._alive() or self._connect()
            connection.send_message(message, from_addr=sender, to_addrs=[recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()), (0, b""))
            self._failed(code, said, error)
        except smtplib.SMTPDataError as error:
            self._failed(error.smtp_code, error.smtp_error, error)
        except smtplib.SMTPResponseException as error:  # our sender, our password, a greeting: not about this mail
            self.close()
            raise Delayed(_said(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPNotSupportedError as error:
            self.close()
            if "SMTPUTF8" in str(error):
                raise MailRefused("the mail server does not take addresses with letters beyond ASCII") from error
            raise Delayed(one_line(str(error))) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self.close()
            raise Delayed(one_line(f"no answer of {self._server}:{self._port} ({type(error).__name__})")) from error

    def _alive(self) -> smtplib.SMTP | None:
        """The open connection, if the server still holds it: many end one after some messages or seconds."""
        if self._open is not None and not _answers(self._open):
            self.close()
        return self._open

    def _connect(self) -> smtplib.SMTP:
        where = (self._server, self._port)
        context = self._context or ssl.create_default_context()
        if self._scheme == "smtps":
            found: smtplib.SMTP = smtplib.SMTP_SSL(*where, local_hostname=self._host, timeout=self._timeout, context=context)
        else:
            found = smtplib.SMTP(*where, local_hostname=self._host, timeout=self._timeout)
        self._open = found
        if self._scheme == "smtp+starttls":
            found.starttls(context=context)
        if self._user:
            found.login(self._user, self._password)
        return found

    def _failed(self, code: int, said: bytes | str, error: Exception) -> None:
        if code == 421:  # RFC 5321 3.8: the server closes the channel
            self.close()
        raise (MailRefused if 500 <= code < 600 else Delayed)(_said(code, said)) from error

    def close(self) -> None:
        """QUIT, whatever the server thinks of it."""
        held, self._open = self._open, None
        if held is None:
            return
        with suppress(smtplib.SMTPException, OSError):
            held.quit()
        held.close()


def _answers(connection: smtplib.SMTP) -> bool:
    try:
        return connection.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _said(code: int, text: bytes | str) -> str:
    return one_line(f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}")
