"""What we read from the metadata of a partner's identity provider: addresses, keys, scopes, formats (HS-36 to HS-39)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.connectors.outbound.address_policy import split_url
from broker.connectors.outbound.client import HttpFailure
from broker.connectors.saml.errors import refuses_metadata
from broker.domain.errors import PartnerFailed
from broker.saml import aggregate
from broker.saml import metadata as engine
from broker.saml.bindings import POST, REDIRECT
from broker.saml.keys import PublicKeys
from broker.saml.metadata_keys import PublishedKey, read_encryption_key, read_keys
from broker.saml.metadata_signature import verify_root
from broker.saml.parse import Element


@dataclass(frozen=True, slots=True)
class LogoutEndpoint:
    """A SingleLogoutService. answers_to: where it takes responses, its ResponseLocation or else its Location (md 2.2.2)."""

    binding: str
    location: str
    answers_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Idp:
    """A partner's identity provider, as its metadata describes it.

    redirect, post: its SingleSignOnService addresses. logout: its SingleLogoutService addresses. encryption: its key for what we
    encrypt, as SubjectPublicKeyInfo. valid_until: seconds since 1970, or None. left_out: why keys of the
    document are not among `keys`, for staff. formats: of the NameIDs that it lists; empty where it lists none.
    """

    entity_id: str
    redirect: str | None
    post: str | None
    keys: tuple[PublishedKey, ...]
    scopes: tuple[str, ...] = ()
    wants_signed: bool = False
    valid_until: int | None = None
    left_out: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    logout: tuple[LogoutEndpoint, ...] = ()
    encryption: bytes | None = None

    def public_keys(self) -> PublicKeys:
        """The pinned keys; a certificate is only the envelope of its key (SM-14). Raises PartnerFailed(metadata_key)."""
        with refuses_metadata():
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
            "encryption": base64.b64encode(self.encryption).decode() if self.encryption is not None else None,
            "logout": [[one.binding, one.location, one.answers_to] for one in self.logout],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Idp:
        """The inverse of `to_json`."""
        keys = tuple(PublishedKey(spki=base64.b64decode(k["spki"]), sha256=k["sha256"], ends=k["ends"]) for k in value["keys"])
        return cls(
            **{
                **value,
                "keys": keys,
                "scopes": tuple(value["scopes"]),
                "left_out": tuple(value.get("left_out", ())),
                "formats": tuple(value.get("formats", ())),
                "encryption": base64.b64decode(value["encryption"]) if value.get("encryption") else None,
                "logout": tuple(LogoutEndpoint(*one) for one in value.get("logout", ())),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFilter:
    """What a partner's file requires of its metadata. certificate: PEM text of the key that must sign the root, or None."""

    entity_id: str | None = None
    certificate: str | None = None
    allows_plain: Callable[[str], bool] = lambda _url: False


def read_metadata(raw: bytes, wanted: EntityFilter, *, now: int) -> tuple[Idp, int]:
    """The one entity of a document, and in how many seconds it must be fetched again.

    Raises PartnerFailed: metadata_structure, metadata_signature, metadata_entity, metadata_expired, metadata_endpoint,
    metadata_key, partner_unsigned (no key at all, CF-04).
    """
    with refuses_metadata():
        root = engine.parse(raw)
        if wanted.certificate is not None:
            verify_root(root, wanted.certificate)  # HS-37: URL and file alike
        entity = engine.find_entity(root, wanted.entity_id)
        valid_until = engine.valid_until(entity, now)
        return read_entity(entity, wanted, valid_until), engine.cache_age(entity, valid_until, now)


def read_entity(entity: Element, wanted: EntityFilter, valid_until: int | None) -> Idp:
    """The identity provider of an EntityDescriptor. Raises PartnerFailed, MetadataRefused: the reasons of `read_metadata`."""
    entity_id = engine.entity_id(entity)
    role = engine.role_of(entity)
    keys, left_out = read_keys(role)
    found = Idp(
        entity_id=entity_id,
        redirect=_endpoint(role, REDIRECT, wanted),
        post=_endpoint(role, POST, wanted),
        keys=keys,
        scopes=engine.scopes(entity, role),
        wants_signed=role.get("WantAuthnRequestsSigned") in ("true", "1"),
        valid_until=valid_until,
        left_out=left_out,
        formats=engine.name_id_formats(role),
        logout=tuple(_logout(role, wanted)),
        encryption=read_encryption_key(role),
    )
    if found.redirect is None and found.post is None:
        raise PartnerFailed("metadata_endpoint", "the metadata names no SingleSignOnService by HTTP-Redirect or HTTP-POST")
    return found


def read_file(path: Path, wanted: EntityFilter, *, now: int) -> tuple[Idp, int]:
    """As `read_metadata`, for a file of the installation, of any size. Raises PartnerFailed: its reasons, and metadata_fetch."""
    try:
        if path.stat().st_size <= engine.MAX_DOCUMENT:
            return read_metadata(path.read_bytes(), wanted, now=now)
        if wanted.certificate is not None or wanted.entity_id is None:
            message = "the file is larger than 5 MiB; write entity_id, and a file of that one entity where metadata_certificate is given"
            raise PartnerFailed("metadata_structure", message)
        with refuses_metadata():
            selected = aggregate.select(path, wanted.entity_id)
        return read_metadata(selected, wanted, now=now)
    except OSError as error:
        raise PartnerFailed("metadata_fetch", f"{path.name}: the file cannot be read") from error


def _endpoint(role: Element, binding: str, wanted: EntityFilter) -> str | None:
    """SM-11: a document with an address that we may not send a browser to is refused as a whole."""
    location = engine.location(role, "SingleSignOnService", binding)
    if location is None:
        return None
    if _is_allowed(location, wanted):
        return location
    raise PartnerFailed("metadata_endpoint", "a SingleSignOnService is not at an https: URL")


def _logout(role: Element, wanted: EntityFilter) -> Iterator[LogoutEndpoint]:
    """The addresses for single logout by the two bindings that we speak. One that we may not send a browser to is left out:
    sign-ins work without it.
    """
    for binding in (REDIRECT, POST):
        location = engine.location(role, "SingleLogoutService", binding)
        answers_to = engine.location(role, "SingleLogoutService", binding, "ResponseLocation") or location
        if location and answers_to and _is_allowed(location, wanted) and _is_allowed(answers_to, wanted):
            yield LogoutEndpoint(binding, location, answers_to)


def _is_allowed(location: str, wanted: EntityFilter) -> bool:
    try:
        return split_url(location).scheme == "https" or wanted.allows_plain(location)
    except HttpFailure:
        return False
