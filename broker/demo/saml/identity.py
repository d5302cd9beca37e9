"""The SAML identity provider of a partner: small, correct, honest - until a fault is switched on.

It knows no HTTP server; `saml_partner` puts pages around it. What it speaks: AuthnRequests by redirect and POST, their signatures
verified, ForceAuthn, IsPassive, RequestedAuthnContext; responses by POST, the assertion and the response signed, encrypted where the
service provider's metadata has a key for that. All state is in memory.
"""

from __future__ import annotations

import base64
import hashlib
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import rsa

from broker.demo.faults import SKEW
from broker.demo.identity import MFA, Account, DemoSession, ProtocolError
from broker.demo.saml import messages
from broker.demo.saml.faults import SAML_FAULTS
from broker.demo.saml.keys import certificate, new_key, parsed, root_verifies, verifies
from broker.demo.saml.logouts import Logouts
from broker.demo.saml.messages import DS, MD, SAML, SAMLP, Answer

MAIL, NAME = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.16.840.1.113730.3.1.241"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_ELSEWHERE = "https://somebody-else.example/saml/acs"
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """What the service provider's metadata says: its entity id, addresses, and certificates (base64)."""

    entity_id: str
    acs_url: str
    slo_url: str
    signing: tuple[str, ...]
    encryption: str | None
    signs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlRequest:
    """A checked AuthnRequest, with what the browser brings along."""

    id: str
    acs_url: str
    relay_state: str
    force: bool
    passive: bool
    contexts: tuple[str, ...]
    name_id_format: str | None

    @property
    def wants_second_factor(self) -> bool:
        """Whether RequestedAuthnContext asks for multi-factor authentication."""
        return MFA in self.contexts


