"""The next change of keys, rehearsed: what would happen if the partner, or we, signed with another key from now on.

It is judged by what is stored here: the keys that are held, whether they can be fetched again, and whether our metadata with the next key
was read. Nobody is visited.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broker.domain.errors import PartnerFailed
from broker.domain.times import DAY
from broker.keyring.create import ENCRYPTION, SAML
from broker.keyring.ring import METADATA_OVERLAP, KeyState
from broker.services.keys.ring import KeyInfo
from broker.services.partners.documents import JWKS, METADATA
from broker.services.partners.saml.family import SamlPartners
from broker.services.partners.saml.view import saml_of
from broker.settings.model import OidcPartner, PartnerFile
from broker.storage.partners.documents import StoredDocument
from broker.storage.partners.metadata_readers import MetadataFetch


class Rollover(StrEnum):
    """What comes of a change. THEIR_...: of the partner's signing key; OUR_...: of a key of ours."""

    THEIR_NEXT_HELD = "their_next_held"  # several keys are held: each of them verifies today
    THEIR_NEXT_FETCHED = "their_next_fetched"  # one is held: an unknown one is looked up at the partner when it is used first
    THEIR_NEXT_UNREACHABLE = "their_next_unreachable"  # the same, but the last fetch failed: nobody could sign in
    THEIR_NEXT_BY_HAND = "their_next_by_hand"  # a copy is held that nobody fetches: nobody could sign in
    THEIR_KEYS_UNREAD = "their_keys_unread"  # nothing is held yet
    OUR_NEXT_READ = "our_next_read"  # published, and read at the partner's own address
    OUR_NEXT_UNREAD = "our_next_unread"  # published, and not read there: our requests would not verify
    OUR_NEXT_LATER = "our_next_later"  # none is planned: it is published METADATA_OVERLAP before it takes over
    OUR_NEXT_NEVER_READ = "our_next_never_read"  # the same, and our metadata was never read there
    OUR_KEYS_ON_DEMAND = "our_keys_on_demand"  # the partner fetches our key set when it needs a key
    OUR_KEYS_BY_HAND = "our_keys_by_hand"  # the partner knows the certificate of our key that was registered there
    OUR_KEYS_UNUSED = "our_keys_unused"  # the partner checks nothing with a key of ours


BAD = frozenset(
    {
        Rollover.THEIR_NEXT_UNREACHABLE,
        Rollover.THEIR_NEXT_BY_HAND,
        Rollover.OUR_NEXT_UNREAD,
        Rollover.OUR_NEXT_NEVER_READ,
        Rollover.OUR_KEYS_BY_HAND,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One answer. keys: how many are held. reason: why the last fetch failed.

    at: when our next key takes over, or when our metadata was read last; seconds since 1970. days: of METADATA_OVERLAP.
    """

    what: Rollover
    keys: int = 0
    reason: str = ""
    at: int | None = None
    days: int = METADATA_OVERLAP // DAY


def of_oidc(oidc: OidcPartner, rows: Mapping[str, StoredDocument]) -> Iterator[Rehearsed]:
    """A partner over OpenID Connect."""
    row = rows.get(JWKS)
    held = json.loads(row.body).get("keys", ()) if row is not None and row.body is not None else ()
    yield _theirs(len([key for key in held if key.get("use") != "enc"]), row, by_url=True)
    if oidc.client_authentication != "private_key_jwt":
        yield Rehearsed(what=Rollover.OUR_KEYS_UNUSED)
    else:
        by_hand = oidc.client_assertion.certificate is not None
        yield Rehearsed(what=Rollover.OUR_KEYS_BY_HAND if by_hand else Rollover.OUR_KEYS_ON_DEMAND)


def of_saml(
    partner: PartnerFile,
    partners: SamlPartners,
    rows: Mapping[str, StoredDocument],
    ours: Sequence[KeyInfo],
    reads: Sequence[MetadataFetch],
) -> Iterator[Rehearsed]:
    """A partner over SAML. ours: our keys. reads: of our metadata at the partner's own address, newest first."""
    saml = saml_of(partner)
    try:
        keys = len(partners.metadata.idp(partner, fetch=False).keys)
    except PartnerFailed:
        keys = 0
    yield _theirs(keys, rows.get(METADATA), by_url=bool(saml.calls))
    uses = [use for use, matters in ((SAML[0], saml.sign_requests), (ENCRYPTION[0], saml.want_encrypted)) if matters]
    if not uses:
        yield Rehearsed(what=Rollover.OUR_KEYS_UNUSED)
    else:
        yield _ours([key for key in ours if key.use in uses and key.state == KeyState.NEXT], reads)


def _theirs(keys: int, row: StoredDocument | None, *, by_url: bool) -> Rehearsed:
    if keys > 1:
        return Rehearsed(what=Rollover.THEIR_NEXT_HELD, keys=keys)
    if by_url and row is not None and row.problem is not None:
        return Rehearsed(what=Rollover.THEIR_NEXT_UNREACHABLE, keys=keys, reason=row.problem)
    if not keys:
        return Rehearsed(what=Rollover.THEIR_KEYS_UNREAD)
    return Rehearsed(what=Rollover.THEIR_NEXT_FETCHED if by_url else Rollover.THEIR_NEXT_BY_HAND, keys=keys)


def _ours(following: Sequence[KeyInfo], reads: Sequence[MetadataFetch]) -> Rehearsed:
    if not following:
        last = max((fetch.at for fetch in reads), default=None)
        return Rehearsed(what=Rollover.OUR_NEXT_NEVER_READ if last is None else Rollover.OUR_NEXT_LATER, at=last)
    first = min(following, key=lambda key: key.active_from)
    known = {kid for fetch in reads for kid in (fetch.signing, fetch.encryption)}
    read = all(key.kid in known for key in following)
    return Rehearsed(what=Rollover.OUR_NEXT_READ if read else Rollover.OUR_NEXT_UNREAD, at=first.active_from)
