"""Partners over SAML: what their metadata says now, our keys towards them, and a connector for each (HS-36 to HS-41).

The connector is imported where it is used: lxml, xmlsec and pysaml2 cost a start a third of a second that a company without
SAML partners does without.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from broker.connectors.outbound.client import HttpClient
from broker.domain.audit import Actor
from broker.domain.errors import PartnerFailed, PartnerUntrusted
from broker.domain.times import YEAR
from broker.keyring.create import ENCRYPTION, SAML
from broker.services.addresses import canonical
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners import known_claims
from broker.services.partners.metadata_files import KIND, MetadataFiles, good_copy, same_entity
from broker.settings.load import Settings
from broker.settings.model import PartnerFile, SamlPartner

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from broker.connectors.saml.connector import SamlConnector
    from broker.connectors.saml.metadata import EntityFilter, Idp
    from broker.connectors.saml.partner import SamlView
    from broker.keyring.ring import Ring
    from broker.services.partners.documents import Partners

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_PAUSE = "HS-36: the metadata was fetched for another new key less than a minute ago; sign in again in a minute"
_AT_ONCE = 10 * YEAR  # seconds ahead: no copy is that fresh


class SamlPartners:
    """The SAML half of `Partners`, which lends it the documents that all nodes share."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._http = http
        self._files = MetadataFiles(core)
        self._idps: dict[str, tuple[Mapping[str, Any], Idp]] = {}

    # --- the connector ------------------------------------------------------------------------------------------------

    def connector(self, partner: PartnerFile, shared: Partners, *, fetch: bool = True) -> SamlConnector:
        """The connector of a partner. fetch: False where a message arrived, which never causes a fetch (HS-36)."""
        from broker.connectors.saml.connector import Ourselves, SamlConnector

        settings = self._settings()
        idp = self.idp(partner, shared, fetch=fetch)
        saml = saml_of(partner)
        ourselves = Ourselves(
            entity_id=entity_id(settings),
            acs_url=acs_url(settings, partner),
            signing=self._signing_key if saml.sign_requests else None,
            decryption=lambda: self._decryption_keys(wanted=saml.want_encrypted),
        )
        return SamlConnector(
            saml_view(partner, idp, ruled=lambda claim: known_claims.is_ruled(self._db, partner.id, claim)),
            ourselves,
            lambda: idp,
            self._clock,
            name_id_format=saml.name_id_format,
            canonical_email=canonical,
        )

    def with_new_keys(self, partner: PartnerFile, shared: Partners) -> SamlConnector | None:
        """The connector on metadata that is fetched again if the interval allows; None where it brings no other key.

        A file is looked at whenever it changes: there is nothing to fetch. Raises PartnerUntrusted(saml_key_pause) where
        another new key was taken up within the interval: the partner did nothing wrong.
        """
        if "://" not in saml_of(partner).metadata:
            return None
        held_back: list[bool] = []
        before = self.idp(partner, shared, fetch=False)
        after = self.idp(partner, shared, refresh=True, held_back=lambda: held_back.append(True))
        if {key.spki for key in before.keys} != {key.spki for key in after.keys}:
            return self.connector(partner, shared, fetch=False)
        if held_back and shared.changed_keys(partner.id):
            raise PartnerUntrusted("saml_key_pause", _PAUSE)
        return None

    def refresh(self, partner: PartnerFile, shared: Partners) -> tuple[Idp, Idp | None]:
        """By hand: the metadata of this moment, kept, and the copy before. Raises PartnerFailed."""
        from broker.connectors.saml.metadata import Idp

        saml = saml_of(partner)
        if "://" not in saml.metadata:
            return self._of_file(partner), None
        kept = good_copy(shared.rows(partner.id), self._mark(saml))
        before = Idp.from_json(json.loads(kept.body or "{}")) if kept is not None else None
        found, _ = shared.fetch_now(partner, KIND, self._mark(saml), self._fetch(saml, before))
        return Idp.from_json(found), before

    def idp(
        self,
        partner: PartnerFile,
        shared: Partners,
        *,
        fetch: bool = True,
        refresh: bool = False,
        ahead: int = 0,
        held_back: Callable[[], None] = lambda: None,
    ) -> Idp:
        """What the partner's metadata says. refresh: a key is unknown; fetched again if the interval allows. Raises PartnerFailed: its reasons (HS-37 to HS-39), metadata_expired, metadata_fetch."""
        from broker.connectors.saml.metadata import Idp

        saml = saml_of(partner)
        if "://" not in saml.metadata:
            idp = self._of_file(partner)
        else:
            rows, url = shared.rows(partner.id), self._mark(saml)
            kept = good_copy(rows, url)
            if fetch:
                body = json.loads(kept.body or "{}") if kept is not None else None
                get = self._fetch(saml, Idp.from_json(body) if body is not None else None)
                if body is not None and "left_out" not in body:  # of a version that took an authority's key for the partner's
                    ahead = _AT_ONCE
                found = shared.document(partner, rows, KIND, url, get, refresh=refresh, ahead=ahead, held_back=held_back)
            elif kept is not None:
                found = shared.read(kept)
            else:
                raise PartnerFailed("metadata_fetch", f"metadata of {partner.id} could not be had yet")
            idp = self._parsed(partner.id, found)
        if idp.valid_until is not None and self._clock() >= idp.valid_until:  # HS-39
            raise PartnerFailed("metadata_expired", "validUntil of the metadata is over; the partner must publish it anew")
        return idp

    def _parsed(self, partner_id: str, found: Mapping[str, Any]) -> Idp:
        """One object as long as the row is the same (HS-39: swapped, never changed)."""
        from broker.connectors.saml.metadata import Idp

        held = self._idps.get(partner_id)
        if held is None or held[0] is not found:
            held = self._idps[partner_id] = (found, Idp.from_json(found))
        return held[1]

    def _mark(self, saml: SamlPartner) -> str:
        """The row's address: a copy that was taken under another entity_id or certificate is none."""
        pin = hashlib.sha256(f"{saml.entity_id or ''}\0{self._certificate(saml) or ''}".encode()).hexdigest()[:16]
        return f"{saml.metadata}#{pin}"

    def _certificate(self, saml: SamlPartner) -> str | None:
        path = saml.metadata_certificate
        return None if path is None else self._settings().path(str(path)).read_text("latin-1")

    def _wanted(self, saml: SamlPartner) -> EntityFilter:
        from broker.connectors.saml.metadata import EntityFilter

        def allows_plain(url: str) -> bool:
            """An address in a file of ours is one that we configured, as the file's own URL is."""
            return self._http((saml.metadata if "://" in saml.metadata else url,)).allows_plain(url)

        return EntityFilter(entity_id=saml.entity_id, certificate=self._certificate(saml), allows_plain=allows_plain)

    def _fetch(self, saml: SamlPartner, before: Idp | None) -> Callable[[HttpClient], tuple[dict[str, Any], int]]:
        from broker.connectors.saml.fetch import fetch_metadata

        def get(http: HttpClient) -> tuple[dict[str, Any], int]:
            found, age = fetch_metadata(http, saml.metadata, self._wanted(saml), now=self._clock())
            same_entity(before, found)
            return found.to_json(), age

        return get

    def _of_file(self, partner: PartnerFile) -> Idp:
        from broker.connectors.saml.metadata import read_file

        saml = saml_of(partner)
        path = self._settings().path(saml.metadata)
        return self._files.of(
            partner.id, path, self._mark(saml), lambda: read_file(path, self._wanted(saml), now=self._clock())[0]
        )

    def visit(self, partner: PartnerFile, http: HttpClient) -> Idp:
        """What the metadata says at this moment, judged as ever, nothing kept: for doctor. Raises PartnerFailed as `idp`."""
        from broker.connectors.saml import metadata

        saml = saml_of(partner)
        if "://" in saml.metadata:
            return metadata.Idp.from_json(self._fetch(saml, None)(http)[0])
        return metadata.read_file(self._settings().path(saml.metadata), self._wanted(saml), now=self._clock())[0]

    # --- ourselves ----------------------------------------------------------------------------------------------------

    def own_metadata(self, partner: PartnerFile | None) -> bytes:
        """Our metadata, for everybody or for one partner (contract: addresses). Both keys during a rotation."""
        from broker.connectors.saml.sp_metadata import sp_metadata

        settings, saml = self._settings(), saml_of(partner) if partner is not None else None
        return sp_metadata(
            entity_id=entity_id(settings),
            acs_url=acs_url(settings, partner),
            signing=self._certificates(SAML),
            encryption=self._certificates(ENCRYPTION) if saml is not None and saml.want_encrypted else (),  # HS-41
            signs_requests=saml is None or saml.sign_requests,
            wants_assertions_signed=saml is not None and saml.signed in ("assertion", "both"),
            name_id_format=_offered(saml),
        )

    def ensure_keys(self) -> None:
        """The keys that the partners of the files need: none where nobody is reached over SAML."""
        for pair in keys_needed(self._settings()):
            self._ring(pair)

    def _ring(self, pair: tuple[str, str]) -> Ring:
        """The ring, with a key of this use: it is made when the first partner needs it."""
        ring = self._keys.ring()
        if not any((record.use, record.alg) == pair for record in ring.published(pair[0], self._clock())):
            self._keys.ensure(Actor.system(), [pair])
            ring = self._keys.ring()
        return ring

    def _certificates(self, pair: tuple[str, str]) -> tuple[str, ...]:
        return tuple(record.certificate for record in self._ring(pair).published(pair[0], self._clock()) if record.certificate)

    def _signing_key(self) -> RSAPrivateKey:
        ring = self._ring(SAML)
        return ring.private_rsa(ring.active(*SAML, self._clock()))

    def _decryption_keys(self, *, wanted: bool) -> tuple[RSAPrivateKey, ...]:
        """Every published one: a partner may hold metadata from before the rotation."""
        ring = self._ring(ENCRYPTION) if wanted else self._keys.ring()
        return tuple(ring.private_rsa(record) for record in ring.published(ENCRYPTION[0], self._clock()))


