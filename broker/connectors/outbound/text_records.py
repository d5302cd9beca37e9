"""TXT records of the DNS, asked of the resolvers of this machine (RFC 1035 3.3.14).

Nobody is called at an address that a stranger names. An answer without DNSSEC is as good as the way to the resolver: it informs a
person, and no right follows from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

ONE, ALL = 3.0, 10.0  # seconds for one name, and for all names of a call
RECORDS = 50  # of one name that are read
LENGTH = 1024  # bytes of one record that are read
PACKET = 1232  # bytes of a datagram, which no network cuts in two; a longer answer comes over TCP


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """The texts of a name. known: False if nobody could say, which is no answer; a name that has no record has no texts."""

    texts: tuple[str, ...] = ()
    known: bool = True


UNKNOWN = TextAnswer(known=False)


class TextRecords:
    """Looks up TXT records, within bounds of time, number and size."""

    def __init__(self, resolver: Callable[[], Resolver] = Resolver) -> None:
        """resolver: constructed for each call, so that a change of the system's resolvers counts."""
        self._resolver = resolver

    def of(self, names: Sequence[str]) -> list[TextAnswer]:
        """The answer for each name, in their order. Never raises for what a name or the DNS holds."""
        end = time.monotonic() + ALL
        try:
            resolver = self._resolver()
        except (DNSException, OSError):
            return [UNKNOWN] * len(names)
        resolver.timeout = ONE / 2  # one server that is away leaves time for the next one
        resolver.use_edns(0, 0, PACKET)
        return [_texts(resolver, name, min(ONE, end - time.monotonic())) for name in names]


def _texts(resolver: Resolver, name: str, within: float) -> TextAnswer:
    if within <= 0:
        return UNKNOWN
    try:
        answer = resolver.resolve(f"{name}.", "TXT", search=False, lifetime=within)
    except (NXDOMAIN, NoAnswer):
        return TextAnswer()
    except (DNSException, OSError, ValueError):  # RFC 2308 7: a failure says nothing about the name
        return UNKNOWN
    found = [b"".join(record.strings)[:LENGTH] for record in list(answer)[:RECORDS]]
    return TextAnswer(tuple(text.decode("ascii", "replace") for text in found))
