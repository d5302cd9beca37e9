"""Records which networks read our SAML metadata, so that doctor can say whether a partner can know a new key."""

from __future__ import annotations

import logging
import threading

from broker.domain.network import coarse_network
from broker.domain.times import HOUR
from broker.keyring.create import ENCRYPTION, SAML
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners.saml.view import saml_of
from broker.settings.model import PartnerFile
from broker.storage.partners import metadata_readers as rows
from broker.storage.partners.metadata_readers import EVERYBODY, NETWORKS, MetadataFetch

_log = logging.getLogger(__name__)


class MetadataFetches:
    """Writes at most one row a partner, network and hour, and at most NETWORKS rows an hour a process (HT-13)."""

    def __init__(self, core: Core, keys: Keys) -> None:
        self._db = core.db
        self._clock = core.clock
        self._keys = keys
        self._lock = threading.Lock()
        self._noted: dict[str, tuple[int, set[tuple[str, str, str]]]] = {}  # partner -> the hour, and the reads of that hour

    def note(self, partner: PartnerFile | None, address: str) -> None:
        """Our metadata was read from `address`: the partner's own, or with None the common one.

        Never raises: the metadata is served even if the database cannot be written. Only the network of the address is kept.
        Anybody may read the document: the row says that it was read, not by whom.
        """
        try:
            self._note(partner, coarse_network(address))
        except Exception as error:  # noqa: BLE001 - the document was served already; the error's text may hold values (LP-01)
            _log.warning("saml.metadata_fetch_not_noted error=%s", type(error).__name__)

    def _note(self, partner: PartnerFile | None, network: str) -> None:
        now = self._clock()
        sealed = partner is not None and saml_of(partner).want_encrypted
        mark = (network, self._newest(SAML[0], now), self._newest(ENCRYPTION[0], now) if sealed else "")
        name = partner.id if partner is not None else EVERYBODY
        with self._lock:
            hour, noted = self._noted.get(name, (0, set()))
            if hour != now // HOUR:
                hour, noted = self._noted[name] = (now // HOUR, set())
            if mark in noted or len(noted) >= NETWORKS:
                return
            noted.add(mark)
        fetch = MetadataFetch(partner=name, network=network, at=now, signing=mark[1], encryption=mark[2])
        with self._db.write() as tx:
            rows.note(tx, fetch, since=now - HOUR)

    def _newest(self, use: str, now: int) -> str:
        """The kid of the newest key in the document: the key that signs now or next."""
        shown = [record for record in self._keys.ring().published(use, now) if not record.is_withdrawn(now)]
        return max(shown, key=lambda record: record.rank).kid if shown else ""
