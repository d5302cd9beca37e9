"""TXT records, looked up at a real name server: what is there, what is not, and what nobody says."""

from __future__ import annotations

from collections.abc import Iterator

import dns.message
import dns.name
import dns.rcode
import pytest
from dns.resolver import NoResolverConfiguration, Resolver

from broker.connectors.outbound import text_records
from broker.connectors.outbound.text_records import RECORDS, TextAnswer, TextRecords
from tests.connectors.name_server import NameServer, name_server

NAME = "_guest-broker.fabrikam.example"


@pytest.fixture
def server() -> Iterator[NameServer]:
    """On a free port."""
    with name_server() as found:
        yield found


def ask(server: NameServer, *names: str) -> list[TextAnswer]:
    """As the broker asks."""
    return TextRecords(server.resolver).of(names or (NAME,))


def test_texts_are_read_whole(server: NameServer) -> None:
    """RFC 7208 3.3: the strings of a record are one text; an answer that is too long for a datagram comes by TCP."""
    server.texts[NAME] = ["one", "x" * 300]
    assert sorted(ask(server)[0].texts) == ["one", "x" * 300]
    server.texts[NAME] = ["y" * 250 + str(number) for number in range(10)]
    assert len(ask(server)[0].texts) == 10
    assert server.asked.count(NAME) == 3  # the last one twice


def test_a_name_without_a_record_has_no_texts(server: NameServer) -> None:
    """NXDOMAIN, and a name of other records."""
    assert ask(server) == [TextAnswer()]
    server.answer = dns.message.make_response
    assert ask(server) == [TextAnswer()]


def failing(query: dns.message.Message) -> dns.message.Message:
    """SERVFAIL."""
    reply = dns.message.make_response(query)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


def of_another_question(query: dns.message.Message) -> dns.message.Message:
    """An answer to what nobody asked, with the text."""
    other = dns.message.make_query("evil.example.", "TXT", id=query.id)
    reply = dns.message.make_response(other)
    reply.answer.append(dns.rrset.from_text("evil.example.", 60, "IN", "TXT", '"proof"'))
    return reply


@pytest.mark.parametrize("answer", [failing, of_another_question, lambda _: None], ids=["servfail", "forged", "silent"])
def test_nobody_says(server: NameServer, monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """SL-11: a failure is no answer, and ends in time."""
    monkeypatch.setattr(text_records, "ONE", 0.4)
    server.answer = answer  # type: ignore[assignment]  # the three above
    assert ask(server) == [TextAnswer(known=False)]


def test_all_names_share_one_end(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """SL-12: a hundred names of a server that says nothing take no hundred times as long: the last ones are not asked for."""
    monkeypatch.setattr(text_records, "ONE", 0.2)
    monkeypatch.setattr(text_records, "ALL", 0.4)
    server.answer = lambda _: None
    names = [f"_guest-broker.d{number}.example" for number in range(100)]
    assert ask(server, *names) == [TextAnswer(known=False)] * 100
    assert names[-1] not in server.asked


def test_what_is_read_is_bounded(server: NameServer) -> None:
    """SL-12: so many records, and so much of each."""
    server.texts[NAME] = [f"{number} {'z' * 1100}" for number in range(RECORDS + 5)]
    [found] = ask(server)
    assert (len(found.texts), max(len(text) for text in found.texts)) == (RECORDS, 1024)


def test_names_that_no_dns_takes(server: NameServer) -> None:
    """A label that is too long, an empty one; nothing is raised, nothing is sent."""
    assert ask(server, f"{'a' * 64}.example", "a..example", "x." * 130 + "example") == [TextAnswer(known=False)] * 3
    assert server.asked == []


def test_a_machine_without_resolvers() -> None:
    """It knows nothing."""

    def none() -> Resolver:
        raise NoResolverConfiguration

    assert TextRecords(none).of([NAME]) == [TextAnswer(known=False)]
