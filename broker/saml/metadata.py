"""Metadata of one entity, whatever its role: parsing, the entity and its role, validity, names and scopes (HS-36 to HS-39).

It is read by a closed walk over one hardened lxml parse instead of pysaml2's element classes: those parse by themselves (a
second parse of what a signature was verified on), accept both spellings of what we refuse, and keep every extension.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from broker.domain.times import DAY, HOUR, MINUTE, YEAR
from broker.saml.errors import MetadataRefused
from broker.saml.metadata_encoding import utf8
from broker.saml.parse import Element

MAX_DOCUMENT = 5 * 1024 * 1024  # bytes of one entity's document (HS-36)
MIN_AGE, MAX_AGE, DEFAULT_AGE = 300, DAY, HOUR  # seconds until a copy is fetched again
MAX_ENTITY_ID = 500  # characters: what a partner's file can name, and the column holds
MAX_SCOPES, MAX_FORMATS = 1000, 50
IDP = "IDPSSODescriptor"
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
_SHIB = "{urn:mace:shibboleth:metadata:1.0}"
_SAML2 = "urn:oasis:names:tc:SAML:2.0:protocol"
_DURATION = re.compile(
    r"P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?\Z"
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?\Z")
_SCOPE = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}\Z")


def parse(raw: bytes, *, limit: int = MAX_DOCUMENT) -> Element:
    """One hardened parse: no DTD, no entity, no network (SM-09). Raises MetadataRefused(metadata_structure)."""
    if len(raw) > limit:
        raise MetadataRefused("metadata_structure", "the metadata is larger than 5 MiB; ask for a document of the one entity")
    body = utf8(raw)
    try:
        return etree.fromstring(body, etree.XMLParser(**HARDENED))
    except (etree.XMLSyntaxError, ValueError) as error:
        where = f" (line {error.lineno})" if isinstance(error, etree.XMLSyntaxError) and error.lineno else ""
        raise MetadataRefused("metadata_structure", f"the metadata is not well-formed XML{where}") from error


def find_entity(root: Element, wanted: str | None) -> Element:
    """The EntityDescriptor with this entityID; without one, the document must have exactly one entity (HS-38)."""
    if root.tag not in (_MD + "EntityDescriptor", _MD + "EntitiesDescriptor"):
        raise MetadataRefused("metadata_structure", "the root is neither an EntityDescriptor nor an EntitiesDescriptor")
    entities = list(_entities(root))
    if wanted is None:
        if len(entities) != 1:
            message = f"the metadata holds {len(entities)} entities; write entity_id"
            raise MetadataRefused("metadata_entity", message)
        if not entities[0].get("entityID"):
            raise MetadataRefused("metadata_structure", "the EntityDescriptor has no entityID")
        return entities[0]
    found = [entity for entity in entities if entity.get("entityID") == wanted]
    if not found:
        raise MetadataRefused("metadata_entity", f"the metadata does not hold the entity {wanted}")
    if len(found) > 1:  # SM-02: a forged one next to the signed one
        raise MetadataRefused("metadata_structure", f"the metadata holds the entity {wanted} more than once")
    return found[0]


def _entities(node: Element) -> Iterator[Element]:
    if node.tag == _MD + "EntityDescriptor":
        yield node
    else:
        for child in node:
            if child.tag in (_MD + "EntityDescriptor", _MD + "EntitiesDescriptor"):
                yield from _entities(child)


def entity_id(entity: Element) -> str:
    """The entityID. Raises MetadataRefused(metadata_entity) for one that is too long."""
    name = str(entity.get("entityID"))
    if len(name) > MAX_ENTITY_ID:
        raise MetadataRefused("metadata_entity", f"the entityID is longer than {MAX_ENTITY_ID} characters")
    return name


def role_of(entity: Element, name: str = IDP) -> Element:
    """The one role of this name for SAML 2.0 (SM-13)."""
    roles = [role for role in entity.findall(_MD + name) if _SAML2 in (role.get("protocolSupportEnumeration") or "").split()]
    if len(roles) != 1:
        raise MetadataRefused("metadata_structure", f"the entity has {len(roles)} {name}s for SAML 2.0 instead of one")
    return roles[0]


def valid_until(entity: Element, now: int, role: str = IDP, *, own: bool = False) -> int | None:
    """The earliest validUntil of the entity, its role and, unless only its `own` counts, its ancestors.

    Raises MetadataRefused(metadata_expired).
    """
    limits = [node for node in _limiting(entity, role) if node.get("validUntil") is not None]
    ends = [moment(node.get("validUntil")) for node in limits if not own or node is entity or node.tag == _MD + role]
    earliest = min(ends, default=None)
    if earliest is not None and now >= earliest:
        raise MetadataRefused("metadata_expired", "validUntil of the metadata is over; the partner must publish it anew")
    return earliest


def cache_age(entity: Element, ends: int | None, now: int, role: str = IDP) -> int:
    """Seconds until the document is fetched again (SM-04).

    The shortest cacheDuration, between five minutes and a day, and at most half the time until validUntil (`ends`).
    """
    ages = [age for node in _limiting(entity, role) if (age := _duration(node.get("cacheDuration"))) is not None]
    age = min(max(min(ages, default=DEFAULT_AGE), MIN_AGE), MAX_AGE)
    return age if ends is None else min(age, max(MIN_AGE, (ends - now) // 2))


def _limiting(entity: Element, role: str) -> Iterator[Element]:
    """The elements that may limit the metadata's validity: the entity, its roles and its ancestors (md 2.3.1, 2.4.1)."""
    yield from entity.findall(_MD + role)
    yield entity
    yield from entity.iterancestors()


