"""Maps a partner's claims or attributes to an Assertion: names, types, and whether the address is verified.

One table for both protocols. A mapped claim is the literal Name on the wire, or a short name of the table below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from broker.connectors.claim_paths import at_path, is_nothing
from broker.domain.address import in_domains
from broker.domain.claims import PROTOCOL, SCOPES
from broker.domain.errors import PartnerUntrusted

MAX_TEXT = 2048  # characters of one value
MAX_LINE = 256  # characters of a name, the column's
MAX_VALUES = 1000  # values of one claim
MAX_NAMES = 200  # names remembered for receipt and doctor
NAME_ID: Final = "name_id"  # over SAML: the value of the NameID, in the place of an attribute

_SPACE = " \t\r\n"
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # what UTF-8 or PostgreSQL cannot hold


class Wire(StrEnum):
    """The names of claims differ by protocol."""

    OIDC = "oidc"
    SAML = "saml"


_OID = "urn:oid:"
_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
_IDENTITY = "http://schemas.microsoft.com/identity/claims/"
_MAIL = (f"{_OID}0.9.2342.19200300.100.1.3", "mail", f"{_SOAP}emailaddress", f"{_OID}1.2.840.113549.1.9.1", "email")

# short name: (claims of an ID token or userinfo, Names of SAML attributes); the first one that arrived counts
SHORT_NAMES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "mail": (("email",), _MAIL),
    "email": (("email",), _MAIL),
    "displayName": (("name",), (f"{_OID}2.16.840.1.113730.3.1.241", "displayName", f"{_IDENTITY}displayname", f"{_SOAP}name")),
    "name": (("name",), (f"{_OID}2.16.840.1.113730.3.1.241", "displayName", f"{_IDENTITY}displayname", f"{_SOAP}name")),
    "cn": (("name",), (f"{_OID}2.5.4.3", "cn", "http://schemas.xmlsoap.org/claims/CommonName")),
    "givenName": (("given_name",), (f"{_OID}2.5.4.42", "givenName", f"{_SOAP}givenname")),
    "given_name": (("given_name",), (f"{_OID}2.5.4.42", "givenName", f"{_SOAP}givenname")),
    "sn": (("family_name",), (f"{_OID}2.5.4.4", "sn", f"{_SOAP}surname")),
    "family_name": (("family_name",), (f"{_OID}2.5.4.4", "sn", f"{_SOAP}surname")),
    "memberOf": (("groups",), (f"{_OID}1.3.6.1.4.1.5923.1.5.1.1", "memberOf", f"{_MICROSOFT}groups", "groups")),
    "groups": (("groups",), (f"{_MICROSOFT}groups", f"{_OID}1.3.6.1.4.1.5923.1.5.1.1", "groups", "memberOf")),
    "roles": (("roles",), (f"{_MICROSOFT}role", "roles")),
    "uid": (("preferred_username",), (f"{_OID}0.9.2342.19200300.100.1.1", "uid")),
    "preferred_username": (("preferred_username",), (f"{_SOAP}upn", f"{_SOAP}name", f"{_OID}0.9.2342.19200300.100.1.1")),
    "upn": (("upn", "preferred_username"), (f"{_SOAP}upn",)),
    "preferredLanguage": (("locale",), (f"{_OID}2.16.840.1.113730.3.1.39", "preferredLanguage")),
    "locale": (("locale",), (f"{_OID}2.16.840.1.113730.3.1.39", "preferredLanguage")),
    "telephoneNumber": (("phone_number",), (f"{_OID}2.5.4.20", "telephoneNumber")),
    "phone_number": (("phone_number",), (f"{_OID}2.5.4.20", "telephoneNumber")),
    "o": (("organization", "org"), (f"{_OID}2.5.4.10", "o")),
    "ou": (("org_unit", "department"), (f"{_OID}2.5.4.11", "ou")),
    "department": (("department",), (f"{_OID}2.16.840.1.113730.3.1.2", "departmentNumber", "department")),
    "title": (("title", "jobTitle"), (f"{_OID}2.5.4.12", "title")),
    "employeeNumber": (("employee_id",), (f"{_OID}2.16.840.1.113730.3.1.3", "employeeNumber")),
    "eduPersonPrincipalName": (("eduperson_principal_name",), (f"{_OID}1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName")),
    "eduPersonAffiliation": (("eduperson_affiliation",), (f"{_OID}1.3.6.1.4.1.5923.1.1.1.1", "eduPersonAffiliation")),
    "eduPersonScopedAffiliation": (
        ("eduperson_scoped_affiliation",),
        (f"{_OID}1.3.6.1.4.1.5923.1.1.1.9", "eduPersonScopedAffiliation"),
    ),
    "eduPersonEntitlement": (
        ("eduperson_entitlement", "entitlements"),
        (f"{_OID}1.3.6.1.4.1.5923.1.1.1.7", "eduPersonEntitlement"),
    ),
    "eduPersonAssurance": (("eduperson_assurance",), (f"{_OID}1.3.6.1.4.1.5923.1.1.1.11", "eduPersonAssurance")),
    "eduPersonOrcid": (("orcid", "eduperson_orcid"), (f"{_OID}1.3.6.1.4.1.5923.1.1.1.16", "eduPersonOrcid")),
    "eduPersonTargetedID": ((), (f"{_OID}1.3.6.1.4.1.5923.1.1.1.10", "eduPersonTargetedID")),
    "schacHomeOrganization": (("schac_home_organization",), (f"{_OID}1.3.6.1.4.1.25178.1.2.9", "schacHomeOrganization")),
    "pairwise-id": (("pairwise_id",), ("urn:oasis:names:tc:SAML:attribute:pairwise-id",)),
    "subject-id": (("subject_id",), ("urn:oasis:names:tc:SAML:attribute:subject-id",)),
}

# What is read when the file maps nothing: the claims of profile, email, address and phone (Core 5.4). `email_verified` is our
# own decision, never the partner's value.
DEFAULTS: Final[Mapping[str, str]] = {
    name: name for name in (*SCOPES["profile"], "email", "address", *SCOPES["phone"]) if name != "updated_at"
}
_LISTS: Final = frozenset({"groups", "roles"})
_FLAGS: Final = frozenset({"phone_number_verified"})
_TEXTS: Final = frozenset(DEFAULTS) - {"address"} - _FLAGS
_NAMES: Final = frozenset(("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"))

Choose = Callable[[Sequence[str]], str | None]  # of several canonical addresses, the one that we know already, or None
Named = Callable[[str], bool]  # whether a rule of ours names the claim


def _nobody(_addresses: Sequence[str]) -> str | None:
    return None


def _never(_claim: str) -> bool:
    return False


class _Absent:
    """The claim did not arrive, which differs from a claim with the value null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The claims of an Assertion. email: canonical. claims: broker claim -> value, without `email` and `name`.

    left_out: claims that neither file nor rule names, and whose values cannot be used.
    """

    email: str | None = None
    name: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def claims_map(configured: Mapping[str, str]) -> dict[str, str]:
    """The partner's `claims` over the defaults, without names that only the protocol may write (HP-40).

    If the file reads the phone number from another claim, `phone_number_verified` is not read: it is about the default claim.
    """
    if "phone_number" in configured and configured["phone_number"] not in ("phone_number", "telephoneNumber"):
        configured = {"phone_number_verified": "", **configured}
    return {claim: source for claim, source in {**DEFAULTS, **configured}.items() if source and claim not in PROTOCOL}


def wire_names(source: str, wire: Wire) -> tuple[str, ...]:
    """The names under which `source` may arrive, in order: the literal name, then its names in the table."""
    known = SHORT_NAMES.get(source)
    names = () if known is None else known[0 if wire is Wire.OIDC else 1]
    return tuple(dict.fromkeys((source, *names)))


def find(values: Mapping[str, Any], source: str, wire: Wire) -> Any:
    """The value of the first name that has a value, or ABSENT; an empty value counts as absent (Core 5.3.2).

    Over OIDC, a name with dots that did not arrive literally is a path into objects: `realm_access.roles` (FB-13).
    """
    for name in wire_names(source, wire):
        if not is_nothing(values.get(name)):
            return values[name]
    found = at_path(values, source) if wire is Wire.OIDC else None
    return ABSENT if found is None else found


def map_values(
    configured: Mapping[str, str],
    values: Mapping[str, Any],
    wire: Wire,
    canonical_email: Callable[[str], str | None],
    *,
    choose: Choose = _nobody,
    named: Named = _never,
) -> Mapped:
    """Read every mapped claim from `values` (name on the wire -> value).

    A value of a type that its claim cannot have is left out. If a claim of one value arrives with several, we may not choose
    one (HS-29): the address is the one that `choose` returns; a claim that neither the file nor a rule names is left out;
    otherwise PartnerUntrusted(claim_ambiguous) is raised.
    """
    found: dict[str, Any] = {}
    left_out: list[str] = []
    sources = claims_map(configured)
    address = _address(find(values, sources.pop("email"), wire), canonical_email, choose)
    for claim, source in sources.items():
        came = find(values, source, wire)
        try:
            value = shape(claim, came)
        except PartnerUntrusted:
            if claim in configured or named(claim):
                raise
            value = None
        if value is not None:
            found[claim] = value
        elif came is not ABSENT and claim not in configured:
            left_out.append(claim)
    name = found.pop("name", None)
    return Mapped(email=address, name=name, claims=found, left_out=tuple(left_out))


def _address(value: Any, canonical_email: Callable[[str], str | None], choose: Choose) -> str | None:
    """The person's address, without surrounding white space; several spellings of one address count as one."""
    items = value if isinstance(value, list) else [value]
    texts = [text.strip(_SPACE) for text in map(_text, items[:MAX_VALUES]) if text is not None]
    read = [canonical_email(text) for text in texts]
    addresses = tuple(dict.fromkeys(address for address in read if address is not None))
    if len(items) < 2 or (len(addresses) == 1 and len(read) == len(items) and None not in read):
        return next(iter(addresses), None)
    chosen = choose(addresses)
    if chosen not in addresses:
        raise _ambiguous("email")
    return chosen