class SamlIdentityProvider:
    """The people and keys of one partner over SAML.

    address: of its server; its entity id is ADDRESS/metadata. sp_metadata: where the service provider publishes its own. post: takes
    requests by POST only. name_id: `persistent` or `email`. signed: response, assertion or both. second_factor: False refuses who asks for it (NoAuthnContext). clock: seconds since 1970.
    """

    def __init__(
        self,
        address: str,
        *,
        name: str,
        accounts: Sequence[Account],
        sp_metadata: str,
        post: bool = False,
        name_id: str = "persistent",
        signed: str = "both",
        scopes: Sequence[str] = (),
        second_factor: bool = True,
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self.address, self.name, self.entity_id = address, name, f"{address}/metadata"
        self.accounts = {account.subject: account for account in accounts}
        self._sp_metadata, self._post, self._name_id, self._parts = sp_metadata, post, name_id, signed
        self._scopes, self._clock = tuple(scopes), clock
        self.second_factor = second_factor
        self._keys = [new_key()]
        self.logouts = Logouts(self)
        self._last: tuple[str, str] | None = None  # the response before, and the ID of its assertion
        self._fault = "none"
        self.sessions: dict[str, DemoSession] = {}  # by SessionIndex
        self.seen: list[SamlRequest] = []
        self.sent: list[str] = []

    @property
    def fault(self) -> str:
        """The fault that is switched on; `none` for an honest partner."""
        return self._fault

    @fault.setter
    def fault(self, name: str) -> None:
        if name not in SAML_FAULTS:
            raise ValueError(f"unknown fault {name!r}: one of {', '.join(SAML_FAULTS)}")
        self._fault = name

    def rotate_key(self, *, keep: bool = True) -> None:
        """Sign with a new key from now on; keep: the old one stays in the metadata."""
        self._keys = [new_key(), *(self._keys if keep else [])]

    @property
    def key(self) -> rsa.RSAPrivateKey:
        """The key that signs now."""
        return self._keys[0]

    @property
    def by_post_only(self) -> bool:
        """Whether it takes requests by POST only."""
        return self._post

    @property
    def now(self) -> int:
        """Seconds since 1970."""
        return self._clock()

    def metadata(self, *, signed_by: rsa.RSAPrivateKey | None = None) -> bytes:
        """The EntityDescriptor, signed where a key is given."""
        over = self.fault == "expired_certificate"
        keys = "".join(
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate(key, self.name, self._clock(), over=over)}'
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for key in self._keys
        )
        scopes = "".join(f'<shibmd:Scope regexp="false">{scope}</shibmd:Scope>' for scope in self._scopes)
        extensions = f"<md:Extensions>{scopes}</md:Extensions>" if scopes else ""
        bindings = ("HTTP-POST",) if self._post else ("HTTP-Redirect", "HTTP-POST")
        services = "".join(
            f'<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{self.address}/sso"/>'
            for binding in bindings
        )
        logouts = "".join(
            f'<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{self.address}/slo"/>'
            for binding in bindings
        )
        xml = (
            f'<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" ID="{messages.new_id()}" '
            f'entityID="{self.entity_id}" cacheDuration="PT1H"><md:IDPSSODescriptor WantAuthnRequestsSigned="true" '
            f'protocolSupportEnumeration="{SAMLP}">{extensions}{keys}{logouts}{services}</md:IDPSSODescriptor></md:EntityDescriptor>'
        )
        return (messages.sign(xml, signed_by) if signed_by is not None else xml).encode()

    # --- requests -----------------------------------------------------------------------------------------------------

    def by_redirect(self, query: str) -> SamlRequest:
        """A request in a query, as it came over the wire. Raises Refused."""
        fields = dict(parse_qsl(query))
        known = self.known()
        if known.signs:
            signed = "&".join(
                part for part in query.split("&") if part.partition("=")[0] in ("SAMLRequest", "RelayState", "SigAlg")
            )
            if not verifies(known.signing, signed.encode(), base64.b64decode(fields.get("Signature", ""))):
                raise ProtocolError("signature", "the request is not signed by the service provider")
        packed = base64.b64decode(fields.get("SAMLRequest", ""))
        return self._request(zlib.decompressobj(-15).decompress(packed, 65536), fields.get("RelayState", ""), known)

    def by_post(self, fields: Mapping[str, str]) -> SamlRequest:
        """A request in a form, signed in itself. Raises Refused."""
        known, xml = self.known(), base64.b64decode(fields.get("SAMLRequest", ""))
        if known.signs and not root_verifies(known.signing, xml):
            raise ProtocolError("signature", "the request is not signed by the service provider")
        return self._request(xml, fields.get("RelayState", ""), known)

    def _request(self, xml: bytes, relay_state: str, known: ServiceProvider) -> SamlRequest:
        root = parsed(xml)
        issuer = root.findtext(f"{{{SAML}}}Issuer")
        if (
            root.tag != f"{{{SAMLP}}}AuthnRequest"
            or issuer != known.entity_id
            or root.get("Destination") != f"{self.address}/sso"
        ):
            raise ProtocolError("request", "this is no request of the service provider for us")
        policy = root.find(f"{{{SAMLP}}}NameIDPolicy")
        found = SamlRequest(
            id=root.get("ID", ""),
            acs_url=root.get("AssertionConsumerServiceURL", ""),
            relay_state=relay_state,
            force=root.get("ForceAuthn") == "true",
            passive=root.get("IsPassive") == "true",
            contexts=tuple(node.text or "" for node in root.iter(f"{{{SAML}}}AuthnContextClassRef")),
            name_id_format=policy.get("Format") if policy is not None else None,
        )
        if found.acs_url != known.acs_url:
            raise ProtocolError("request", "the answer would go where the service provider's metadata does not say")
        self.seen.append(found)
        return found

    def known(self) -> ServiceProvider:
        """The service provider as its metadata has it now. Raises Refused."""
        try:
            with urllib.request.urlopen(self._sp_metadata, timeout=15) as answer:  # noqa: S310  the demo's own address
                root = parsed(answer.read())
        except (OSError, urllib.error.URLError) as error:
            raise ProtocolError("metadata", "the service provider's metadata cannot be had") from error
        role = root.find(f"{{{MD}}}SPSSODescriptor")
        logout = role.find(f"{{{MD}}}SingleLogoutService")
        keys = {
            use: [node.text or "" for node in role.iterfind(f"{{{MD}}}KeyDescriptor[@use='{use}']//{{{DS}}}X509Certificate")]
            for use in ("signing", "encryption")
        }
        return ServiceProvider(
            entity_id=root.get("entityID", ""),
            acs_url=role.find(f"{{{MD}}}AssertionConsumerService").get("Location"),
            slo_url=logout.get("Location") if logout is not None else "",
            signing=tuple(keys["signing"]),
            encryption=keys["encryption"][0] if keys["encryption"] else None,
            signs=role.get("AuthnRequestsSigned") == "true",
        )

    # --- answers ------------------------------------------------------------------------------------------------------

    def sign_in(self, subject: str, *, second_factor: bool = False) -> DemoSession:
        """Somebody proved himself just now."""
        session = DemoSession(subject, self._clock(), second_factor, messages.new_id())
        self.sessions[session.sid] = session
        return session

    def must_ask(self, request: SamlRequest, session: DemoSession | None) -> bool:
        """Whether the login page is to be shown."""
        return session is None or request.force or (request.wants_second_factor and not session.second_factor)

    def answer(self, request: SamlRequest, session: DemoSession) -> dict[str, str]:
        """The fields of the response, as the fault that is switched on has them."""
        if self.fault == "error":
            return self.refusal(request, "Responder", "RequestDenied", "<script>alert(1)</script>")
        if self.fault == "strict_format" and request.name_id_format is not None:
            return self.refusal(request, "Requester", "InvalidNameIDPolicy")
        if self.fault == "replayed" and self._last is not None:
            return self._fields(self._last[0], request)
        told = self._told(request, session)
        xml = self._signed(told)
        self._last = (xml, told.assertion_id)
        self.sent.append(xml)
        return self._fields(xml, request)

    def name_of(self, subject: str) -> tuple[str, str]:
        """The NameID of a person, and its format."""
        if self._name_id == "email":
            return self.accounts[subject].email, EMAIL_FORMAT
        return hashlib.sha256(f"{self.entity_id}!{subject}".encode()).hexdigest()[:32], messages.PERSISTENT

    def unsolicited(self, subject: str, relay_state: str = "") -> tuple[str, dict[str, str]]:
        """Address and fields of a response that answers no request: somebody clicked a tile here."""
        known = self.known()
        request = SamlRequest(
            id="", acs_url=known.acs_url, relay_state=relay_state, force=False, passive=False, contexts=(), name_id_format=None
        )
        told = replace(self._told(request, self.sign_in(subject)), in_response_to=None)
        return known.acs_url, self._fields(self._signed(told), request)

    def refusal(self, request: SamlRequest, first: str, second: str, text: str = "") -> dict[str, str]:
        """A response without an assertion: why nobody was signed in (saml-core 3.2.2)."""
        told = self._told(request, DemoSession(next(iter(self.accounts)), self._clock()))
        status = f'<samlp:StatusCode Value="{_STATUS}{first}"><samlp:StatusCode Value="{_STATUS}{second}"/></samlp:StatusCode>'
        said = f"<samlp:StatusMessage>{escape(text)}</samlp:StatusMessage>" if text else ""
        return self._fields(messages.sign(messages.response(told, "", status=status + said), self._keys[0]), request)

    def _told(self, request: SamlRequest, session: DemoSession) -> Answer:
        account, fault, now = self.accounts[session.subject], self.fault, self._clock()
        attributes: dict[str, Any] = {MAIL: account.email, NAME: account.name, **account.claims}
        if fault == "missing_mail":
            del attributes[MAIL]
        name_id, name_id_format = self.name_of(account.subject)
        told = Answer(
            issuer=self.entity_id,
            destination=request.acs_url,
            recipient=request.acs_url,
            audience=self.known().entity_id,
            in_response_to=request.id,
            response_id=messages.new_id(),
            assertion_id=messages.new_id(),
            name_id=name_id,
            name_id_format=name_id_format,
            session_index=session.sid,
            now=now,
            authn_instant=session.auth_time,
            context=MFA if session.second_factor else messages.PASSWORD,
            attributes=attributes,
        )
        wrong: Mapping[str, Mapping[str, Any]] = {
            "skewed_clock": {"now": now - SKEW, "authn_instant": session.auth_time - SKEW},
            "wrong_audience": {"audience": "https://somebody-else.example/saml/metadata"},
            "wrong_recipient": {"recipient": _ELSEWHERE},
            "wrong_destination": {"destination": _ELSEWHERE},
            "wrong_issuer": {"issuer": "https://login.somebody-else.example"},
            "same_assertion": {"assertion_id": self._last[1]} if self._last is not None else {},
            "unsolicited": {"in_response_to": None},
        }
        return replace(told, **wrong.get(fault, {}))

    def _signed(self, told: Answer) -> str:
        fault = self.fault
        inner = messages.assertion(told)
        if fault == "comment":
            inner = inner.replace(f">{told.name_id}<", f">{told.name_id[:5]}<!-- -->{told.name_id[5:]}<")
        if fault == "unsigned":
            return messages.response(told, inner)
        wrapping = int(fault.rpartition("_")[2]) if fault.startswith("wrapping_") else 0
        key = new_key() if fault == "other_keys" else self._keys[0]
        options: dict[str, Any] = {"sha1": fault == "sha1"}
        if fault == "other_keys":
            options["certificate"] = certificate(key, self.name, self._clock())
        if wrapping > 2 or (not wrapping and self._parts != "response"):
            inner = messages.sign(inner, key, **options)
        encryption = self.known().encryption if fault not in ("not_encrypted", "comment") and not wrapping else None
        if encryption is not None:
            inner = messages.encrypt(inner, encryption)
        xml = messages.response(told, inner)
        if wrapping <= 2 and (wrapping or self._parts != "assertion"):
            xml = messages.sign(xml, key, **options)
        return messages.wrap(xml, wrapping, "somebody-else") if wrapping else xml

    @staticmethod
    def _fields(xml: str, request: SamlRequest) -> dict[str, str]:
        return {"SAMLResponse": base64.b64encode(xml.encode()).decode(), "RelayState": request.relay_state}
