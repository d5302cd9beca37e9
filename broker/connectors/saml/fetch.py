"""Fetches a partner's metadata with the one outbound client (HO-16, HS-36)."""

from __future__ import annotations

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.connectors.saml.metadata import EntityFilter, Idp, read_metadata
from broker.domain.errors import PartnerFailed
from broker.saml.metadata import MAX_DOCUMENT

_ACCEPT = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8"


def fetch_metadata(client: HttpClient, url: str, wanted: EntityFilter, *, now: int) -> tuple[Idp, int]:
    """The one entity at an address, and in how many seconds it must be fetched again.

    Raises PartnerFailed: the reasons of `read_metadata`, url_not_allowed, metadata_fetch.
    """
    try:
        answer = client.get(url, accept=_ACCEPT, max_bytes=MAX_DOCUMENT)
    except HttpFailure as error:
        reason = "url_not_allowed" if error.reason == "url_not_allowed" else "metadata_fetch"
        raise PartnerFailed(reason, f"metadata: {error.detail}") from error
    if answer.status != 200:
        raise PartnerFailed("metadata_fetch", f"metadata: the address answers {answer.status}")
    return read_metadata(answer.body, wanted, now=now)