def shape(claim: str, value: Any) -> Any:
    """The value in the type of its broker claim, or None."""
    if claim in _LISTS:
        items = value if isinstance(value, list) else [value]
        texts = [text for text in map(_text, items[:MAX_VALUES]) if text is not None]
        return texts or None
    if claim in _NAMES:
        return line(_only(claim, value))
    if claim in _FLAGS:
        return value if isinstance(value, bool) else None
    if claim in _TEXTS:
        return _text(_only(claim, value))
    if claim == "address" and not isinstance(value, dict):
        return None
    return _plain(value)


def _only(claim: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if len(value) > 1:
        raise _ambiguous(claim)
    return value[0] if value else None


def _ambiguous(claim: str) -> PartnerUntrusted:
    return PartnerUntrusted("claim_ambiguous", f"{claim} came with several values; map a claim that has one")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and not _NOT_TEXT.search(value) else None


def line(value: Any) -> str | None:
    """One line of printable text, shortened: mails of ours contain the name, and their readers trust them (FA-10)."""
    if not isinstance(value, str) or _NOT_TEXT.search(value):
        return None
    words = "".join(c if c.isprintable() else " " for c in value[: 4 * MAX_TEXT]).split()
    return " ".join(words)[:MAX_LINE].rstrip() or None


def _plain(value: Any) -> Any:
    """A value that a token claim may have: a text, number, boolean, list of texts, or flat object of texts."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else None  # RFC 8259 6: exact everywhere
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [text for text in map(_text, value[:MAX_VALUES]) if text is not None] or None
    if isinstance(value, dict):
        pairs = ((_text(name), _text(item)) for name, item in list(value.items())[:MAX_NAMES])
        return {name: text for name, text in pairs if name is not None and text is not None} or None
    return _text(value)


def email_counts_as_verified(*, trusted: bool, domains: Iterable[str], email: str | None, said: Iterable[Any]) -> bool:
    """HO-14: whether this address counts as verified because the partner says so.

    trusted: `trust.email`. email: canonical. said: every value of `email_verified` that arrived; none over SAML. Any value
    other than the boolean true (false, the text "true", null) means no; outside `domains` the answer is always no.
    """
    return trusted and email is not None and in_domains(email, domains) and all(value is True for value in said)


def texts_or_none(value: Any) -> tuple[str, ...]:
    """`amr` if it is a list of texts; any other type counts as absent (MF-04, HO-15)."""
    if not isinstance(value, list) or len(value) > 100 or any(_text(item) is None for item in value):
        return ()
    return tuple(value)


def text_or_none(value: Any) -> str | None:
    """`acr` if it is one text; any other type counts as absent (MF-04, HO-15)."""
    return _text(value)


def arrived(*sources: Mapping[str, Any]) -> tuple[str, ...]:
    """The printable names of the claims that arrived, in order, for receipt and doctor; never a value."""
    names = {name for source in sources for name in source if len(name) <= 128 and name.isascii() and name.isprintable()}
    return tuple(sorted(names)[:MAX_NAMES])
