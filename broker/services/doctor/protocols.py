"""The checks of each protocol: one line a protocol, as in `connectors/registry.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from broker.services.core import Core
from broker.services.doctor import config_checks, database_checks, our_saml_keys, rollover, saml_checks
from broker.services.doctor.finding import Finding, ok
from broker.services.doctor.provider_checks import ProviderVisit
from broker.services.doctor.rollover import Rehearsed
from broker.services.keys.ring import Keys
from broker.services.partners.families import Partners, callback_of
from broker.services.partners.oidc.view import oidc_of, partner_view
from broker.services.partners.provider_probe import Watching
from broker.services.partners.saml.view import saml_of
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage.partners import metadata_readers
from broker.storage.partners.documents import StoredDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One partner, and the values that its checks need."""

    core: Core
    settings: Settings
    partner: PartnerFile
    partners: Partners
    keys: Keys
    now: int


class ProtocolChecks(Protocol):
    """The checks of one partner that speaks the protocol, in this order."""

    def file(self) -> Iterator[Finding]:
        """The section of the partner's file."""
        ...

    def visit(self, http: Watching, rows: Mapping[str, StoredDocument]) -> Iterator[Finding]:
        """The provider as it answers now; nothing is kept."""
        ...

    def stored(self, rows: Mapping[str, StoredDocument]) -> Iterator[Finding]:
        """The stored documents, against what the visit found."""
        ...

    def our_keys(self, last_vouched: int) -> Iterator[Finding]:
        """Whether the partner can know our keys. last_vouched: when it last signed somebody in, 0 if never."""
        ...

    def rehearse(self, rows: Mapping[str, StoredDocument]) -> Iterator[Rehearsed]:
        """The next change of the partner's key and of ours, by what is stored."""
        ...


class OidcChecks:
    """A partner over OpenID Connect."""

    def __init__(self, examined: Examined) -> None:
        self._of = examined
        self._published: Mapping[str, Any] | None = None  # the key set, once the provider was visited

    def file(self) -> Iterator[Finding]:
        """Scopes, an issuer that organizations share, and how we authenticate."""
        yield from config_checks.oidc_section(self._of.partner, oidc_of(self._of.partner))

    def visit(self, http: Watching, _rows: Mapping[str, StoredDocument]) -> Iterator[Finding]:
        """Discovery, keys, redirect URI and our credentials."""
        of = self._of
        view, callback = partner_view(of.settings, of.partner), callback_of(of.settings, of.partner)
        visit = ProviderVisit(oidc_of(of.partner), view, callback, http, of.partners.over_oidc.sign, of.now)
        yield from visit.look()
        self._published = visit.keys

    def stored(self, rows: Mapping[str, StoredDocument]) -> Iterator[Finding]:
        """The stored keys against the published ones."""
        if not rows:
            yield ok("stored_documents", "none yet: they are fetched at the first sign-in")
        yield from database_checks.against(rows.get("jwks"), self._published)

    def our_keys(self, _last_vouched: int) -> Iterator[Finding]:
        """None: the partner fetches our keys when it needs them."""
        yield from ()

    def rehearse(self, rows: Mapping[str, StoredDocument]) -> Iterator[Rehearsed]:
        """The key set, and the key of our client assertions."""
        yield from rollover.of_oidc(oidc_of(self._of.partner), rows)


class SamlChecks:
    """A partner over SAML."""

    def __init__(self, examined: Examined) -> None:
        self._of = examined

    def file(self) -> Iterator[Finding]:
        """None: the metadata is checked in the visit."""
        yield from ()

    def visit(self, http: Watching, rows: Mapping[str, StoredDocument]) -> Iterator[Finding]:
        """The metadata, its keys, and what the partner needs of us."""
        of = self._of
        yield from saml_checks.look(of.settings, of.partner, of.partners.over_saml, http, of.now, rows.get("metadata"))

    def stored(self, _rows: Mapping[str, StoredDocument]) -> Iterator[Finding]:
        """None: the visit compares the stored metadata."""
        yield from ()

    def our_keys(self, last_vouched: int) -> Iterator[Finding]:
        """Whether our metadata was read since our keys changed: the partner keeps a copy."""
        of = self._of
        changes = our_saml_keys.changed(saml_of(of.partner), of.keys.list(), of.keys.keep)
        with of.core.db.read() as tx:
            own, common = (metadata_readers.of(tx, name) for name in (of.partner.id, metadata_readers.EVERYBODY))
            seen = {change.key.kid: metadata_readers.partners_with(tx, change.key.kid) for change in changes}
        readings = our_saml_keys.Readings(own=own, common=common)
        yield from our_saml_keys.look(of.settings, of.partner, changes, readings, of.now, last_vouched)
        for change in changes:
            yield from our_saml_keys.others(of.settings, change, seen[change.key.kid], of.now)

    def rehearse(self, rows: Mapping[str, StoredDocument]) -> Iterator[Rehearsed]:
        """The metadata of either side."""
        of = self._of
        with of.core.db.read() as tx:
            own = metadata_readers.of(tx, of.partner.id)
        yield from rollover.of_saml(of.partner, of.partners.over_saml, rows, of.keys.list(), own)


CHECKS: Mapping[str, Callable[[Examined], ProtocolChecks]] = {"oidc": OidcChecks, "saml": SamlChecks}
