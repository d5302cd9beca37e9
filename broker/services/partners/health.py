"""What the stored documents say about the health of partners: documents that cannot be had, certificates that end soon."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from broker.domain.times import DAY
from broker.services.partners.documents import METADATA
from broker.settings.load import Settings
from broker.storage.partners.documents import StoredDocument
from broker.storage.partners.federation_entities import KIND as FEDERATION

SOON = 30 * DAY  # seconds before its end in which a certificate needs a person


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFault:
    """A partner whose document could not be fetched. document: its kind. works: an older copy serves sign-ins."""

    partner: str
    name: str
    document: str
    problem: str
    works: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateEnd:
    """A signing certificate of a partner's metadata. ends: seconds since 1970, UTC. newest: no other of this partner ends later."""

    partner: str
    name: str
    fingerprint: str
    ends: int
    newest: bool


def faults(settings: Settings, rows: Iterable[StoredDocument]) -> tuple[PartnerFault, ...]:
    """The partners of the files with a document that could not be had the last time: first those where nobody can sign in."""
    found: dict[str, PartnerFault] = {}
    for row in rows:
        partner = settings.partners.get(row.partner)
        if partner is None or row.problem is None:
            continue
        fault = PartnerFault(
            partner=partner.id, name=partner.name, document=row.kind, problem=row.problem, works=row.body is not None
        )
        if partner.id not in found or not fault.works:
            found[partner.id] = fault
    return tuple(sorted(found.values(), key=lambda one: (one.works, one.partner)))


def federation_faults(settings: Settings, rows: Iterable[StoredDocument], now: int) -> tuple[PartnerFault, ...]:
    """The federations of the files whose aggregate could not be had the last time. works: the last good one serves until its validUntil."""
    found = []
    for row in rows:
        name = row.partner.removesuffix("/")
        if row.kind == FEDERATION and row.problem is not None and name in settings.federations:
            works = row.body is not None and (row.valid_until is None or now < row.valid_until)
            found.append(PartnerFault(partner=name, name=name, document=row.kind, problem=row.problem, works=works))
    return tuple(found)


def certificates(settings: Settings, rows: Iterable[StoredDocument]) -> tuple[CertificateEnd, ...]:
    """Every signing certificate of the metadata that is held, the first to end first."""
    found = []
    for row in rows:
        partner = settings.partners.get(row.partner)
        if partner is None or row.kind != METADATA or row.body is None:
            continue
        keys = [(int(key["ends"]), str(key["sha256"])) for key in json.loads(row.body).get("keys", ())]
        last = max(keys, default=None)
        found += [
            CertificateEnd(partner=partner.id, name=partner.name, fingerprint=mark, ends=ends, newest=(ends, mark) == last)
            for ends, mark in keys
        ]
    return tuple(sorted(found, key=lambda one: (one.ends, one.partner, one.fingerprint)))


def ending_soon(ends: Iterable[CertificateEnd], now: int) -> tuple[CertificateEnd, ...]:
    """Certificates that end within SOON and that none follows: the partner has to publish another one."""
    return tuple(one for one in ends if one.newest and one.ends <= now + SOON)
