"""A partner's metadata: one entity, one IDPSSODescriptor, its endpoints, keys and scopes, and nothing else (HS-36 to HS-39).

Read by a closed walk over one hardened lxml parse instead of pysaml2's element classes: those parse by themselves (a second
parse of what a signature was verified on), accept both spellings of what we refuse, and keep every extension.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from broker.connectors.outbound.address_policy import split_url
from broker.connectors.outbound.client import HttpFailure
from broker.connectors.saml.idp_keys import IdpKey, read_keys
from broker.connectors.saml.metadata_signature import verify_root
from broker.connectors.saml.octets import utf8
from broker.connectors.saml.partner import IdpKeys
from broker.domain.errors import PartnerFailed
from broker.domain.times import DAY, HOUR

MAX_DOCUMENT = 5 * 1024 * 1024  # bytes of one entity's document (HS-36)
MIN_AGE, MAX_AGE, DEFAULT_AGE = 300, DAY, HOUR  # seconds that a copy serves before it is fetched anew
MAX_ENTITY_ID = 500  # characters: what a partner's file can name, and the column holds
MAX_SCOPES, MAX_FORMATS = 1000, 50
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HARDENED: Mapping[str, Any] = {  # every parser of metadata: UTF-8, no DTD, no entity, no network (SM-09)
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_SHIB = "{urn:mace:shibboleth:metadata:1.0}"
_SAML2 = "urn:oasis:names:tc:SAML:2.0:protocol"
_DURATION = re.compile(
    r"P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?\Z"
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?\Z")
_SCOPE = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Idp:
    """What we keep of the metadata.

    redirect, post: its SingleSignOnService addresses. valid_until: seconds since 1970, or None. left_out: why keys of the
    document are not among `keys`, for staff. formats: of the NameIDs that it says it can send; empty where it says nothing.
    """

    entity_id: str
    redirect: str | None
    post: str | None
    keys: tuple[IdpKey, ...]
    scopes: tuple[str, ...] = ()
    wants_signed: bool = False
    valid_until: int | None = None
    left_out: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()

    def public_keys(self) -> IdpKeys:
        """The pinned keys; a certificate is only the envelope of its key (SM-14)."""
        return tuple(key.public() for key in self.keys)

    def to_json(self) -> dict[str, Any]:
        """For the row (HT-20)."""
        keys = [{"spki": base64.b64encode(key.spki).decode(), "sha256": key.sha256, "ends": key.ends} for key in self.keys]
        return {
            "entity_id": self.entity_id,
            "redirect": self.redirect,
            "post": self.post,
            "keys": keys,
            "scopes": list(self.scopes),
            "wants_signed": self.wants_signed,
            "valid_until": self.valid_until,
            "left_out": list(self.left_out),
            "formats": list(self.formats),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Idp:
        """The inverse of `to_json`."""
        keys = tuple(IdpKey(spki=base64.b64decode(k["spki"]), sha256=k["sha256"], ends=k["ends"]) for k in value["keys"])
        return cls(
            **{
                **value,
                "keys": keys,
                "scopes": tuple(value["scopes"]),
                "left_out": tuple(value.get("left_out", ())),
                "formats": tuple(value.get("formats", ())),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFilter:
    """What a partner's file says of its metadata. certificate: PEM text that the root must be signed by, or None."""

    entity_id: str | None = None
    certificate: str | None = None
    allows_plain: Callable[[str], bool] = lambda _url: False


def read_metadata(raw: bytes, wanted: EntityFilter, *, now: int) -> tuple[Idp, int]:
    """The one entity of a document, and for how many seconds it may serve before it is fetched anew.

    Raises PartnerFailed: metadata_structure, metadata_signature, metadata_entity, metadata_expired, metadata_endpoint,
    metadata_key, partner_unsigned (no key at all, CF-04).
    """
    root = parse(raw)
    if wanted.certificate is not None:
        verify_root(root, wanted.certificate)  # HS-37: URL and file alike
    entity = _entity(root, wanted.entity_id)
    ends = [_time(node.get("validUntil")) for node in _line(entity) if node.get("validUntil") is not None]
    valid_until = min(ends, default=None)
    if valid_until is not None and now >= valid_until:
        raise PartnerFailed("metadata_expired", "validUntil of the metadata is over; the partner must publish it anew")
    if len(entity.get("entityID")) > MAX_ENTITY_ID:
        raise PartnerFailed("metadata_entity", f"the entityID is longer than {MAX_ENTITY_ID} characters")
    role = _role(entity)
    keys, left_out = read_keys(role)
    found = Idp(
        entity_id=str(entity.get("entityID")),
        redirect=_endpoint(role, REDIRECT, wanted),
        post=_endpoint(role, POST, wanted),
        keys=keys,
        scopes=_scopes(entity, role),
        wants_signed=role.get("WantAuthnRequestsSigned") in ("true", "1"),
        valid_until=valid_until,
        left_out=left_out,
        formats=_formats(role),
    )
    if found.redirect is None and found.post is None:
        raise PartnerFailed("metadata_endpoint", "the metadata names no SingleSignOnService by HTTP-Redirect or HTTP-POST")
    return found, _age(entity, valid_until, now)


