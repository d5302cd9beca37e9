"""A little DNS server on loopback, by UDP and TCP, that holds TXT records and can misbehave."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.resolver import Resolver

Answer = Callable[[dns.message.Message], dns.message.Message | None]


class NameServer:
    """texts: by absolute name. asked: the names, in order. answer: replaces the honest one; None as its result says nothing at all."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.answer: Answer = self.honest
        self._udp, self._tcp = _pair()
        self.port: int = self._udp.getsockname()[1]
        self._tcp.listen()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._by_udp, self._by_tcp)]
        for thread in self._threads:
            thread.start()

    def resolver(self) -> Resolver:
        """As the system's, but with this server alone."""
        found = Resolver(configure=False)
        found.nameservers, found.port = ["127.0.0.1"], self.port
        return found

    def honest(self, query: dns.message.Message) -> dns.message.Message:
        """NXDOMAIN for a name without texts."""
        name = query.question[0].name
        reply = dns.message.make_response(query)
        texts = self.texts.get(str(name).rstrip("."), [])
        if texts:
            quoted = [" ".join(f'"{text[at : at + 255]}"' for at in range(0, max(1, len(text)), 255)) for text in texts]
            reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", quoted))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def _reply(self, wire: bytes, limit: int) -> bytes | None:
        query = dns.message.from_wire(wire)
        self.asked.append(str(query.question[0].name).rstrip("."))
        reply = self.answer(query)
        if reply is None:
            return None
        whole = reply.to_wire(max_size=65535)
        if len(whole) <= limit:
            return whole
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC  # RFC 2181 9: ask again by TCP
        return short.to_wire()

    def _by_udp(self) -> None:
        while True:
            try:
                wire, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            reply = self._reply(wire, 1232) if wire else None
            if reply is not None:
                self._udp.sendto(reply, peer)

    def _by_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                stream = connection.makefile("rb")
                head = stream.read(2)
                if len(head) < 2:
                    continue
                reply = self._reply(stream.read(struct.unpack("!H", head)[0]), 65535)
                if reply is not None:
                    connection.sendall(struct.pack("!H", len(reply)) + reply)

    def close(self) -> None:
        """Stop it. A reader of a closed socket would wait on: shutting it down wakes the reader first."""
        for one in (self._udp, self._tcp):
            with suppress(OSError):  # a UDP socket without a peer says so, and wakes all the same
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(timeout=10)


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two sockets at one port: another one where TCP has it already."""
    while True:
        udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp.bind(("127.0.0.1", 0))
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
        else:
            return udp, tcp


@contextmanager
def name_server(texts: dict[str, Sequence[str]] | None = None) -> Iterator[NameServer]:
    """One for the time of a test."""
    server = NameServer()
    server.texts = {name: list(found) for name, found in (texts or {}).items()}
    try:
        yield server
    finally:
        server.close()