def keys_needed(settings: Settings) -> list[tuple[str, str]]:
    """(use, alg) of the keys that the partners of the files call for, besides those that sign tokens."""
    partners = [partner.saml for partner in settings.partners.values() if partner.saml is not None]
    return [*([SAML] if partners else []), *([ENCRYPTION] if any(saml.want_encrypted for saml in partners) else [])]


def saml_of(partner: PartnerFile) -> SamlPartner:
    """The `saml:` section. Raises PartnerFailed where the partner is reached otherwise."""
    if partner.saml is None:
        raise PartnerFailed("partner_protocol", f"partner {partner.id} is not reached over SAML")
    return partner.saml


def saml_view(partner: PartnerFile, idp: Idp, *, ruled: Callable[[str], bool]) -> SamlView:
    """What the SAML connector is told of a partner's file and metadata."""
    from broker.connectors.saml.partner import SamlView

    saml = saml_of(partner)
    return SamlView(
        id=partner.id,
        entity_id=idp.entity_id,
        signed=saml.signed,
        want_encrypted=saml.want_encrypted,
        subject=saml.subject,
        claims=dict(partner.claims),
        domains=tuple(partner.domains),
        trust_email=partner.trust.email,
        scopes=idp.scopes,
        ruled=ruled,
        skew=partner.allowed_clock_skew,
    )


def _offered(saml: SamlPartner | None) -> str | None:
    """The NameID that our metadata asks for: one that stays with its account, unless an attribute names that (FB-19)."""
    if saml is None:
        return PERSISTENT
    return saml.name_id_format or (PERSISTENT if saml.subject == "name_id" else None)


def entity_id(settings: Settings) -> str:
    """Ours, towards every partner (contract: addresses)."""
    return f"{settings.issuer}/saml/metadata"


def acs_url(settings: Settings, partner: PartnerFile | None) -> str:
    """Where a partner's answers go: one address of its own where it may begin by itself (HS-40), else the common one."""
    own = partner is not None and partner.saml is not None and partner.saml.allow_idp_initiated
    return f"{settings.issuer}/saml/{partner.id}/acs" if own and partner is not None else f"{settings.issuer}/saml/acs"
