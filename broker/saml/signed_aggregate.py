"""Reads a signed aggregate of any length as a stream, and verifies the signature over exactly what it hands out (HS-37).

The document is cut after each EntityDescriptor. Every piece must be well-formed by itself between the start tag and the end tag of
the root: the pieces, one after the other, are then the document, wherever the cuts are. The canonical form of the root is the
canonical form of its start tag, of the pieces in their order, and of its end tag (Exclusive XML Canonicalization 3), so that its
digest needs one piece in memory at a time. No library looks for the signed element by an ID: the digest is that of the root.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from cryptography import x509
from lxml import etree

from broker.saml import metadata, metadata_signature
from broker.saml.detached import verifies
from broker.saml.errors import MetadataRefused
from broker.saml.metadata_keys import usable_key
from broker.saml.parse import Element, unfold

MAX_PIECE: Final = metadata.MAX_DOCUMENT  # bytes of one entity
_MAX_HEAD: Final = 256 * 1024  # bytes before the end of the root's start tag: licence texts are long
_MAX_ENTITIES: Final = 100_000
_READ: Final = 256 * 1024
_MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_RPI: Final = "{urn:oasis:names:tc:SAML:metadata:rpi}"
_NAME: Final = rb"[A-Za-z_][A-Za-z0-9_.-]*"
_QNAME: Final = rb"(?:" + _NAME + rb":)?"
_HEAD: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^<>]*\?>)?(?:\s|<!--(?:(?!--).)*-->)*"
    rb"(?P<start><(?P<name>" + _QNAME + rb"EntitiesDescriptor)"
    rb"(?:\s+" + _QNAME + _NAME + rb"\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*>)",
    re.DOTALL,
)  # fmt: skip
_ENCODING: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml[^>]*\sencoding\s*=\s*[\"'](?!(?i:utf-8)[\"'])")
_ENTITY_ENDS: Final = re.compile(rb"</" + _QNAME + rb"EntityDescriptor\s*>")
_ENTITY_BEGINS: Final = re.compile(rb"<" + _QNAME + rb"EntityDescriptor[\s>]")
_MISC: Final = re.compile(rb"(?:\s|<!--(?:(?!--).)*-->)*\Z", re.DOTALL)
_LONGEST_END: Final = 300  # bytes of an end tag that a read may cut in two
_DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateHead:
    """What the root of a verified aggregate says.

    valid_until: seconds since 1970. created: creationInstant of its publication (mdrpi 2.2.1), or None. age: seconds until it is
    fetched again. entities: how many it holds, of every role.
    """

    valid_until: int
    created: int | None
    age: int
    entities: int


Visit = Callable[[str, Element], None]


def read_aggregate(stream: BinaryIO, certificate: str, visit: Visit, *, now: int) -> AggregateHead:
    """Call `visit(digest, EntityDescriptor)` for each entity. What it collected counts only if this function returns.

    certificate: PEM; its key must have signed the root. digest: of the entity as it is written, and of the namespaces around it.
    Raises MetadataRefused (metadata_structure, metadata_signature, metadata_expired, metadata_key), OSError.
    """
    cutter = _Cutter(stream)
    frame = _Frame(cutter.start, cutter.name)
    signature: _Signature | None = None
    head: AggregateHead | None = None
    seen: set[str] = set()
    for piece in cutter.pieces():
        root = frame.parse(piece)
        if signature is None:
            signature = _Signature(root, frame)
            ends = metadata.valid_until(root, now)
            if ends is None:
                raise MetadataRefused("metadata_expired", "the root has no validUntil; a federation must say how long it holds")
            age = metadata.cache_age(root, ends, now)
            head = AggregateHead(valid_until=ends, created=_created(root), age=age, entities=0)
            signature.remove()
            content = [child for child in root if child.tag != f"{_MD}Extensions"]
        else:
            content = list(root)
        signature.add(root, frame)
        if len(content) != 1 or content[0].tag != f"{_MD}EntityDescriptor":
            raise _structure("it must hold EntityDescriptors alone, without groups in groups")
        name = content[0].get("entityID") or ""
        if name in seen or not name:  # SM-02
            raise _structure("an entityID is missing, or there more than once")
        seen.add(name)
        if len(seen) > _MAX_ENTITIES:
            raise _structure(f"it holds more than {_MAX_ENTITIES} entities")
        visit(frame.digest(piece), content[0])
    if signature is None or head is None:
        raise MetadataRefused("metadata_entity", "the aggregate holds no entity")
    tail = frame.parse(cutter.tail)
    if len(tail):
        raise _structure("it must hold EntityDescriptors alone, without groups in groups")
    signature.add(tail, frame)
    signature.verify(certificate, frame)
    return AggregateHead(valid_until=head.valid_until, created=head.created, age=head.age, entities=len(seen))


class _Cutter:
    """Cuts the bytes: the start tag of the root, pieces that end with an EntityDescriptor, and the tail before the root's end tag."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held = bytearray()
        while len(self._held) < _MAX_HEAD and self._more():
            pass
        if b"\0" in self._held[:4] or self._held.startswith((b"\xff\xfe", b"\xfe\xff")) or _ENCODING.match(self._held):
            raise _structure("it must be in UTF-8")
        found = _HEAD.match(self._held)
        if found is None:
            raise _structure("it must begin with the start tag of an EntitiesDescriptor, without document type declaration")
        self.start, self.name = bytes(found["start"]), bytes(found["name"])
        self.tail = b""
        del self._held[: found.end()]

    def pieces(self) -> Iterator[bytes]:
        """Each piece; `tail` has its value afterwards."""
        searched, open_ = 0, True
        while True:
            found = _ENTITY_ENDS.search(self._held, searched)
            if found is not None:
                yield bytes(self._held[: found.end()])
                del self._held[: found.end()]
                searched = 0
                continue
            searched = max(0, len(self._held) - _LONGEST_END)
            if not open_:
                break
            if len(self._held) > MAX_PIECE:
                raise _structure(f"an entity is longer than {MAX_PIECE} bytes")
            open_ = self._more()
        self.tail = self._tail()

    def _more(self) -> bool:
        chunk = self._stream.read(_READ)
        self._held += chunk
        return bool(chunk)

    def _tail(self) -> bytes:
        """What is between the last entity and the end tag of the root; nothing but comments follows that."""
        rest = bytes(self._held)
        ends = list(re.finditer(rb"</" + re.escape(self.name) + rb"\s*>", rest))
        if not ends or _MISC.match(rest, ends[-1].end()) is None:
            raise _structure("it must end with the end tag of its EntitiesDescriptor")
        return rest[: ends[-1].start()]


