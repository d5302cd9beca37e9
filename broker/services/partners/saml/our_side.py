"""Our side towards SAML partners: keys and metadata (HS-33, HS-41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.domain.audit import Actor
from broker.keyring.create import ENCRYPTION, SAML
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners.saml.view import acs_url, entity_id, saml_of, saml_sections, saml_view, slo_url
from broker.settings.load import Settings
from broker.settings.model import PartnerFile, SamlPartner

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from broker.connectors.saml.connector import Ourselves
    from broker.connectors.saml.metadata import Idp
    from broker.connectors.saml.single_logout import SingleLogout
    from broker.keyring.ring import Ring

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class OurSide:
    """The service provider that partners know."""

    def __init__(self, core: Core, keys: Keys) -> None:
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys

    def towards(self, partner: PartnerFile) -> Ourselves:
        """Names and keys for the connector of a partner."""
        from broker.connectors.saml.connector import Ourselves

        settings, saml = self._settings(), saml_of(partner)
        return Ourselves(
            entity_id=entity_id(settings),
            acs_url=acs_url(settings, partner),
            signing=self._signing_key if saml.sign_requests else None,
            decryption=lambda: self._decryption_keys(wanted=saml.want_encrypted),
        )

    def single_logout(self, partner: PartnerFile, idp: Idp) -> SingleLogout:
        """Single logout with a partner. Its messages are signed whatever `sign_requests` says (profiles 4.4.3.1)."""
        from broker.connectors.saml.single_logout import SingleLogout

        settings, saml = self._settings(), saml_of(partner)
        return SingleLogout(
            partner=saml_view(partner, idp, ruled=lambda _claim: False),
            idp=idp,
            entity_id=entity_id(settings),
            slo_url=slo_url(settings),
            signing=self._signing_key,
            decryption=lambda: self._decryption_keys(wanted=saml.want_encrypted),
        )

    def metadata(self, partner: PartnerFile | None) -> bytes:
        """Our metadata, for everybody or for one partner (contract: addresses). During a rotation it has both keys."""
        from broker.connectors.saml.sp_metadata import sp_metadata

        settings, saml = self._settings(), saml_of(partner) if partner is not None else None
        return sp_metadata(
            entity_id=entity_id(settings),
            acs_url=acs_url(settings, partner),
            slo_url=slo_url(settings),
            signing=self._certificates(SAML),
            encryption=self._certificates(ENCRYPTION) if saml is not None and saml.want_encrypted else (),  # HS-41
            signs_requests=saml is None or saml.sign_requests,
            wants_assertions_signed=saml is not None and saml.signed in ("assertion", "both"),
            name_id_format=_offered(saml),
        )

    def ensure_keys(self) -> None:
        """Create the keys that the partners of the files need: none if no partner is reached over SAML."""
        for pair in keys_needed(self._settings()):
            self._ring(pair)

    def _ring(self, pair: tuple[str, str]) -> Ring:
        """The ring, with a key of this use: it is created when the first partner needs it."""
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
        """Every published key, because a partner may still use our metadata from before the rotation."""
        ring = self._ring(ENCRYPTION) if wanted else self._keys.ring()
        return tuple(ring.private_rsa(record) for record in ring.published(ENCRYPTION[0], self._clock()))


def keys_needed(settings: Settings) -> list[tuple[str, str]]:
    """(use, alg) of the keys that the partners of the files need, besides those that sign tokens."""
    sections = saml_sections(settings).values()
    return [*([SAML] if sections else []), *([ENCRYPTION] if any(saml.want_encrypted for saml in sections) else [])]


def _offered(saml: SamlPartner | None) -> str | None:
    """The NameID that our metadata asks for: a persistent one, unless an attribute names the account (FB-19)."""
    if saml is None:
        return PERSISTENT
    return saml.name_id_format or (PERSISTENT if saml.subject == "name_id" else None)