def location(role: Element, service: str, binding: str, attribute: str = "Location") -> str | None:
    """The Location of the role's first endpoint of this service and binding; "" where it has none, None without endpoint."""
    for endpoint in role.findall(_MD + service):
        if endpoint.get("Binding") == binding:
            return endpoint.get(attribute) or ""
    return None


def name_id_formats(role: Element) -> tuple[str, ...]:
    """The NameIDFormats that the role lists (md 2.4.2)."""
    texts = ["".join(node.itertext()).strip() for node in role.findall(_MD + "NameIDFormat")[:MAX_FORMATS]]
    return tuple(dict.fromkeys(text for text in texts if 0 < len(text) <= 256 and text.isprintable()))


def scopes(entity: Element, role: Element) -> tuple[str, ...]:
    """The literal shibmd:Scope values; regular expressions of others are not run."""
    nodes = [*entity.iterfind(f"{_MD}Extensions/{_SHIB}Scope"), *role.iterfind(f"{_MD}Extensions/{_SHIB}Scope")]
    texts = [(node.text or "").strip().lower() for node in nodes if node.get("regexp", "false") in ("false", "0")]
    return tuple(dict.fromkeys(text for text in texts[:MAX_SCOPES] if _SCOPE.match(text)))


def _duration(text: str | None) -> int | None:
    match = _DURATION.match(text or "")
    if match is None:
        return None
    numbers = (int(group or 0) for group in match.groups())
    return sum(number * unit for number, unit in zip(numbers, (YEAR, 30 * DAY, DAY, HOUR, MINUTE, 1), strict=True))


def moment(text: str | None) -> int:
    """Seconds since 1970 of an xs:dateTime of the metadata. Raises MetadataRefused(metadata_structure)."""
    match = _TIME.match((text or "").strip())
    try:
        if match is None:
            raise ValueError(text)
        found = datetime.fromisoformat(match[1] + (match[2] or "Z").replace("Z", "+00:00"))
        return int(found.astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise MetadataRefused("metadata_structure", "a time of the metadata, such as validUntil, is no time") from error
