"""The services of partners over OpenID Connect: connector, documents, sign-out (HO-2 to HO-6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from broker.connectors.oidc.connector import OidcConnector, PartnerView, Sources
from broker.connectors.oidc.discovery import Judgements, discovery_url, fetch_discovery, fetch_jwks
from broker.connectors.outbound.address_policy import HttpFailure, split_url
from broker.connectors.outbound.client import HttpClient
from broker.connectors.registry import callback_url
from broker.domain.connector import Outbound
from broker.jose.sign import sign
from broker.services.addresses import canonical
from broker.services.core import Core
from broker.services.keys.change_audit import fingerprints
from broker.services.keys.ring import Keys
from broker.services.partners import known_claims
from broker.services.partners.documents import PartnerDocuments
from broker.services.partners.family import Refreshed, refreshed_keys
from broker.services.partners.oidc.documents import OidcDocuments
from broker.services.partners.oidc.view import oidc_of, partner_view
from broker.settings.load import Settings
from broker.settings.model import PartnerFile


class OidcPartners:
    """Every partner that is reached over OpenID Connect."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient], documents: PartnerDocuments) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._http = http
        self._documents = documents
        self._judged = Judgements()
        self._held: tuple[Settings, dict[str, PartnerView]] | None = None

    def connector(self, partner: PartnerFile) -> OidcConnector:
        """The connector; it asks for documents when it needs them."""
        settings = self._settings()
        documents = OidcDocuments(self._documents, partner)
        return OidcConnector(
            self._view(settings, partner),
            callback_url(settings.issuer, partner.protocol, partner.id, own=partner.section.own_callback),
            Sources(discovery=documents.discovery, keys=documents.keys, judged=self._judged, held_back=documents.held_back),
            self._http(partner.addresses),
            self.sign,
            canonical_email=canonical,
        )

    def visiting(self, partner: PartnerFile, http: HttpClient) -> OidcConnector:
        """The connector on the documents as they are at the partner now; nothing is kept. Raises PartnerFailed."""
        settings, oidc = self._settings(), oidc_of(partner)
        url = oidc.discovery or discovery_url(oidc.issuer)
        found, _ = fetch_discovery(http, oidc.issuer, url)
        return OidcConnector(
            partner_view(settings, partner),
            callback_url(settings.issuer, partner.protocol, partner.id, own=partner.section.own_callback),
            Sources(
                discovery=lambda: found,
                keys=lambda _unknown: fetch_jwks(http, str(found["jwks_uri"]))[0],
                judged=Judgements(),
                held_back=lambda: False,
            ),
            http,
            self.sign,
            canonical_email=canonical,
        )

    def sign(self, alg: str, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
        """For private_key_jwt: with our active key of that algorithm."""
        return sign(self._keys.ring().signing(alg, self._clock()), claims, header=header)

    def renew(self, partner: PartnerFile, ahead: int) -> None:
        """Fetch discovery and keys if they will be stale in `ahead` seconds. Raises PageError."""
        documents = OidcDocuments(self._documents, partner, ahead=ahead)
        documents.discovery()
        documents.keys(False)

    def refresh(self, partner: PartnerFile) -> list[Refreshed]:
        """Fetch and keep discovery and keys now. Raises PartnerFailed."""
        documents = OidcDocuments(self._documents, partner)
        address, _, _ = documents.discovery_now()
        uri, keys, before = documents.keys_now()
        new = fingerprints(keys)
        old = fingerprints(before) if before else new
        return [Refreshed(document="discovery", address=address), refreshed_keys("jwks", uri, old, new)]

    def issuer_of(self, partner: PartnerFile) -> str:
        """The issuer of the file: a document of another issuer is refused."""
        return partner.issuer

    def our_name(self, partner: PartnerFile) -> str:
        """Our client_id there."""
        return f"the client {oidc_of(partner).client_id}"

    def takes_sign_out(self, partner: PartnerFile, _home: str) -> bool:
        """Whether the stored discovery document has an end_session_endpoint."""
        return bool(self._end_session(partner))

    def sign_out(self, partner: PartnerFile, home: str, state: str) -> Outbound | None:
        """RP-Initiated Logout 2: our client_id, and the ID token of the sign-in as id_token_hint if the session kept it.

        The browser comes back, with the state, only if the partner's file says that our address is registered there.
        """
        url, oidc = self._end_session(partner), oidc_of(partner)
        if not url:
            return None
        query = {"client_id": oidc.client_id}
        if home:
            query["id_token_hint"] = home
        if oidc.post_logout_redirect:
            query |= {"post_logout_redirect_uri": f"{self._settings().issuer}/oidc/{partner.id}/signed-out", "state": state}
        memory = {"answer": state} if oidc.post_logout_redirect else {}
        return Outbound(url=f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", memory=memory)

    def _end_session(self, partner: PartnerFile) -> str:
        """The end_session_endpoint of the stored discovery document; "" if it has none that a browser may be sent to."""
        row = self._documents.rows(partner.id).get("discovery")
        found = self._documents.read(row).get("end_session_endpoint") if row is not None and row.body is not None else None
        schemes = {"https", oidc_of(partner).issuer.partition(":")[0]}
        try:
            return found if isinstance(found, str) and split_url(found).scheme in schemes else ""
        except HttpFailure:
            return ""

    def _view(self, settings: Settings, partner: PartnerFile) -> PartnerView:
        """The part of the file that the connector needs; made once a set of files, because its secrets may be in other files."""
        if (held := self._held) is None or held[0] is not settings:
            held = self._held = (settings, {})
        view = held[1].get(partner.id)
        if view is None:
            view = held[1][partner.id] = partner_view(
                settings, partner, ruled=lambda claim: known_claims.is_ruled(self._db, partner.id, claim)
            )
        return view
