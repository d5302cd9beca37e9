"""The forms of `/setup`: what a partner's IT enters, and the button that hands it over."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Request

from broker.services.partner_setup.connection import ConnectionWish, Trouble
from broker.web.admin.forms import PostedForm

BODY_LIMITS = {"/setup/connection": 1024 * 1024}  # metadata of 256 KiB with every sign escaped
FIELDS = ("section", "metadata_url", "metadata", "entity_id", "issuer", "client_id", "client_secret", "domains")
PLACES = {  # key of the file -> field of the form; the longest beginning counts
    "section": "section", "domains": "domains", "oidc": "issuer", "oidc.client_id": "client_id", "oidc.client_secret": "client_secret",
    "saml": "metadata_url", "saml.metadata": "metadata_url", "saml.entity_id": "entity_id",
}  # fmt: skip


def read(request: Request) -> tuple[ConnectionWish, dict[str, str]]:
    """The form, and its values for a page that shows them again: without the secret. Raises BadRequest."""
    form = PostedForm(request, FIELDS)
    given = {name: value.strip() for name, value in form.values.items()}
    wish = ConnectionWish(
        section=given["section"],
        metadata_url=given["metadata_url"],
        metadata=given["metadata"],
        entity_id=given["entity_id"],
        issuer=given["issuer"],
        client_id=given["client_id"],
        secret=given["client_secret"],
        domains=given["domains"].replace(",", " ").split(),
    )
    return wish, {**given, "client_secret": ""}


def errors(found: Iterable[Trouble]) -> list[dict[str, str]]:
    """What is wrong, each at its field; one of no field of the form at the first one. The words are English everywhere."""
    return [
        {"field": _field(one.key), "message": f"{one.key}: {one.message}" + (f" - {one.change}" if one.change else "")}
        for one in found
    ]


def _field(key: str) -> str:
    known = [place for place in PLACES if key == place or key.startswith(f"{place}.")]
    return PLACES[max(known, key=len)] if known else "section"
