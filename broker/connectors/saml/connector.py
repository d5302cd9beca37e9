"""SAML 2.0 Web Browser SSO with one partner: builds the request, and turns the response into an Assertion (prof 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.connectors.saml.envelope import Envelope
from broker.connectors.saml.metadata import Idp
from broker.connectors.saml.partner import Expected, SamlView
from broker.connectors.saml.requests import authn_request
from broker.connectors.saml.response import JudgedAssertion, judge
from broker.domain.assertion import Assertion
from broker.domain.connector import Ask, Inbound, Outbound
from broker.domain.errors import PartnerUntrusted
from broker.domain.times import Clock
from broker.saml import bindings
from broker.saml.keys import PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Ourselves:
    """Our service provider, as this partner knows it. acs_url: where its responses arrive.

    signing: returns the key for requests; None if they are not signed. decryption: returns every key that a partner may have
    encrypted for, newest first. The functions are called when a key is needed: no key is kept (HS-33).
    """

    entity_id: str
    acs_url: str
    signing: Callable[[], PrivateKey] | None
    decryption: Callable[[], Sequence[PrivateKey]]


class SamlConnector:
    """One partner as an identity provider. The state of a login is not kept here, but sealed in the login as `memory`.

    idp: returns the content of its metadata; raises PartnerFailed if there is none. name_id_format: requested only if given.
    """

    def __init__(
        self,
        partner: SamlView,
        ourselves: Ourselves,
        idp: Callable[[], Idp],
        clock: Clock,
        *,
        name_id_format: str | None = None,
        canonical_email: Callable[[str], str | None],
    ) -> None:
        self._partner = partner
        self._ourselves = ourselves
        self._idp = idp
        self._clock = clock
        self._name_id_format = name_id_format
        self._canonical_email = canonical_email

    def begin(self, ask: Ask) -> Outbound:
        """The AuthnRequest, by redirect if the partner has an address for that, else by POST. Raises PartnerFailed.

        SAML has no max_age: a request with max_age becomes one for a fresh sign-in (ForceAuthn). The gates of the login check
        the age of AuthnInstant and the strength of the context (HS-30).
        """
        idp, us, now = self._idp(), self._ourselves, self._clock()
        force = ask.force or ask.max_age is not None
        subject_format = None if ask.any_subject else self._name_id_format
        request = authn_request(
            entity_id=us.entity_id,
            acs_url=us.acs_url,
            destination=idp.redirect or idp.post or "",
            now=now,
            name_id_format=subject_format,
            force=force,
            passive=ask.passive,
            contexts=ask.acr_values,
        )
        key = us.signing() if us.signing is not None else None
        memory = {"request_id": request.id, "acs": us.acs_url, "subject_format": subject_format or ""}
        if idp.redirect is not None:
            return Outbound(
                url=bindings.redirect_url(request.destination, "SAMLRequest", request.xml, ask.state, key), memory=memory
            )
        return Outbound(
            url=request.destination, form=bindings.post_form("SAMLRequest", request.xml, ask.state, key), memory=memory
        )

    def complete(self, inbound: Inbound) -> Assertion:
        """The verified answer. Raises PartnerUntrusted, PartnerFailed."""
        return self.judge(inbound).assertion

    def judge(self, inbound: Inbound, envelope: Envelope | None = None) -> JudgedAssertion:
        """The verified answer, with the assertion's ID and the end of its validity for the replay table (HS-31).

        envelope: of `peek`, if the message was parsed already (HS-2).
        """
        memory = inbound.memory
        if memory.get("acs") != self._ourselves.acs_url:  # the partner's file changed during the sign-in
            raise PartnerUntrusted("saml_destination", "the assertion consumer service changed during this sign-in")
        expected = Expected(
            request_id=memory.get("request_id", ""),
            acs_url=memory.get("acs", ""),
            audience=self._ourselves.entity_id,
            now=inbound.now,
            known=lambda subject, addresses: inbound.known(self._partner.entity_id, subject, addresses),
        )
        return judge(
            envelope or inbound.params.get("SAMLResponse", ""),
            partner=self._partner,
            keys=self._idp().public_keys(),
            decryption_keys=tuple(self._ourselves.decryption()),
            expected=expected,
            canonical_email=self._canonical_email,
        )

    def has_other_keys(self, idp: Idp) -> bool:
        """Whether this metadata has other signing keys than the connector's."""
        return {key.spki for key in idp.keys} != {key.spki for key in self._idp().keys}
