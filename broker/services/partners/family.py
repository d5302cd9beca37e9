"""The interface of a protocol's services, and the record of a refreshed document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from broker.connectors.outbound.client import HttpClient
from broker.domain.connector import Connector, Outbound
from broker.settings.model import PartnerFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """One document that was fetched by hand.

    keys: how many of its keys can be used. added, removed: their fingerprints, against the copy before. notes: why other
    keys cannot be used.
    """

    document: str
    address: str
    keys: int | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def refreshed_keys(
    document: str, address: str, old: Mapping[Any, str], new: Mapping[Any, str], notes: tuple[str, ...] = ()
) -> Refreshed:
    """A document of keys. old, new: key -> its name, for the previous and the current copy."""
    added, removed = (
        [_mark(key, name) for key, name in one.items() if key not in other] for one, other in ((new, old), (old, new))
    )
    return Refreshed(document=document, address=address, keys=len(new), added=tuple(added), removed=tuple(removed), notes=notes)


def _mark(key: str | bytes, name: str) -> str:
    """A certificate by its fingerprint; a key of a JWK Set by its thumbprint and its name."""
    return name if isinstance(key, bytes) else f"{key} (kid {name[:100]})" if name.isprintable() and name else key


class PartnerFamily(Protocol):
    """The services of one protocol. `partner` speaks it."""

    def connector(self, partner: PartnerFile) -> Connector:
        """The connector, on the documents that are fresh; fetches what is missing. Raises PartnerFailed."""
        ...

    def visiting(self, partner: PartnerFile, http: HttpClient) -> Connector:
        """The connector on the documents as they are at the partner now; nothing is kept. Raises PartnerFailed."""
        ...

    def renew(self, partner: PartnerFile, ahead: int) -> None:
        """Fetch the documents that will be stale in `ahead` seconds. Raises PageError."""
        ...

    def refresh(self, partner: PartnerFile) -> list[Refreshed]:
        """Fetch, check and keep every document now. Raises PartnerFailed; the last good copies stay."""
        ...

    def issuer_of(self, partner: PartnerFile) -> str:
        """The issuer, from the file or from the documents that are stored; empty if none is known."""
        ...

    def our_name(self, partner: PartnerFile) -> str:
        """Our name in the partner's registration, for staff."""
        ...

    def takes_sign_out(self, partner: PartnerFile, home: str) -> bool:
        """Whether a request of ours can end a sign-in there. home: of the assertion, "" if none was kept. Nothing is fetched."""
        ...

    def sign_out(self, partner: PartnerFile, home: str, state: str) -> Outbound | None:
        """The request that ends the sign-in there; None if there is no address for one. Nothing is fetched.

        state: random. memory: `answer`, what the answer must repeat; nothing if no answer comes. Raises PartnerFailed.
        """
        ...
