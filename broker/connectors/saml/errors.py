"""Maps the refusals of the SAML engine to the errors of a login: PartnerUntrusted for a message, PartnerFailed for metadata."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from broker.domain.errors import PartnerFailed, PartnerUntrusted
from broker.saml.errors import MetadataRefused, SamlRefused

_SENTENCES = {  # where the connector knows more than the engine
    "saml_signature": (
        "no key in the partner's metadata verifies the signature; where its metadata is a URL it was fetched again, at most once "
        "a minute (at once: broker partners refresh), where it is a file here it must be replaced; else the partner signs with a "
        "key that it has not published"
    ),
}


class ResponseRefused(SamlRefused, PartnerUntrusted):
    """A partner's response failed a rule, of SAML itself or of what this login expects."""


@contextmanager
def refuses_response() -> Iterator[None]:
    """What the engine refuses inside is a response that cannot be trusted."""
    try:
        yield
    except ResponseRefused:
        raise
    except SamlRefused as error:
        raise ResponseRefused(error.reason, error.rule, _SENTENCES.get(error.reason, error.sentence)) from error


@contextmanager
def refuses_metadata() -> Iterator[None]:
    """What the engine refuses inside is a partner that cannot be used: without metadata there is no sign-in."""
    try:
        yield
    except MetadataRefused as error:
        raise PartnerFailed(error.reason, error.detail) from error
