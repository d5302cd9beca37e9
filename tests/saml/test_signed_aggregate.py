"""Aggregates as a stream: what is handed out is what the root's signature covers, and nothing else (HS-37)."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import pytest

from broker.saml.errors import MetadataRefused
from broker.saml.signed_aggregate import AggregateHead, read_aggregate
from tests.aggregates import DS, MD, aggregate, entity
from tests.connectors.saml.metadata_documents import pem, rsa_key

NOW = 1_800_000_000
KEY = rsa_key(name="federation")


class Slow(io.BytesIO):
    """A stream that gives a few bytes a read, so that every tag is cut in two somewhere."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(7, size) if size is not None and size > 0 else 7)


@cache
def whole(prefixes: str = "") -> bytes:
    """Three entities."""
    return aggregate(
        [entity("north"), entity("south"), entity("east", names={"de": "Östliche <![CDATA[& Söhne]]>"})], KEY, prefixes=prefixes
    )


def read(raw: bytes, *, stream: Callable[[bytes], io.BytesIO] = io.BytesIO) -> tuple[AggregateHead, list[str]]:
    """The head, and the entity ids in their order."""
    found: list[str] = []
    head = read_aggregate(stream(raw), pem(KEY), lambda _digest, node: found.append(node.get("entityID") or ""), now=NOW)
    return head, found


def refused(raw: bytes) -> str:
    """The reason."""
    with pytest.raises(MetadataRefused) as caught:
        read(raw)
    return caught.value.reason


@pytest.mark.parametrize("prefixes", ["", "xs", "#default xs md"])
@pytest.mark.parametrize("stream", [io.BytesIO, Slow])
def test_what_xmlsec_signed(prefixes: str, stream: Callable[[bytes], io.BytesIO]) -> None:
    """HS-37: the digest of the pieces is the digest of the document, whatever the PrefixList and wherever a read ends."""
    head, found = read(whole(prefixes), stream=stream)
    assert found == [f"https://{name}.example/idp" for name in ("north", "south", "east")]
    assert (head.entities, head.created) == (3, 1793491200)


def test_comments_and_namespaces_of_the_root() -> None:
    """Comments are not signed (Exclusive XML Canonicalization, without comments); a prefix may be declared at the root only."""
    at_root = aggregate([entity("north").replace(f' xmlns:ds="{DS}"', "")], KEY, around=f' xmlns:ds="{DS}"')
    assert read(at_root.replace(b"<md:IDPSSO", b"<!-- a comment --><md:IDPSSO"))[1] == ["https://north.example/idp"]


def _swap(raw: bytes) -> bytes:
    first, second = raw.index(b"<md:EntityDescriptor"), raw.index(b"<md:EntityDescriptor", raw.index(b"south") - 200)
    third = raw.index(b"<md:EntityDescriptor", raw.index(b"east") - 200)
    return raw[:first] + raw[second:third] + raw[first:second] + raw[third:]


