"""SMTP against a real server: TLS, AUTH, one connection for many, and every kind of failure."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from broker.domain.mail import Written
from broker.mail.message import compose
from broker.mail.port import Delayed, MailRefused
from broker.mail.smtp import SmtpTransport
from tests.clock import START
from tests.mail.server import PASSWORD, USER, MailServer

SCHEMES = {"": "smtp", "starttls": "smtp+starttls", "smtps": "smtps"}
Serve = Callable[..., MailServer]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts mail servers, and stops them."""
    running: list[MailServer] = []

    def start(**options: object) -> MailServer:
        running.append(MailServer(tmp_path, **options))  # type: ignore[arg-type]
        return running[-1]

    yield start
    for server in running:
        server.close()


def message(number: int = 1):
    """A small message."""
    return compose(
        Written("Grüße", "Text ü\n", "<p>HTML</p>"),
        sender="Contoso <no-reply@contoso.example>",
        recipient="ada@fabrikam.example",
        reply_to=None,
        message_id=f"{number}@contoso.example",
        language="de",
        at=START,
    )


def transport(server: MailServer, tls: str = "", *, password: str = "", trust: bool = True) -> SmtpTransport:
    """A transport to the server, that trusts its authority."""
    user = f"{USER}:{quote(password, safe='')}@" if password else ""
    context = ssl.create_default_context(cafile=server.authority) if server.authority and trust else None
    return SmtpTransport(f"{SCHEMES[tls]}://{user}127.0.0.1:{server.port}", "contoso.example", context=context, timeout=5)


@pytest.mark.parametrize("tls", ["", "starttls", "smtps"])
def test_many_mails_on_one_connection(serve: Serve, tls: str) -> None:
    """Plain, STARTTLS and TLS from the start, with AUTH; the connection is used again."""
    server = serve(tls=tls, auth=True)
    sending = transport(server, tls, password=PASSWORD)
    for number in range(3):
        sending.send(message(number), "ada@fabrikam.example")
    sending.close()
    assert [one["Message-ID"] for one in server.taken] == [f"<{number}@contoso.example>" for number in range(3)]
    assert server.connections == (2 if tls == "starttls" else 1)  # RFC 3207 4.2: EHLO again after STARTTLS
    assert server.taken[0]["Subject"] == "Grüße"
    assert server.recipients == ["ada@fabrikam.example"] * 3
    assert server.authenticated == [True] * 3


@pytest.mark.parametrize(
    ("fault", "answer", "kind"),
    [
        ("RCPT", "550 5.1.1 no such user", MailRefused),
        ("RCPT", "450 4.2.0 come back", Delayed),
        ("RCPT", "421 closing", Delayed),
        ("DATA", "554 5.7.1 spam", MailRefused),
        ("DATA", "451 4.3.0 disk full", Delayed),
        ("DATA", "drop", Delayed),
    ],
)
def test_faults(serve: Serve, fault: str, answer: str, kind: type[Exception]) -> None:
    """5yz about this mail is for good, everything else is tried again (RFC 5321 4.2.1); the next mail goes out."""
    server = serve()
    sending = transport(server)
    server.faults = {fault: answer}
    with pytest.raises(kind) as caught:
        sending.send(message(), "ada@fabrikam.example")
    assert answer == "drop" or answer.split(maxsplit=1)[0] in str(caught.value)
    server.faults = {}
    sending.send(message(2), "ada@fabrikam.example")
    sending.close()
    assert len(server.taken) == 1


def test_server_ends_the_connection_between_mails(serve: Serve) -> None:
    """A connection that the server ended is opened anew, and no mail is delayed for it."""
    server = serve()
    sending = transport(server)
    sending.send(message(), "ada@fabrikam.example")
    sending._open.sock.shutdown(2)  # type: ignore[union-attr]
    sending.send(message(2), "ada@fabrikam.example")
    sending.close()
    assert (len(server.taken), server.connections) == (2, 2)


def test_our_own_mistakes_are_no_refusals(serve: Serve) -> None:
    """A wrong password, an unknown authority, no STARTTLS, nobody there: the mail waits."""
    for server, sending in (
        (secure := serve(tls="starttls", auth=True), transport(secure, "starttls", password="wrong")),
        (foreign := serve(tls="smtps"), transport(foreign, "smtps", trust=False)),
        (plain := serve(), transport(plain, "starttls")),
    ):
        with pytest.raises(Delayed):
            sending.send(message(), "ada@fabrikam.example")
        sending.close()
        assert server.taken == []
    with pytest.raises(Delayed, match=r"no answer of 127\.0\.0\.1:1"):
        SmtpTransport("smtp://127.0.0.1:1", "contoso.example", timeout=1).send(message(), "ada@fabrikam.example")
