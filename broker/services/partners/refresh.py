"""A partner's documents fetched by hand: metadata, or discovery and keys, as they are at this moment (HS-36, HO-6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.services.core import Core
from broker.services.history import audit
from broker.services.keys.change_audit import fingerprints
from broker.services.partners.documents import Partners
from broker.services.partners.shelf import Shelf
from broker.settings.model import PartnerFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """One document. keys: how many of it count; added, removed: fingerprints against the copy before, of keys alone.

    notes: what of it does not count, and why.
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


class PartnerRefresh:
    """One use-case: nobody has to wait for the end of a cache, or for somebody who signs in."""

    def __init__(self, core: Core, partners: Partners) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners

    def refresh(self, actor: Actor, partner_id: str) -> list[Refreshed]:
        """Fetch, judge and keep every document of a partner; on a failure the last good copies stay.

        Raises NotFound, PartnerFailed with the reason of the document that cannot be had or used.
        """
        partner = self._settings().partners.get(partner_id)
        if partner is None:
            known = ", ".join(sorted(self._settings().partners)[:20]) or "none"
            raise NotFound(f"there is no config/partners/{partner_id}.yaml; partners: {known}")
        found = self._metadata(partner) if partner.saml is not None else self._oidc(partner)
        data = {"documents": [one.document for one in found]}
        with self._db.write() as tx:
            audit.record(tx, Event(name="partner.refreshed", actor=actor, target=partner_id, data=data), self._clock())
        return found

    def _metadata(self, partner: PartnerFile) -> list[Refreshed]:
        idp, before = self._partners.saml.refresh(partner, self._partners)
        old, new = ({key.spki: key.sha256 for key in one.keys} if one is not None else {} for one in (before, idp))
        address = partner.saml.metadata if partner.saml is not None else ""
        return [_of_keys("metadata", address, old if before is not None else new, new, len(idp.keys), idp.left_out)]

    def _oidc(self, partner: PartnerFile) -> list[Refreshed]:
        address, _, _ = (shelf := Shelf(self._partners, partner)).discovery_now()
        uri, keys, before = shelf.keys_now()
        new = fingerprints(keys)
        old = fingerprints(before) if before else new
        return [Refreshed(document="discovery", address=address), _of_keys("jwks", uri, old, new, len(new), ())]


def _of_keys(
    document: str, address: str, old: Mapping[Any, str], new: Mapping[Any, str], count: int, notes: tuple[str, ...]
) -> Refreshed:
    added, removed = (
        [_mark(key, name) for key, name in one.items() if key not in other] for one, other in ((new, old), (old, new))
    )
    return Refreshed(document=document, address=address, keys=count, added=tuple(added), removed=tuple(removed), notes=notes)


def _mark(key: str | bytes, name: str) -> str:
    """A certificate by its fingerprint; a key of a JWK Set by its thumbprint and its name."""
    return name if isinstance(key, bytes) else f"{key} (kid {name[:100]})" if name.isprintable() and name else key
