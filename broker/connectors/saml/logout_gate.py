"""Verifies messages of single logout that a partner's browser brings (HS-35; SAML core 3.7; profiles 4.4; bindings 3.4, 3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from broker.connectors.saml.assertion_reader import OLDEST, came, check_instant
from broker.connectors.saml.errors import ResponseRefused, refuses_response
from broker.connectors.saml.name_ids import NameIdentifier, name_identifier
from broker.connectors.saml.partner import SamlView
from broker.domain.errors import BadRequest
from broker.saml.bindings import POST, REDIRECT
from broker.saml.decryption import decrypt
from broker.saml.errors import SamlRefused
from broker.saml.keys import PrivateKey, PublicKeys
from broker.saml.logout_gate import NAME_ID, REQUEST, RESPONSE, gate_logout, gate_name_id
from broker.saml.parse import collapse, decode
from broker.saml.redirect import RedirectMessage, read_redirect
from broker.saml.schema_gate import CheckedDocument
from broker.saml.signature import verify
from broker.saml.times import seconds
from broker.saml.vocabulary import clark

RELAY_STATE: Final = 80  # bytes (bindings 3.4.3)
MAX_SESSIONS: Final = 100  # SessionIndexes of one request
_KINDS: Final[Mapping[str, str]] = {"SAMLRequest": REQUEST, "SAMLResponse": RESPONSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutMessage:
    """A message that has passed the gate, and of which nothing is verified. issuer: finds the partner whose keys must verify it.

    relay_state: to be repeated; None if none came. redirect: the query, if it came by redirect.
    """

    kind: str
    issuer: str
    relay_state: str | None
    document: CheckedDocument = field(repr=False)
    redirect: RedirectMessage | None = field(default=None, repr=False)

    @property
    def binding(self) -> str:
        """How it came."""
        return POST if self.redirect is None else REDIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutAsked:
    """A verified LogoutRequest. name: None if it names nobody whom we can read. sessions: SessionIndexes; empty for all.

    made_at, ends: seconds since 1970, before and after which its ID could not be accepted.
    """

    id: str
    name: NameIdentifier | None
    sessions: tuple[str, ...]
    made_at: int
    ends: int


def by_redirect(query: bytes) -> LogoutMessage:
    """A message in a raw query. Raises BadRequest(saml_decode, relay_state), ResponseRefused."""
    found = read_redirect(query)
    with refuses_response():
        document = gate_logout(found.xml, _KINDS[found.kind])
        if document.signature is not None:
            raise SamlRefused("saml_structure", "HS-34", "a message by redirect holds a ds:Signature (bindings 3.4.4.1)")
    return _message(found.kind, document, found.relay_state, found)


def by_post(fields: Mapping[str, str]) -> LogoutMessage:
    """A message in the fields of a form. Raises BadRequest(saml_decode, relay_state), ResponseRefused."""
    kinds = [name for name in _KINDS if name in fields]
    if len(kinds) != 1:
        raise BadRequest("saml_decode", "HS-35: the form has no SAMLRequest or SAMLResponse, or both")
    with refuses_response():
        document = gate_logout(decode(fields[kinds[0]]), _KINDS[kinds[0]])
    return _message(kinds[0], document, fields.get("RelayState"), None)


def _message(kind: str, document: CheckedDocument, relay_state: str | None, redirect: RedirectMessage | None) -> LogoutMessage:
    if relay_state is not None and len(relay_state.encode("utf-8", "surrogatepass")) > RELAY_STATE:
        raise BadRequest("relay_state", "longer than 80 bytes")
    issuer = document.root.find(clark("saml:Issuer")).text or ""
    return LogoutMessage(kind=kind, issuer=issuer, relay_state=relay_state, document=document, redirect=redirect)


def judge_request(
    message: LogoutMessage,
    *,
    partner: SamlView,
    keys: PublicKeys,
    decryption_keys: Sequence[PrivateKey],
    slo_url: str,
    now: int,
) -> LogoutAsked:
    """A LogoutRequest of this partner for us, signed, in time. The caller takes its ID, once. Raises ResponseRefused.

    keys: the partner's pinned ones. decryption_keys: ours. slo_url: the address of ours where it arrived.
    """
    root = message.document.root
    with refuses_response():
        issued = _check(message, REQUEST, partner=partner, keys=keys, slo_url=slo_url, now=now)
        said = root.get("NotOnOrAfter")
        if said is not None and now >= seconds(said, "NotOnOrAfter of samlp:LogoutRequest") + partner.skew:
            raise SamlRefused("saml_time", "HS-35", "NotOnOrAfter of samlp:LogoutRequest is over")
    sessions = tuple(node.text or "" for node in root.findall(clark("samlp:SessionIndex")))
    if len(sessions) > MAX_SESSIONS or not all(sessions):
        raise ResponseRefused(
            "saml_structure", "HS-35", f"samlp:SessionIndex must have text, and come at most {MAX_SESSIONS} times"
        )
    name = _name(message.document, decryption_keys)
    ends = issued + OLDEST + 2 * partner.skew
    return LogoutAsked(id=root.get("ID"), name=name, sessions=sessions, made_at=issued - partner.skew, ends=ends)


def judge_response(
    message: LogoutMessage, *, partner: SamlView, keys: PublicKeys, slo_url: str, now: int
) -> tuple[str, tuple[str, ...]]:
    """A LogoutResponse of this partner for us, signed, in time: the ID of the request that it answers, and its status words.

    The caller compares the ID with the request of this browser, and takes it, once. Raises ResponseRefused.
    """
    root = message.document.root
    with refuses_response():
        _check(message, RESPONSE, partner=partner, keys=keys, slo_url=slo_url, now=now)
    answered = root.get("InResponseTo")
    if not answered:
        raise ResponseRefused("saml_unsolicited", "HS-35", "samlp:LogoutResponse has no InResponseTo")
    status = root.find(clark("samlp:Status"))
    words = (collapse(code.get("Value")) or "" for code in status.iter(clark("samlp:StatusCode")))
    return answered, tuple(word.rpartition(":")[2] for word in words)


def _check(message: LogoutMessage, tag: str, *, partner: SamlView, keys: PublicKeys, slo_url: str, now: int) -> int:
    """HS-18, HS-19, HS-24, HS-27 on a logout message, in this order; IssueInstant. Raises SamlRefused."""
    root = message.document.root
    name = f"samlp:{tag.rpartition('}')[2]}"
    if root.tag != tag or message.issuer != partner.entity_id:
        raise SamlRefused("saml_wrong_idp", "HS-18", f"saml:Issuer of {name} must be {partner.entity_id}")
    if message.redirect is not None:
        message.redirect.verify(keys)
    elif message.document.signature is None:
        raise SamlRefused(
            "saml_unsigned", "HS-35", f"{name} must be signed; the partner must sign logout messages (profiles 4.4.3.1)"
        )
    else:
        verify(message.document.signature, keys)
    if collapse(root.get("Destination")) != slo_url:
        detail = f"Destination of {name} must be {slo_url}, and is {came(root.get('Destination'))}"
        raise SamlRefused("saml_destination", "HS-35", detail)
    return check_instant(root, name, now, partner.skew)


def _name(document: CheckedDocument, keys: Sequence[PrivateKey]) -> NameIdentifier | None:
    """The NameID of a verified request, in plain text or as its ciphertext (HS-21); None if no key of ours opens it."""
    if document.encrypted is None:
        return name_identifier(document.root.find(NAME_ID))
    try:
        return name_identifier(gate_name_id(decrypt(document.encrypted, keys, True)).root)
    except SamlRefused:
        return None
