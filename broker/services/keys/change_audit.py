"""What becomes of fetched documents is worth a line in the audit: a signing key that appears or goes, a copy that is refused (HT-20; SM-12)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from broker.domain.audit import Actor, Event
from broker.jose.errors import JoseError
from broker.jose.keys import public_keys, thumbprint
from broker.services.history import audit
from broker.storage.engine import Connection
from broker.storage.partners import documents


def fingerprints(document: Mapping[str, Any]) -> dict[str, str]:
    """RFC 7638 thumbprint -> kid (empty if it has none) of every usable key of a JWK Set."""
    try:
        return {thumbprint(key.key): key.kid or "" for key in public_keys(document)}
    except JoseError:
        return {}


def record(tx: Connection, name: str, owner: str, before: str | None, after: Mapping[str, Any], now: int) -> None:
    """Compare the last good copy with the new one. No event for the first copy, or where the keys are the same.

    name: of the event. before: the stored text, from whichever address it came. `reused`: names of keys that now stand
    for another key, which no honest rotation does.
    """
    if before is None:
        return
    old, new = fingerprints(json.loads(before)), fingerprints(after)
    if old.keys() == new.keys():
        return
    gone, come = ({k: v for k, v in one.items() if k not in other} for one, other in ((old, new), (new, old)))
    data = {
        "removed": _listed(gone),
        "added": _listed(come),
        "reused": sorted(set(filter(None, gone.values())) & {*come.values()}),
    }
    audit.record(tx, Event(name=name, actor=Actor.system(), target=owner, data=data), now)


def record_certificates(tx: Connection, partner: str, before: str | None, after: Mapping[str, Any], now: int) -> None:
    """The same for the certificates of SAML metadata, by SHA-256 fingerprint (HS-39, SM-12)."""
    if before is None:
        return
    old, new = ({key["spki"]: key["sha256"] for key in one.get("keys", ())} for one in (json.loads(before), after))
    if old.keys() == new.keys():
        return  # a new certificate may be issued for the same key
    gone, come = ([mark for key, mark in one.items() if key not in other] for one, other in ((old, new), (new, old)))
    audit.record(
        tx, Event(name="partner.keys_changed", actor=Actor.system(), target=partner, data={"removed": gone, "added": come}), now
    )


def _listed(keys: Mapping[str, str]) -> list[dict[str, str]]:
    """Names as the owner chose them, cut and printable."""
    return [{"kid": "".join(c if c.isprintable() else "?" for c in kid[:100]), "thumbprint": mark} for mark, kid in keys.items()]


def refused_document(tx: Connection, partner: str, kind: str, problem: str, next_try_at: int, now: int) -> None:
    """A document that could not be had or was refused: noted in its row, and, when the reason is a new one, in the audit."""
    if documents.fail(tx, partner, kind, problem=problem, next_try_at=next_try_at):
        event = Event(name="partner.document_refused", actor=Actor.system(), target=partner, reason=problem, data={"kind": kind})
        audit.record(tx, event, now)