def parse(raw: bytes, *, limit: int = MAX_DOCUMENT) -> etree._Element:
    """One hardened parse: no DTD, no entity, no network (SM-09). Raises PartnerFailed(metadata_structure)."""
    if len(raw) > limit:
        raise PartnerFailed("metadata_structure", "the metadata is larger than 5 MiB; ask for a document of the one entity")
    body = utf8(raw)
    try:
        return etree.fromstring(body, etree.XMLParser(**HARDENED))
    except (etree.XMLSyntaxError, ValueError) as error:
        where = f" (line {error.lineno})" if isinstance(error, etree.XMLSyntaxError) and error.lineno else ""
        raise PartnerFailed("metadata_structure", f"the metadata is not well-formed XML{where}") from error


def _entity(root: etree._Element, wanted: str | None) -> etree._Element:
    """The one EntityDescriptor that the partner's file means (HS-38)."""
    if root.tag not in (_MD + "EntityDescriptor", _MD + "EntitiesDescriptor"):
        raise PartnerFailed("metadata_structure", "the root is neither an EntityDescriptor nor an EntitiesDescriptor")
    entities = list(_entities(root))
    if wanted is None:
        if len(entities) != 1:
            message = f"the metadata holds {len(entities)} entities; write entity_id"
            raise PartnerFailed("metadata_entity", message)
        if not entities[0].get("entityID"):
            raise PartnerFailed("metadata_structure", "the EntityDescriptor has no entityID")
        return entities[0]
    found = [entity for entity in entities if entity.get("entityID") == wanted]
    if not found:
        raise PartnerFailed("metadata_entity", f"the metadata does not hold the entity {wanted}")
    if len(found) > 1:  # SM-02: a forged one beside the signed one
        raise PartnerFailed("metadata_structure", f"the metadata holds the entity {wanted} more than once")
    return found[0]


def _entities(node: etree._Element) -> Iterator[etree._Element]:
    if node.tag == _MD + "EntityDescriptor":
        yield node
    else:
        for child in node:
            if child.tag in (_MD + "EntityDescriptor", _MD + "EntitiesDescriptor"):
                yield from _entities(child)


def _role(entity: etree._Element) -> etree._Element:
    roles = [
        role
        for role in entity.findall(_MD + "IDPSSODescriptor")
        if _SAML2 in (role.get("protocolSupportEnumeration") or "").split()
    ]
    if len(roles) != 1:  # SM-13
        raise PartnerFailed("metadata_structure", f"the entity has {len(roles)} IDPSSODescriptors for SAML 2.0 instead of one")
    return roles[0]


def _line(node: etree._Element) -> Iterator[etree._Element]:
    """The entity, its role and all that stands above: each may end the metadata's life (md 2.3.1, 2.4.1)."""
    yield from node.findall(_MD + "IDPSSODescriptor")
    yield node
    yield from node.iterancestors()


def _endpoint(role: etree._Element, binding: str, wanted: EntityFilter) -> str | None:
    """SM-11: an address that no browser of ours may be sent to spoils the document."""
    for service in role.findall(_MD + "SingleSignOnService"):
        if service.get("Binding") != binding:
            continue
        location = service.get("Location") or ""
        try:
            if split_url(location).scheme == "https" or wanted.allows_plain(location):
                return location
        except HttpFailure:
            pass
        raise PartnerFailed("metadata_endpoint", "a SingleSignOnService is not at an https: URL")
    return None


def _formats(role: etree._Element) -> tuple[str, ...]:
    """NameIDFormat (md 2.4.2), for the choice of what to ask for."""
    texts = ["".join(node.itertext()).strip() for node in role.findall(_MD + "NameIDFormat")[:MAX_FORMATS]]
    return tuple(dict.fromkeys(text for text in texts if 0 < len(text) <= 256 and text.isprintable()))


def _scopes(entity: etree._Element, role: etree._Element) -> tuple[str, ...]:
    """shibmd:Scope in plain words; a regular expression of somebody else's is not run."""
    nodes = [*entity.iterfind(f"{_MD}Extensions/{_SHIB}Scope"), *role.iterfind(f"{_MD}Extensions/{_SHIB}Scope")]
    texts = [(node.text or "").strip().lower() for node in nodes if node.get("regexp", "false") in ("false", "0")]
    return tuple(dict.fromkeys(text for text in texts[:MAX_SCOPES] if _SCOPE.match(text)))


def _age(entity: etree._Element, valid_until: int | None, now: int) -> int:
    """The shortest cacheDuration, between five minutes and a day, well before validUntil (SM-04)."""
    said = [age for node in _line(entity) if (age := _duration(node.get("cacheDuration"))) is not None]
    age = min(max(min(said, default=DEFAULT_AGE), MIN_AGE), MAX_AGE)
    return age if valid_until is None else min(age, max(MIN_AGE, (valid_until - now) // 2))


def _duration(text: str | None) -> int | None:
    match = _DURATION.match(text or "")
    if match is None:
        return None
    numbers = (int(group or 0) for group in match.groups())
    return sum(number * unit for number, unit in zip(numbers, (31_536_000, 2_592_000, 86_400, 3_600, 60, 1), strict=True))


def _time(text: str | None) -> int:
    match = _TIME.match((text or "").strip())
    try:
        if match is None:
            raise ValueError(text)
        found = datetime.fromisoformat(match[1] + (match[2] or "Z").replace("Z", "+00:00"))
        return int(found.astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise PartnerFailed("metadata_structure", "validUntil of the metadata is no time") from error
