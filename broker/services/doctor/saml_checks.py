"""Visits a SAML partner's metadata: checks it and its keys, and names what the partner needs of us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from broker.domain.errors import PartnerFailed
from broker.domain.times import DAY, HOUR
from broker.services.doctor import advice, database_checks
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.doctor.tls_checks import ENDS_SOON, certificates, clock
from broker.services.partners.provider_probe import Watching
from broker.services.partners.saml.family import SamlPartners
from broker.services.partners.saml.view import acs_url, entity_id, metadata_url, saml_of
from broker.settings.load import Settings
from broker.settings.model import PartnerFile, SamlPartner
from broker.storage.partners.documents import StoredDocument

if TYPE_CHECKING:
    from broker.connectors.saml.metadata import Idp

_VALID_FOR = 3 * DAY  # metadata with a shorter validity may expire before anybody notices


def look(
    settings: Settings, partner: PartnerFile, partners: SamlPartners, http: Watching, now: int, row: StoredDocument | None
) -> list[Finding]:
    """All checks that need no person; nothing is sent to the partner, nothing is kept. row: the stored copy."""
    saml = saml_of(partner)
    by_url = bool(saml.calls)
    try:
        idp = partners.metadata.visit(partner, http)
    except PartnerFailed as error:
        said = advice.of(error.reason, error.detail)
        return [Finding(Level.PROBLEM, "reachable", f"{error.reason}: {error.detail}", said.expected, said.side, said.change)]
    urls = [url for url in (saml.metadata if by_url else None, idp.redirect, idp.post) if url is not None]
    return [
        ok("metadata", f"{saml.metadata}: {idp.entity_id}, {'by redirect' if idp.redirect else 'by POST'}"),
        *clock(http),
        *certificates(http, urls, now),
        *_validity(idp, now, by_url=by_url),
        *_keys(idp, now, by_url=by_url),
        *_left_out(idp),
        *(database_checks.against_metadata(partner.id, row, idp.to_json()) if by_url else ()),
        *_requests(idp, saml),
        *_format(idp, saml),
        *_pin(saml, by_url=by_url),
        ok(
            "register",
            f"the partner needs of us: entity id {entity_id(settings)}, "
            f"answers to {acs_url(settings, partner)}, metadata at {metadata_url(settings, partner)}",
        ),
    ]


def _validity(idp: Idp, now: int, *, by_url: bool) -> Iterator[Finding]:
    if idp.valid_until is None:
        return
    left = idp.valid_until - now
    if left > _VALID_FOR or by_url:
        yield ok("metadata", f"validUntil ends in {left // DAY} days" + ("; it is fetched anew in time" if by_url else ""))
    else:
        yield Finding(
            Level.WARNING,
            "metadata",
            f"validUntil of the file ends in {left // HOUR} hours; nobody can sign in after that (metadata_expired)",
            "a file that lasts, or a URL that is fetched anew",
            Side.OURS,
            "get the partner's current file, or write its URL",
        )


def _keys(idp: Idp, now: int, *, by_url: bool) -> Iterator[Finding]:
    """The ends of certificates: the key counts without its certificate (SM-14), but the end announces a change of the key."""
    for key in idp.keys:
        name = f"{key.sha256[:16]}..."
        if key.ends > now + ENDS_SOON:
            yield ok("keys", f"signing certificate {name} ends in {(key.ends - now) // DAY} days")
        elif by_url and key.ends <= now:
            yield Finding(
                Level.WARNING,
                "keys",
                f"signing certificate {name} {_end(key.ends, now)}",
                "a certificate that is in force, or none that is over",
                Side.PARTNER,
                "publish a new certificate beside this one, then change over; nobody is kept out by it until then",
            )
        elif by_url:
            yield ok("keys", f"signing certificate {name} {_end(key.ends, now)}; a new key is taken up from the metadata")
        else:
            yield Finding(
                Level.WARNING,
                "keys",
                f"signing certificate {name} {_end(key.ends, now)}, and the metadata is a file",
                "the new key in the file before the partner signs with it",
                Side.OURS,
                "ask the partner when it changes the key, and replace the file in time; better write the URL of the metadata",
            )


def _left_out(idp: Idp) -> Iterator[Finding]:
    """HS-38: published keys that cannot be used."""
    for why in idp.left_out:
        yield Finding(
            Level.WARNING,
            "keys",
            f"one of the published keys does not count: {why}",
            "signing keys on RSA from 2048 bits, P-256 or P-384, each in a certificate of its own",
            Side.PARTNER,
            "remove it, or replace it; what is signed with it is refused (saml_signature)",
        )


def _end(ends: int, now: int) -> str:
    return f"ends in {(ends - now) // DAY} days" if ends > now else "has ended (its key still counts)"


def _requests(idp: Idp, saml: SamlPartner) -> Iterator[Finding]:
    if idp.wants_signed and not saml.sign_requests:
        yield Finding(
            Level.PROBLEM,
            "sign_requests",
            "the metadata says WantAuthnRequestsSigned, and saml.sign_requests is false",
            "signed requests",
            Side.OURS,
            "write sign_requests: true",
        )


def _format(idp: Idp, saml: SamlPartner) -> Iterator[Finding]:
    """The requested NameID format, against those that the metadata lists."""
    if saml.name_id_format is None or not idp.formats:
        return
    if saml.name_id_format not in idp.formats:
        yield Finding(
            Level.WARNING,
            "name_id_format",
            f"saml.name_id_format is {saml.name_id_format}, and the metadata lists {', '.join(idp.formats[:5])}: a partner that refuses it is asked again without",
            "one of the listed formats, or none",
            Side.OURS,
            "write one that the metadata lists, or leave name_id_format out; best one that is persistent",
        )


def _pin(saml: SamlPartner, *, by_url: bool) -> Iterator[Finding]:
    if by_url and saml.metadata.startswith("http:") and saml.metadata_certificate is None:
        yield Finding(
            Level.WARNING,
            "metadata_certificate",
            "the metadata comes by http: and is not signed by a certificate of the file: whoever sits between can sign people in",
            "https:, or saml.metadata_certificate",
            Side.OURS,
            "write the https: address, or metadata_certificate",
        )
