"""What an EntityDescriptor says for people who look for their organization, and for rules about entities (mdui, mdattr, mdrpi)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from broker.domain.text import printable
from broker.saml.metadata import IDP
from broker.saml.parse import Element

MAX_NAME: Final = 200  # characters of a name
_MAX_NAMES, _MAX_CATEGORIES, _MAX_TEXT = 60, 50, 300
_MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_UI: Final = "{urn:oasis:names:tc:SAML:metadata:ui}"
_ATTR: Final = "{urn:oasis:names:tc:SAML:metadata:attribute}"
_RPI: Final = "{urn:oasis:names:tc:SAML:metadata:rpi}"
_SAML: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_CATEGORIES: Final = ("http://macedir.org/entity-category", "http://macedir.org/entity-category-support")  # RFC 8409 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryInfo:
    """names: language -> display name, else the organization's. authority: its registrar, or "". error_url: https:, or None."""

    names: dict[str, str]
    authority: str
    categories: tuple[str, ...]
    error_url: str | None


def discovery_info(entity: Element) -> DiscoveryInfo:
    """Never raises: what is missing or cannot be used is left out."""
    role = entity.find(_MD + IDP)
    shown = list(entity.iterfind(f"{_MD}{IDP}/{_MD}Extensions/{_UI}UIInfo/{_UI}DisplayName"))
    names = _by_language(shown) or _by_language(entity.iterfind(f"{_MD}Organization/{_MD}OrganizationDisplayName"))
    registered = entity.find(f"{_MD}Extensions/{_RPI}RegistrationInfo")
    address = (role.get("errorURL") or "").strip() if role is not None else ""
    return DiscoveryInfo(
        names=names,
        authority=(registered.get("registrationAuthority") or "")[:_MAX_TEXT] if registered is not None else "",
        categories=tuple(dict.fromkeys(_categories(entity)))[:_MAX_CATEGORIES],
        error_url=address if address.startswith("https://") and len(address) <= _MAX_TEXT and address.isprintable() else None,
    )


def _by_language(nodes: Iterator[Element] | list[Element]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        language, text = (node.get(_LANGUAGE) or "").lower()[:35], printable(node.text or "", MAX_NAME).strip()
        if text and len(found) < _MAX_NAMES:
            found.setdefault(language, text)
    return found


def _categories(entity: Element) -> Iterator[str]:
    for attribute in entity.iterfind(f"{_MD}Extensions/{_ATTR}EntityAttributes/{_SAML}Attribute"):
        if attribute.get("Name") in _CATEGORIES:
            for value in attribute.iterfind(_SAML + "AttributeValue"):
                text = (value.text or "").strip()
                if 0 < len(text) <= _MAX_TEXT:
                    yield text
