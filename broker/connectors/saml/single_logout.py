"""Single logout with one partner: judges its messages and makes ours, always signed (SAML profiles 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from broker.connectors.saml.logout_gate import LogoutAsked, LogoutMessage, judge_request, judge_response
from broker.connectors.saml.logout_messages import logout_request, logout_response
from broker.connectors.saml.metadata import Idp, LogoutEndpoint
from broker.connectors.saml.name_ids import NameIdentifier
from broker.connectors.saml.partner import SamlView
from broker.domain.connector import Outbound
from broker.saml import bindings
from broker.saml.bindings import REDIRECT
from broker.saml.encryption import encrypt_name_id
from broker.saml.keys import PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleLogout:
    """One partner, and our side of it. slo_url: where its messages arrive. signing, decryption: called when a key is needed."""

    partner: SamlView
    idp: Idp
    entity_id: str
    slo_url: str
    signing: Callable[[], PrivateKey]
    decryption: Callable[[], Sequence[PrivateKey]]

    def judge(self, message: LogoutMessage, now: int) -> LogoutAsked:
        """A verified LogoutRequest. Raises PartnerUntrusted, PartnerFailed(metadata_key)."""
        return judge_request(
            message,
            partner=self.partner,
            keys=self.idp.public_keys(),
            decryption_keys=self.decryption() if message.document.encrypted is not None else (),
            slo_url=self.slo_url,
            now=now,
        )

    def judge_answer(self, message: LogoutMessage, now: int) -> tuple[str, tuple[str, ...]]:
        """A verified LogoutResponse: the ID of our request, and its status words. Raises PartnerUntrusted, PartnerFailed."""
        keys = self.idp.public_keys()
        return judge_response(message, partner=self.partner, keys=keys, slo_url=self.slo_url, now=now)

    def request(self, home: str, now: int) -> Outbound | None:
        """A signed LogoutRequest, with its ID as `answer` of the memory; None if the metadata names no address for one.

        home: of `NameIdentifier.to_text`. The NameID is encrypted if the partner's file requires encryption and its metadata has
        a key for that.
        """
        endpoint = self._endpoint(REDIRECT)
        if endpoint is None:
            return None
        name, session_index = NameIdentifier.from_text(home)
        identifier, xml = logout_request(
            entity_id=self.entity_id, destination=endpoint.location, name=name, session_index=session_index, now=now
        )
        if self.partner.want_encrypted and self.idp.encryption is not None:
            xml = encrypt_name_id(xml, self.idp.encryption)
        sent = self._sent("SAMLRequest", endpoint.binding, endpoint.location, xml, None)
        return replace(sent, memory={"answer": identifier})

    def answer(self, message: LogoutMessage, asked: LogoutAsked, status: Sequence[str], now: int) -> Outbound | None:
        """The signed LogoutResponse, by the binding of the request if the partner takes responses by it; None if by none.

        status: words of core 3.2.2.2. RelayState is repeated as it came (bindings 3.4.3, 3.5.3).
        """
        endpoint = self._endpoint(message.binding)
        if endpoint is None:
            return None
        xml = logout_response(
            entity_id=self.entity_id, destination=endpoint.answers_to, in_response_to=asked.id, status=status, now=now
        )
        return self._sent("SAMLResponse", endpoint.binding, endpoint.answers_to, xml, message.relay_state)

    def _endpoint(self, preferred: str) -> LogoutEndpoint | None:
        return next(iter(sorted(self.idp.logout, key=lambda one: one.binding != preferred)), None)

    def _sent(self, field: str, binding: str, url: str, xml: bytes, relay_state: str | None) -> Outbound:
        if binding == REDIRECT:
            return Outbound(url=bindings.redirect_url(url, field, xml, relay_state, self.signing()))
        return Outbound(url=url, form=bindings.post_form(field, xml, relay_state, self.signing()))
