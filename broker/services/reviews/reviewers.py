"""Which member is asked about one row of a review. One member a row, so that somebody answers for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from broker.domain.review import AccessSource, Asked
from broker.services.messages.respondents import is_living
from broker.settings.load import Settings
from broker.storage.directory import groups
from broker.storage.directory.reviews import FoundAccess
from broker.storage.engine import Connection


class ReviewerChoice:
    """Within one transaction: each address is looked up once, however many rows name it."""

    def __init__(self, tx: Connection, settings: Settings, asks: Asked, now: int) -> None:
        self._tx = tx
        self._settings = settings
        self._asks = asks
        self._now = now
        self._alive: dict[str, bool] = {}
        self._group_owners: dict[str, tuple[str, ...]] = {}

    def of(self, found: FoundAccess, source: AccessSource) -> str | None:
        """The first who can answer: the guest's sponsor (unless owners are asked), an owner, an administrator; None for nobody."""
        return next(filter(self.is_alive, self._candidates(found, source)), None)

    def is_alive(self, address: str) -> bool:
        """Whether a member with this address can answer now."""
        if address not in self._alive:
            self._alive[address] = is_living(self._tx, self._settings, address, self._now)
        return self._alive[address]

    def _candidates(self, found: FoundAccess, source: AccessSource) -> Iterator[str]:
        if self._asks is Asked.SPONSORS and found.sponsor:
            yield found.sponsor
        if source is AccessSource.MEMBERSHIP:
            yield from self._owners_of_group(found.source_id)
        yield from self._owners_of_application(found.application)
        yield from self._settings.broker.administrators

    def _owners_of_group(self, group_id: str) -> Iterable[str]:
        if group_id not in self._group_owners:
            group = groups.by_id(self._tx, group_id)
            self._group_owners[group_id] = group.owners if group else ()
        return self._group_owners[group_id]

    def _owners_of_application(self, client_id: str) -> Iterable[str]:
        file = self._settings.applications.get(client_id)
        return file.owners if file else ()
