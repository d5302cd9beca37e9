"""Checks a verified response and reads it into one complete record, or refuses it (HS-21 to HS-30)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from broker.connectors.mapping import NAME_ID, Wire, arrived, email_counts_as_verified, map_values, text_or_none, texts_or_none
from broker.connectors.saml.attributes import read_attributes
from broker.connectors.saml.errors import ResponseRefused
from broker.connectors.saml.name_ids import name_identifier
from broker.connectors.saml.partner import AMR, Expected, SamlView
from broker.connectors.saml.subject import form_of, name_id_text, read_subject
from broker.domain.assertion import Assertion
from broker.domain.errors import NoMoreProof, PartnerCancelled, PartnerFailed, SubjectFormatRefused
from broker.domain.text import printable
from broker.saml.parse import Element, collapse
from broker.saml.times import SKEW, seconds
from broker.saml.vocabulary import clark

OLDEST: Final = 300  # seconds: the greatest age of an IssueInstant (HS-27), for clocks that differ by the default skew
LONGEST: Final = 600  # seconds: the longest validity of an assertion, whatever its own times are
SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
_STATUS_WORDS: Final = frozenset(  # core 3.2.2.2: a receipt shows a word of this list and no other text
    "Requester Responder VersionMismatch AuthnFailed InvalidAttrNameOrValue InvalidNameIDPolicy NoAuthnContext NoAvailableIDP "
    "NoPassive NoSupportedIDP PartialLogout ProxyCountExceeded RequestDenied RequestUnsupported UnknownAttrProfile "
    "UnknownPrincipal UnsupportedBinding".split()
)
_ERRORS: Final[Mapping[str, type[PartnerFailed]]] = {
    "NoAuthnContext": NoMoreProof,
    "RequestDenied": PartnerCancelled,
    "InvalidNameIDPolicy": SubjectFormatRefused,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAssertion:
    """assertion: the record. assertion_id, not_on_or_after (seconds since 1970): for the replay table (HS-31)."""

    assertion: Assertion
    assertion_id: str
    not_on_or_after: int


def check_envelope(response: Element, expected: Expected, skew: int = SKEW) -> None:
    """HS-22, HS-23, HS-24, HS-27 on the Response element. It is only checked, because it may be unsigned; nothing is read from it.

    Raises ResponseRefused (saml_unsolicited, saml_in_response_to, saml_destination, saml_time).
    """
    answered = response.get("InResponseTo")
    if answered is None:
        raise ResponseRefused(
            "saml_unsolicited",
            "HS-40",
            "samlp:Response has no InResponseTo; the partner must answer our request, not start by itself",
        )
    if answered != expected.request_id:
        raise _not_ours("samlp:Response")
    if collapse(response.get("Destination")) != expected.acs_url:
        detail = f"Destination of samlp:Response must be {expected.acs_url}, and is {came(response.get('Destination'))}; {_ACS}"
        raise ResponseRefused("saml_destination", "HS-24", detail)
    check_instant(response, "samlp:Response", expected.now, skew)


def came(value: str | None) -> str:
    """An address of ours as the partner wrote it, shortened to one line, for staff."""
    return "missing" if value is None else printable(value, 200) or "empty"


def check_status(response: Element, *, has_assertion: bool) -> None:
    """HS-22. Raises PartnerFailed(saml_status) or a kind of it for a plain error, ResponseRefused where status and assertion disagree (SR-35)."""
    code = response.find(clark("samlp:Status"))[0]
    success = collapse(code.get("Value")) == SUCCESS
    if success and not has_assertion:
        raise ResponseRefused("saml_structure", "HS-9", "the status is Success, but no assertion came; the partner must send one")
    if success:
        return
    said = " / ".join(_word(collapse(part.get("Value")) or "") for part in code.iter(code.tag))
    if has_assertion:
        raise ResponseRefused("saml_status", "HS-22", f"the status is {said}, and an assertion came all the same")
    raise _ERRORS.get(said.rpartition(" / ")[2], PartnerFailed)("saml_status", f"HS-22: the partner answers {said}")


def read_record(
    assertion: Element,
    *,
    partner: SamlView,
    expected: Expected,
    canonical_email: Callable[[str], str | None],
) -> JudgedAssertion:
    """The record of an Assertion element that a verified signature covers, directly or as ciphertext.

    canonical_email: the broker's one rule for addresses; None if the text is no address. Raises ResponseRefused.
    """
    parts = {child.tag: child for child in assertion}
    *name_ids, confirmation = parts[clark("saml:Subject")]
    statement = parts[clark("saml:AuthnStatement")]
    issued = check_instant(assertion, "saml:Assertion", expected.now, partner.skew)
    ends = min(
        _check_confirmation(confirmation, expected, partner.skew),
        _check_conditions(parts[clark("saml:Conditions")], expected, partner.skew),
        issued + LONGEST,
    )
    auth_time = seconds(statement.get("AuthnInstant"), "AuthnInstant")
    if auth_time > expected.now + partner.skew:
        raise _late("AuthnInstant of saml:AuthnStatement lies ahead", partner.skew)
    session_ends = _session_ends(statement, expected.now, partner.skew)
    name_id = next(iter(name_ids), None)
    home = name_identifier(name_id)
    attributes = read_attributes(assertion.findall(clark("saml:AttributeStatement")), partner)
    subject = read_subject(name_id, attributes, partner, expected)
    values: dict[str, Any] = {name: texts[0] if len(texts) == 1 else texts for name, texts in attributes.texts.items()}
    values[NAME_ID] = name_id_text(name_id)
    choose = partial(expected.known, subject)
    mapped = map_values(partner.claims, values, Wire.SAML, canonical_email, choose=choose, named=partner.named)
    return JudgedAssertion(
        assertion=Assertion(
            partner=partner.id,
            issuer=partner.entity_id,
            subject=subject,
            home_name=home.mark(partner.entity_id, expected.audience) if home is not None else None,
            home_session=statement.get("SessionIndex") or None,
            home_logout=home.to_text(statement.get("SessionIndex")) if home is not None else None,
            email=mapped.email,
            email_verified=email_counts_as_verified(
                trusted=partner.trust_email, domains=partner.domains, email=mapped.email, said=()
            ),
            name=mapped.name,
            claims=mapped.claims,
            acr=text_or_none(collapse(statement.find(clark("saml:AuthnContext"))[0].text)),
            amr=texts_or_none([collapse(text) for text in attributes.texts.get(AMR, ())]),
            auth_time=min(auth_time, expected.now),
            session_ends=session_ends,
            arrived=arrived(dict.fromkeys(attributes.names)),
            left_out=tuple(dict.fromkeys((*mapped.left_out, *attributes.left_out))),
            subject_form=form_of(name_id, partner),
            skew=issued - expected.now,
        ),
        assertion_id=assertion.get("ID"),
        not_on_or_after=ends,
    )


def _check_confirmation(confirmation: Element, expected: Expected, skew: int) -> int:
    """HS-23, HS-24, HS-26 (prof 3.3, 4.1.4.2). Returns NotOnOrAfter."""
    if collapse(confirmation.get("Method")) != BEARER:
        raise ResponseRefused(
            "saml_confirmation", "HS-26", f"Method of saml:SubjectConfirmation must be {BEARER}; the partner must send that"
        )
    [data] = confirmation
    if data.get("NotBefore") is not None:
        raise ResponseRefused(
            "saml_confirmation",
            "HS-26",
            "saml:SubjectConfirmationData of a bearer has a NotBefore; the partner must leave it out (prof 4.1.4.2)",
        )
    if data.get("InResponseTo") != expected.request_id:
        raise _not_ours("saml:SubjectConfirmationData")
    if collapse(data.get("Recipient")) != expected.acs_url:
        what = "Recipient of saml:SubjectConfirmationData"
        detail = f"{what} must be {expected.acs_url}, and is {came(data.get('Recipient'))}; {_ACS}"
        raise ResponseRefused("saml_destination", "HS-24", detail)
    return _check_end(data, "saml:SubjectConfirmationData", expected.now, skew)


def _check_conditions(conditions: Element, expected: Expected, skew: int) -> int:
    """HS-25 (core 2.5.1). Returns NotOnOrAfter."""
    for restriction in conditions.findall(clark("saml:AudienceRestriction")):
        if all(collapse(audience.text) != expected.audience for audience in restriction):
            raise ResponseRefused(
                "saml_audience",
                "HS-25",
                f"every saml:AudienceRestriction must name {expected.audience}; the partner must set that as our entity id (audience)",
            )
    starts = conditions.get("NotBefore")
    if starts is not None and seconds(starts, "NotBefore of saml:Conditions") > expected.now + skew:
        raise _late("NotBefore of saml:Conditions lies ahead", skew)
    return _check_end(conditions, "saml:Conditions", expected.now, skew)


def _check_end(element: Element, name: str, now: int, skew: int) -> int:
    said = element.get("NotOnOrAfter")
    if said is None:
        raise ResponseRefused("saml_time", "HS-26", f"{name} has no NotOnOrAfter; the partner must send one")
    ends = seconds(said, f"NotOnOrAfter of {name}")
    if now >= ends + skew:
        raise _late(f"NotOnOrAfter of {name} is over", skew)
    return ends


def check_instant(element: Element, name: str, now: int, skew: int) -> int:
    """HS-27: IssueInstant, in seconds since 1970. Raises ResponseRefused(saml_time), SamlRefused."""
    issued = seconds(element.get("IssueInstant"), f"IssueInstant of {name}")
    oldest = OLDEST - SKEW + skew
    if not now - oldest <= issued <= now + skew:
        raise _late(
            f"IssueInstant of {name} is not between {oldest} seconds ago and {skew} seconds ahead (IssueInstant {issued - now:+d})",
            skew,
        )
    return issued


def _session_ends(statement: Element, now: int, skew: int) -> int | None:
    said = statement.get("SessionNotOnOrAfter")
    if said is None:
        return None
    ends = seconds(said, "SessionNotOnOrAfter")
    if now >= ends + skew:
        raise _late("SessionNotOnOrAfter of saml:AuthnStatement is over", skew)
    return ends if now < ends else ends + skew  # over by our clock, not by the partner's


_ACS: Final = "the partner must set this as our assertion consumer service (reply) URL"


def _not_ours(name: str) -> ResponseRefused:
    return ResponseRefused(
        "saml_in_response_to",
        "HS-23",
        f"InResponseTo of {name} must be the ID of the login's request; the partner must repeat it",
    )


def _late(what: str, skew: int) -> ResponseRefused:
    return ResponseRefused(
        "saml_time", "HS-27", f"{what}, with {skew} seconds of grace; the partner's clock, or ours, must be set right"
    )


def _word(value: str) -> str:
    word = value.removeprefix(_STATUS)
    return word if word in _STATUS_WORDS else "a status that no standard names"