def _wrapped(raw: bytes) -> bytes:
    """SM-02: the signed root inside the extensions of another one, with the same ID, which brings an entity of its own."""
    start = raw.index(b"<md:EntitiesDescriptor")
    inner = raw[start:].strip()
    signature = inner[inner.index(b"<ds:Signature") : inner.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
    head = inner[: inner.index(b">") + 1]
    return (
        head
        + signature
        + b"<md:Extensions>"
        + inner
        + b"</md:Extensions>"
        + entity("evil").encode()
        + b"</md:EntitiesDescriptor>"
    )


ATTACKS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a changed address": (lambda raw: raw.replace(b"https://south.example/sso", b"https://evil.example/sso"), "metadata_signature"),
    "a changed text of the tail": (lambda raw: raw.replace(b"\n</md:EntitiesDescriptor>", b"</md:EntitiesDescriptor>"), "metadata_signature"),
    "a longer validity": (lambda raw: raw.replace(b"2099", b"2199"), "metadata_signature"),
    "an entity more": (lambda raw: raw.replace(b"\n</md:Entities", entity("evil").encode() + b"\n</md:Entities"), "metadata_signature"),
    "an entity less": (lambda raw: raw[: raw.index(b"\n<md:EntityDescriptor")] + raw[raw.index(b"</md:EntityDescriptor>") + 22 :], "metadata_signature"),
    "another order": (_swap, "metadata_signature"),
    "a wrapped root": (_wrapped, "metadata_structure"),
    "no signature": (lambda raw: raw[: raw.index(b"<ds:Sig")] + raw[raw.index(b"</ds:Signature>") + 15 :], "metadata_signature"),
    "another namespace for a prefix": (lambda raw: raw.replace(b"metadata:rpi", b"metadata:ui", 1), "metadata_signature"),
    "an entity after the end": (lambda raw: raw + entity("evil").replace("<md:EntityDescriptor", f'<md:EntityDescriptor xmlns:md="{MD}"').encode(), "metadata_structure"),
    "a second root in one": (lambda raw: raw.replace(b"\n<md:EntityDescriptor", b"</md:EntitiesDescriptor><md:EntitiesDescriptor>\n<md:EntityDescriptor", 1), "metadata_structure"),
    "a document type": (lambda raw: raw.replace(b"<md:EntitiesD", b'<!DOCTYPE x [<!ENTITY e "e">]><md:EntitiesD', 1), "metadata_structure"),
    "a tag in a comment": (lambda raw: raw.replace(b"<md:IDPSSO", b"<!-- </md:EntityDescriptor> --><md:IDPSSO", 1), "metadata_structure"),
    "bytes that are no UTF-8": (lambda raw: raw.replace(b">south<", b">s\xffuth<"), "metadata_structure"),
    "another encoding": (lambda raw: raw.replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"'), "metadata_structure"),
    "a namespace without a scheme": (lambda raw: raw.replace(b"<md:IDPSSO", b'<else xmlns="else"/><md:IDPSSO', 1), "metadata_structure"),
    "cut off": (lambda raw: raw[:-200], "metadata_structure"),
    "nothing": (lambda _raw: b"", "metadata_structure"),
    "a page": (lambda _raw: b"<!doctype html><html></html>", "metadata_structure"),
    "an empty root": (lambda raw: raw[: raw.index(b"\n<md:EntityDescriptor")] + b"</md:EntitiesDescriptor>", "metadata_entity"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack: str) -> None:
    """SM-01, SM-02, SM-09: whatever is changed after the signature is refused, wherever it stands."""
    change, reason = ATTACKS[attack]
    raw = change(whole())
    assert raw != whole()
    assert refused(raw) == reason


def test_what_is_signed_and_not_accepted() -> None:
    """SM-02, SM-04, SM-15: an entity twice, groups in groups, no end, an end that is over, a weak digest, another key."""
    north, group = entity("north"), f"<md:EntitiesDescriptor>{entity('south')}</md:EntitiesDescriptor>"
    assert refused(aggregate([north, north], KEY)) == "metadata_structure"
    assert refused(aggregate([north, group], KEY)) == "metadata_structure"
    assert refused(aggregate([north], KEY, until=None)) == "metadata_expired"
    assert refused(aggregate([north], KEY, until="2026-01-01T00:00:00Z")) == "metadata_expired"
    assert refused(aggregate([north], KEY, digest=f"{DS}sha1")) == "metadata_signature"
    assert refused(aggregate([north], KEY, method=f"{DS}rsa-sha1")) == "metadata_signature"
    assert refused(aggregate([north], rsa_key(name="other"))) == "metadata_signature"


def test_digest_of_an_entity() -> None:
    """HS-39: it stays when the rest is published again, and differs with the entity or with what its prefixes mean."""

    def digests(raw: bytes) -> dict[str, str]:
        found: dict[str, str] = {}
        read_aggregate(
            io.BytesIO(raw), pem(KEY), lambda digest, node: found.update({node.get("entityID") or "": digest}), now=NOW
        )
        return found

    first = digests(aggregate([entity("north"), entity("south")], KEY))
    again = digests(aggregate([entity("south"), entity("north", names={"en": "Else"})], KEY, until="2098-01-01T00:00:00Z"))
    other = digests(aggregate([entity("south")], KEY, around=' xmlns:else="urn:else"'))
    south, north = "https://south.example/idp", "https://north.example/idp"
    assert first[south] == again[south] != other[south]
    assert first[north] != again[north]
