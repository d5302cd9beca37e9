"""The clients for calls to partners and applications, as the network settings in force allow them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from broker.connectors.outbound.client import IN_ALL, IN_FLIGHT, HttpClient
from broker.connectors.outbound.transport import Places
from broker.domain.private_addresses import counting
from broker.settings.load import Settings

USER_AGENT = "guest-broker"


class OutboundClients:
    """The outbound clients of the settings in force: one for whom the list of private addresses counts, one for all others."""

    def __init__(self, settings: Callable[[], Settings], threads: int | None) -> None:
        """threads: that answer requests in this process; calls to partners hold at most half of them (FA-02)."""
        self._settings = settings
        self._places = Places.of_threads(threads) if threads else Places(IN_FLIGHT, IN_ALL)
        self._held: dict[tuple[str, ...], HttpClient] = {}

    def __call__(self, own: Sequence[str]) -> HttpClient:
        """The client to use now towards a partner or application. own: its URLs as its file has them (FA-15)."""
        allow = counting(listed := tuple(self._settings().broker.network.allow_private_addresses), own)
        held = self._held.get(allow) or HttpClient(allow, USER_AGENT, places=self._places)
        self._held = {kept: client for kept, client in self._held.items() if kept in ((), listed)} | {allow: held}
        return held
