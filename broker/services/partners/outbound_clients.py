"""The outbound clients for partners and applications, by the network settings in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from broker.connectors.outbound.client import IN_ALL, IN_FLIGHT, HttpClient
from broker.connectors.outbound.transport import Places
from broker.domain.private_addresses import counting
from broker.settings.load import Settings

USER_AGENT = "guest-broker"


class OutboundClients:
    """Two clients: one that may use the listed private addresses, and one for all other targets."""

    def __init__(self, settings: Callable[[], Settings], threads: int | None) -> None:
        """threads: that answer requests in this process; calls to partners hold at most half of them (FA-02)."""
        self._settings = settings
        self._places = Places.of_threads(threads) if threads else Places(IN_FLIGHT, IN_ALL)
        self._held: dict[tuple[str, ...], HttpClient] = {}

    def __call__(self, own: Sequence[str]) -> HttpClient:
        """The client for a partner or application. own: the URLs of its file (FA-15)."""
        allow = counting(listed := tuple(self._settings().broker.network.allow_private_addresses), own)
        held = self._held.get(allow) or HttpClient(allow, USER_AGENT, places=self._places)
        self._held = {kept: client for kept, client in self._held.items() if kept in ((), listed)} | {allow: held}
        return held

    def close(self) -> None:
        """Close the idle connections."""
        for client in self._held.values():
            client.close()
