"""Checks the servers of a visit: their clocks and their certificates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from broker.connectors.outbound.client import HttpFailure
from broker.domain.times import DAY
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.partners import provider_probe
from broker.services.partners.provider_probe import SKEW, Watching

ENDS_SOON = 21 * DAY


def clock(http: Watching) -> Iterator[Finding]:
    """By the Date header of the first answer."""
    skew = http.skew
    if skew is None:
        return
    if abs(skew) <= SKEW:
        yield ok("clock", f"its clock is right, to {max(1, abs(skew))} s")
        return
    yield Finding(
        Level.PROBLEM,
        "clock",
        provider_probe.whose_clock(skew),
        f"at most {SKEW} s of difference",
        Side.PARTNER,
        "set the clock that is wrong by NTP; compare both with a third one",
    )


def certificates(http: Watching, urls: Iterable[str], now: int) -> Iterator[Finding]:
    """The end of each host's certificate."""
    for (scheme, host), url in {urlsplit(url)[:2]: url for url in urls}.items():
        if scheme == "http":
            yield ok("certificate", f"{host} is reached by http:, for development only")
            continue
        try:
            end = http.certificate_end(url)
        except HttpFailure as error:
            yield Finding(
                Level.PROBLEM,
                "certificate",
                f"{host}: {error.detail}",
                "a certificate that is trusted",
                Side.PARTNER,
                "install one",
            )
            continue
        left = (end or 0) - now
        if left > ENDS_SOON:
            yield ok("certificate", f"{host}: ends in {left // DAY} days")
        else:
            yield Finding(
                Level.WARNING,
                "certificate",
                f"{host}: ends in {max(left, 0) // DAY} days",
                "one that lasts three weeks, or renews by itself",
                Side.PARTNER,
                "renew the certificate",
            )
