"""What a SAML partner can get wrong on purpose: one switch each, as `faults` has them for OpenID Connect."""

from __future__ import annotations

from collections.abc import Mapping

from broker.demo.faults import FAILED, Fault

WRAPPINGS = 8  # XSW1 to XSW8 of SAML Raider: two of the response, six of the assertion

SAML_FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("none", "everything is right", ""),
        Fault("expired_certificate", "the certificate in the metadata is over; its key goes on being good", "", "SM-14"),
        Fault("missing_mail", "no attribute holds an address", ""),
        Fault("strict_format", "a request that asks for a NameID format is refused", "", "FB-14"),
        Fault("skewed_clock", "the clock is two hours slow: the assertion is over before it arrives", attack="SR-30"),
        Fault("wrong_audience", "the assertion was made for another service provider", attack="SR-20"),
        Fault("wrong_recipient", "Recipient is the address of another service provider", attack="SR-33"),
        Fault("wrong_destination", "Destination is the address of another service provider", attack="SR-33"),
        Fault("wrong_issuer", "the response names another issuer", attack="SR-17"),
        Fault("unsigned", "neither response nor assertion is signed", attack="SR-01"),
        Fault("other_keys", "signed by a key that the partner does not publish, its certificate enclosed", attack="SR-16"),
        Fault("sha1", "signed with RSA-SHA1", attack="SR-13"),
        Fault("replayed", "the response of an earlier login is sent again", attack="SR-22"),
        Fault("same_assertion", "a new response holds the assertion ID of an earlier one", attack="SR-22"),
        Fault("unsolicited", "the response answers no request", attack="SR-24"),
        Fault("comment", "a comment splits the subject in two", attack="SR-36"),
        Fault("not_encrypted", "the assertion is not encrypted although we ask for it", attack="SR-28"),
        *(Fault(f"wrapping_{n}", f"the signed element is wrapped, a forged one takes its place (XSW{n})", attack="SR-04")
          for n in range(1, WRAPPINGS + 1)),
        Fault("error", "the partner refuses, with markup in its error text", FAILED, "SR-35"),
    )
}  # fmt: skip