class _Frame:
    """The start tag and the end tag of the root, as written and in canonical form."""

    def __init__(self, start: bytes, name: bytes) -> None:
        self._start, self._end = start, b"</" + name + b">"
        empty = self.parse(b"")
        if empty.tag != f"{_MD}EntitiesDescriptor":
            raise _structure("the root is no EntitiesDescriptor of SAML 2.0")
        self._scope = repr(sorted((prefix or "", uri) for prefix, uri in empty.nsmap.items())).encode()
        self._empty = empty
        self._prefixes: list[str] | None = None
        self.first = b""

    def parse(self, piece: bytes) -> Element:
        """The root with one piece as its only content."""
        try:
            return etree.fromstring(b"".join((self._start, piece, self._end)), etree.XMLParser(**metadata.HARDENED))
        except (etree.XMLSyntaxError, ValueError) as error:
            raise _structure("a part of it is not well-formed XML in UTF-8, or a comment holds a tag of an entity") from error

    def digest(self, piece: bytes) -> str:
        """Identifies the entity as it is written, in its namespaces; what stands before it in the piece does not count."""
        found = _ENTITY_BEGINS.search(piece)  # the tag itself, or a comment before it
        return hashlib.sha256(self._scope + b"\0" + piece[found.start() if found else 0 :]).hexdigest()

    def inclusive(self, prefixes: list[str]) -> None:
        """The PrefixList of the transform (Exclusive XML Canonicalization 2, 3)."""
        self._prefixes = prefixes or None
        whole = self._canonical(self._empty)
        self.first = whole.removesuffix(self._end)
        if self.first == whole:
            raise _structure("its start tag cannot be read")

    def content(self, root: Element) -> bytes:
        """The canonical form of what the root holds."""
        whole = self._canonical(root)
        if not whole.startswith(self.first) or not whole.endswith(self._end):
            raise _structure("its start tag cannot be read")
        return whole[len(self.first) : len(whole) - len(self._end)]

    @property
    def last(self) -> bytes:
        """The canonical form of the end tag."""
        return self._end

    def _canonical(self, root: Element) -> bytes:
        return _canonical(root, self._prefixes)


