"""Single logout of the SAML partner (saml-core 3.7, saml-profiles 4.4): it asks the service provider, and answers it.

Written as text from the standard; nothing of the broker's own reader is used.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from broker.demo.identity import ProtocolError
from broker.demo.saml import messages
from broker.demo.saml.keys import parsed, root_verifies, verifies
from broker.demo.saml.messages import RSA_SHA256, SAML, SAMLP, SUCCESS, stamp

if TYPE_CHECKING:
    from broker.demo.saml.identity import SamlIdentityProvider

_SIGNED = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg")


@dataclass(frozen=True, slots=True)
class Sending:
    """Where the browser goes. form: the fields of a POST; None for a redirect."""

    url: str
    form: Mapping[str, str] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class LogoutReceived:
    """A verified message of the service provider. status: of a response, its codes from the top."""

    id: str
    relay_state: str
    name_id: str = ""
    sessions: tuple[str, ...] = ()
    in_response_to: str = ""
    status: tuple[str, ...] = ()


class Logouts:
    """What one partner says and hears about the end of sessions."""

    def __init__(self, provider: SamlIdentityProvider) -> None:
        self._provider = provider
        self.waiting: dict[str, str] = {}  # ID of a request of ours -> its RelayState
        self.answers: list[LogoutReceived] = []
        self.received: list[LogoutReceived] = []

    def ask(self, subject: str, *sessions: str, relay_state: str = "partner-state") -> Sending:
        """A LogoutRequest for a person, or for these sessions of theirs, by the binding that this partner uses."""
        identifier, provider = messages.new_id(), self._provider
        self.waiting[identifier] = relay_state
        return self.sent("SAMLRequest", self.request(identifier, subject, sessions), provider.known().slo_url, relay_state)

    def request(self, identifier: str, subject: str, sessions: tuple[str, ...], **changes: str) -> str:
        """The XML of a LogoutRequest, unsigned. changes: issuer, destination, issued, ends, name_id: other values than the right ones."""
        provider = self._provider
        name, form = provider.name_of(subject)
        values = {
            "issuer": provider.entity_id,
            "destination": changes.get("destination") or provider.known().slo_url,
            "issued": stamp(provider.now),
            "ends": stamp(provider.now + 300),
            "name_id": f'<saml:NameID Format="{form}">{escape(name)}</saml:NameID>',
            **changes,
        }
        indexes = "".join(f"<samlp:SessionIndex>{escape(one)}</samlp:SessionIndex>" for one in sessions)
        return (
            f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{identifier}" Version="2.0" IssueInstant="{values["issued"]}" '
            f'Destination="{escape(values["destination"])}" NotOnOrAfter="{values["ends"]}"><saml:Issuer>{escape(values["issuer"])}</saml:Issuer>'
            f"{values['name_id']}{indexes}</samlp:LogoutRequest>"
        )

    def sent(self, kind: str, xml: str, url: str, relay_state: str, *, post: bool | None = None) -> Sending:
        """A signed message. post: by POST or by redirect; None: as this partner does."""
        provider = self._provider
        if provider.by_post_only if post is None else post:
            signed = messages.sign(xml, provider.key)
            return Sending(url, {kind: base64.b64encode(signed.encode()).decode(), "RelayState": relay_state})
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = base64.b64encode(packer.compress(xml.encode()) + packer.flush()).decode()
        query = f"{kind}={quote(packed, safe='')}&RelayState={quote(relay_state, safe='')}&SigAlg={quote(RSA_SHA256, safe='')}"
        signature = provider.key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        return Sending(f"{url}?{query}&Signature={quote(base64.b64encode(signature).decode(), safe='')}")

    # --- what comes in

    def answered(self, query: str, form: Mapping[str, str]) -> LogoutReceived:
        """A LogoutResponse to a request of ours, once. Raises Refused."""
        found = self._received("SAMLResponse", query, form)
        if self.waiting.pop(found.in_response_to, None) != found.relay_state:
            raise ProtocolError("logout", "this answers no request of ours")
        self.answers.append(found)
        return found

    def asked(self, query: str, form: Mapping[str, str]) -> Sending:
        """A LogoutRequest of the service provider: its sessions here end, and it gets our answer. Raises Refused."""
        found = self._received("SAMLRequest", query, form)
        provider = self._provider
        self.received.append(found)
        mine = [sid for sid, one in provider.sessions.items() if provider.name_of(one.subject)[0] == found.name_id]
        for sid in mine:
            if not found.sessions or sid in found.sessions:
                del provider.sessions[sid]
        url = provider.known().slo_url
        return self.sent("SAMLResponse", self.response(found.id, SUCCESS), url, found.relay_state)

    def response(self, answered: str, status: str, **changes: str) -> str:
        """The XML of a LogoutResponse, unsigned. changes: issuer, destination, issued."""
        provider = self._provider
        values = {"issuer": provider.entity_id, "destination": "", "issued": stamp(provider.now), **changes}
        return (
            f'<samlp:LogoutResponse xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{messages.new_id()}" Version="2.0" '
            f'IssueInstant="{values["issued"]}" Destination="{escape(values["destination"] or provider.known().slo_url)}" '
            f'InResponseTo="{escape(answered)}"><saml:Issuer>{escape(values["issuer"])}</saml:Issuer>'
            f'<samlp:Status><samlp:StatusCode Value="{escape(status)}"/></samlp:Status></samlp:LogoutResponse>'
        )

    def _received(self, kind: str, query: str, form: Mapping[str, str]) -> LogoutReceived:
        known, fields = self._provider.known(), dict(form) or dict(parse_qsl(query))
        if form:
            xml = base64.b64decode(fields.get(kind, ""))
            good = root_verifies(known.signing, xml)
        else:
            signed = "&".join(part for part in query.split("&") if part.partition("=")[0] in _SIGNED)
            good = verifies(known.signing, signed.encode(), base64.b64decode(fields.get("Signature", "")))
            xml = zlib.decompressobj(-15).decompress(base64.b64decode(fields.get(kind, "")), 65536)
        root = parsed(xml)
        wanted = "LogoutRequest" if kind == "SAMLRequest" else "LogoutResponse"
        issuer = root.findtext(f"{{{SAML}}}Issuer")
        if (
            root.tag != f"{{{SAMLP}}}{wanted}"
            or issuer != known.entity_id
            or root.get("Destination") != f"{self._provider.address}/slo"
        ):
            raise ProtocolError("logout", "this is no logout message of the service provider for us")
        if not good:
            raise ProtocolError("signature", "the logout message is not signed by the service provider")
        return LogoutReceived(
            id=root.get("ID", ""),
            relay_state=fields.get("RelayState", ""),
            name_id=root.findtext(f"{{{SAML}}}NameID") or "",
            sessions=tuple(node.text or "" for node in root.iter(f"{{{SAMLP}}}SessionIndex")),
            in_response_to=root.get("InResponseTo", ""),
            status=tuple(node.get("Value", "") for node in root.iter(f"{{{SAMLP}}}StatusCode")),
        )
