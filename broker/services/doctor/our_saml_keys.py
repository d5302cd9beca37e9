"""Whether a SAML partner can know our current keys, judged by the reads of our metadata since the keys changed.

The findings claim no more than is known: anybody may read `/saml/PARTNER/metadata`, and `/saml/metadata` is the same for all. We
know that a document was read, from which network, and which key was the newest in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from broker.domain.times import iso
from broker.keyring.create import ENCRYPTION, SAML
from broker.keyring.ring import METADATA_OVERLAP, KeyState
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.keys.ring import KeyInfo
from broker.services.partners.saml.view import metadata_url, saml_sections
from broker.settings.load import Settings
from broker.settings.model import PartnerFile, SamlPartner
from broker.storage.partners.metadata_readers import MetadataFetch

_USES = {SAML[0]: "signing key", ENCRYPTION[0]: "encryption key"}
_NAMED = 20  # partners that one line lists
_NETWORKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The stored reads of our metadata, newest first. own: at this partner's address. common: at the address for all partners."""

    own: Sequence[MetadataFetch]
    common: Sequence[MetadataFetch]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """The newest of our keys of one use, which replaced another. proven_from: a sign-in after this time needs the new key."""

    key: KeyInfo
    what: str
    proven_from: int


def look(
    settings: Settings, partner: PartnerFile, changes: Sequence[KeyChange], readings: Readings, now: int, worked: int
) -> Iterator[Finding]:
    """worked: when the partner last signed somebody in with our keys of that time, 0 if never."""
    address = metadata_url(settings, partner)
    yield ok("own_metadata", _read(address, readings))
    for change in changes:
        yield _known(change, address, readings.own, now, worked)


def changed(saml: SamlPartner, keys: Sequence[KeyInfo], keep: int) -> list[KeyChange]:
    """The changed keys of the uses that matter to the partner. keep: seconds for which an old key still decrypts."""
    found = []
    for use, matters in ((SAML[0], saml.sign_requests), (ENCRYPTION[0], saml.want_encrypted)):
        peers = [key for key in keys if key.use == use]
        newest = max((key for key in peers if key.state != KeyState.RETIRED), key=lambda key: key.active_from, default=None)
        if matters and newest is not None and len(peers) > 1:
            ends = max((key.retired_at or newest.active_from for key in peers if key is not newest), default=0)
            proven = newest.active_from if use == SAML[0] else ends + keep
            found.append(KeyChange(key=newest, what=_USES[use], proven_from=proven))
    return found


def others(settings: Settings, change: KeyChange, seen: Collection[str], now: int) -> Iterator[Finding]:
    """During a rotation: at which partners' own addresses the new key was read, and at which it was not."""
    if now >= change.key.active_from + METADATA_OVERLAP:
        return
    use = change.key.use
    concerned = [
        name for name, saml in saml_sections(settings).items() if (saml.sign_requests if use == SAML[0] else saml.want_encrypted)
    ]
    have = [name for name in concerned if name in seen]
    lack = [name for name in concerned if name not in seen]
    yield ok(
        "rotation",
        f"the new {change.what} {_short(change.key)} {_turn(change, now)}: it was read at the own addresses of {_list(have)}; "
        f"not yet at those of {_list(lack)}",
    )


def _read(address: str, readings: Readings) -> str:
    """When and from which networks our metadata was read, and the limits of that knowledge."""
    if readings.own:
        seen = f"{address} was last read {_by(readings.own)}; anybody may read it, so compare the network with the partner's"
    else:
        seen = f"{address} was never read, as far as is known here"
    if readings.common:
        seen += f"; the common /saml/metadata was last read {_by(readings.common)}, and whose network that is nobody knows"
    return seen


def _by(fetches: Sequence[MetadataFetch]) -> str:
    return ", ".join(f"{iso(fetch.at)} from {fetch.network}" for fetch in fetches[:_NETWORKS])


def _known(change: KeyChange, address: str, own: Sequence[MetadataFetch], now: int, worked: int) -> Finding:
    """Whether the document with the new key was read at this partner's address, or sign-ins show that the partner has the key."""
    key = change.key
    name = f"the new {change.what} {_short(key)}, which {_turn(change, now)}"
    having = [fetch for fetch in own if key.kid in (fetch.signing, fetch.encryption)]
    if having:
        return ok("own_keys", f"{name}, stood in what was read at this partner's address {_by(having)}")
    if worked > change.proven_from:
        return ok("own_keys", f"{name}, was not read at this partner's address; but the partner signed people in after that")
    return Finding(
        Level.WARNING,
        "own_keys",
        f"{name}, was not read at this partner's address since it is published; the partner may know the old one only",
        f"{address} read by the partner" + (f" before {iso(key.active_from)}" if key.active_from > now else ""),
        Side.PARTNER,
        "load our metadata anew, from this address, or enter the certificate by hand (broker keys list --json shows it)",
    )


def _turn(change: KeyChange, now: int) -> str:
    verb = "signs" if change.key.use == SAML[0] else "decrypts"
    at = change.key.active_from
    return f"{verb} from {iso(at)} on" if at > now else f"{verb} since {iso(at)}"


def _short(key: KeyInfo) -> str:
    return f"{key.kid[:12]}..."


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (", ".join(names[:_NAMED]) or "nobody") + more
