"""The two refusals of this package. The caller maps them to an error of a login or of a document."""

from __future__ import annotations

from broker.domain.errors import BrokerError


class SamlRefused(BrokerError):
    """A message failed a rule.

    reason: for log and receipt (saml_structure, saml_signature_profile, saml_algorithm, saml_signature, saml_encryption,
    saml_time, saml_nameid, saml_audience, saml_confirmation). rule: its id in docs/rules.md. sentence: which element, what
    was expected, and which side must change what; "the partner" is the side that sent the message. It contains no value of
    the message, because those are the sender's words or a person's; the one exception is an address of ours as it came.
    """

    def __init__(self, reason: str, rule: str, sentence: str) -> None:
        super().__init__(reason, f"{rule}: {sentence}")
        self.rule = rule
        self.sentence = sentence


class MetadataRefused(BrokerError):
    """A metadata document that cannot be used.

    reason: metadata_structure, metadata_signature, metadata_entity, metadata_expired, metadata_key, partner_unsigned (no key at all).
    """