class _Signature:
    """The signature of the root: its form is checked first, the digest grows with the pieces, the key comes last."""

    def __init__(self, root: Element, frame: _Frame) -> None:
        found = root.findall(f"{_DS}Signature")
        if len(found) != 1:
            raise MetadataRefused("metadata_signature", "the root of the aggregate is not signed")
        self._node = found[0]
        info, value = metadata_signature.check_profile(self._node, root)
        canonical, method, reference = info
        self._signed = _canonical(info, metadata_signature.prefixes_of(canonical))
        self._algorithm = method.get("Algorithm") or ""
        self._value = unfold("".join(value.itertext())) or b""
        transforms, method, expected = reference
        self._expected = unfold("".join(expected.itertext())) or b""
        self._digest = _DIGESTS[method.get("Algorithm") or ""]()
        frame.inclusive(metadata_signature.prefixes_of(transforms[1]) or [])
        self._digest.update(frame.first)

    def remove(self) -> None:
        """The enveloped-signature transform: the element goes, the text after it stays (XML Signature 6.6.4)."""
        root, text = self._node.getparent(), self._node.tail or ""
        before = self._node.getprevious()
        root.remove(self._node)
        if before is not None:
            before.tail = (before.tail or "") + text
        else:
            root.text = (root.text or "") + text

    def add(self, root: Element, frame: _Frame) -> None:
        """The canonical form of one piece."""
        self._digest.update(frame.content(root))

    def verify(self, certificate: str, frame: _Frame) -> None:
        """Raises MetadataRefused unless the pieces have the signed digest, and the key of the certificate signed it."""
        self._digest.update(frame.last)
        try:
            key = usable_key(x509.load_pem_x509_certificate(certificate.encode("ascii", "replace")))
        except ValueError as error:
            raise MetadataRefused("metadata_signature", "metadata_certificate cannot be read") from error
        good = hmac.compare_digest(self._digest.digest(), self._expected)
        if not verifies(key, self._algorithm, self._signed, self._value) or not good:
            raise MetadataRefused("metadata_signature", "the metadata is not signed by metadata_certificate, or was changed")


def _canonical(node: Element, prefixes: list[str] | None) -> bytes:
    """Exclusive XML Canonicalization, without comments. It has no form for a namespace that is no absolute URI."""
    try:
        return bytes(etree.tostring(node, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes))
    except etree.C14NError as error:
        raise _structure("a namespace in it is no absolute URI") from error


def _created(root: Element) -> int | None:
    """The creationInstant of the publication, None where the root does not say it."""
    node = root.find(f"{_MD}Extensions/{_RPI}PublicationInfo")
    text = node.get("creationInstant") if node is not None else None
    return metadata.moment(text) if text is not None else None


def _structure(what: str) -> MetadataRefused:
    return MetadataRefused("metadata_structure", f"the aggregate cannot be used: {what}")
