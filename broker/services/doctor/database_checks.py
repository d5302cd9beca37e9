"""Checks the stored state of a partner: documents, changes of its keys, nodes with other files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.domain.times import HOUR, iso
from broker.services.doctor import advice
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.keys.change_audit import fingerprints
from broker.storage.delivery.delivery_queue import DeliveryCounts
from broker.storage.partners.documents import StoredDocument

EVENT_DAYS = 7


def documents(rows: Mapping[str, StoredDocument], now: int) -> Iterator[Finding]:
    """Each document: how old it is, and why the last try failed."""
    for kind, row in rows.items():
        if row.problem is not None:
            copy = (
                f"the copy of {_when(row.fetched_at)} serves" if row.body is not None else "there is no copy: nobody can sign in"
            )
            yield Finding(
                Level.WARNING if row.body is not None else Level.PROBLEM,
                "stored_documents",
                f"{kind}: the last try failed ({row.problem}); {copy}; tried again from {_when(row.next_try_at)}",
                f"{row.url} answers",
                advice.of(row.problem).side,
                advice.of(row.problem).change,
            )
        elif row.body is None:
            yield ok("stored_documents", f"{kind}: is being fetched")
        elif row.fresh_until + HOUR < now:
            yield Finding(
                Level.WARNING,
                "stored_documents",
                f"{kind}: of {_when(row.fetched_at)}, fresh until {_when(row.fresh_until)}: nobody renews it",
                "broker serve, or broker maintain, renews it in time",
                Side.OURS,
                "look whether a node serves, and its log for maintain.failed",
            )
        else:
            yield ok("stored_documents", f"{kind}: of {_when(row.fetched_at)}, fresh until {_when(row.fresh_until)}")


def key_changes(events: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Changes of keys, newest first; a key name that was reused for another key is always wrong."""
    for event in events:
        data = event["data"]
        added, removed = (", ".join(_key(key) for key in data[name]) or "none" for name in ("added", "removed"))
        seen = f"{_when(event['at'])}: added {added}; removed {removed}"
        if data.get("reused"):
            yield Finding(
                Level.WARNING,
                "key_changes",
                f"{seen}; the name {', '.join(data['reused'])} was given to another key",
                "a new kid for a new key",
                Side.PARTNER,
                "ask the partner whether this change was theirs, and compare the thumbprints",
            )
        else:
            yield ok("key_changes", seen)


def against(row: StoredDocument | None, live: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Compares the stored key set with the published one."""
    if row is None or row.body is None or live is None:
        return
    old, new = fingerprints(json.loads(row.body)), fingerprints(live)
    if old.keys() != new.keys():
        come = ", ".join(old.get(mark) or new.get(mark) or mark for mark in new.keys() - old.keys()) or "none"
        yield ok(
            "key_changes", f"the partner publishes other keys than we hold (new: {come}); they are taken up when due or needed"
        )


def against_metadata(partner: str, row: StoredDocument | None, live: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Compares the stored metadata with the published one. The first response signed by a new key fetches it, once a minute (HS-36)."""
    if row is None or row.body is None or live is None:
        return
    old, new = ({key["spki"]: key["sha256"] for key in one["keys"]} for one in (json.loads(row.body), live))
    if old.keys() != new.keys():
        come, gone = (
            ", ".join(f"{one[key][:16]}..." for key in one.keys() - other.keys()) or "none"
            for one, other in ((new, old), (old, new))
        )
        yield Finding(
            Level.WARNING,
            "key_changes",
            f"the partner publishes other keys than we hold (new: {come}; gone: {gone})",
            "the partner's keys of now",
            Side.OURS,
            f"nothing, for the first answer by a new key has it fetched; or take it up at once: broker partners refresh {partner}",
        )


def nodes(seen: Mapping[str, str], digest: str) -> Iterator[Finding]:
    """HT-20: processes that use other configuration files than this command."""
    other = {node: used for node, used in seen.items() if used != digest}
    if other:
        shown = ", ".join(f"{node} ({used})" for node, used in other.items())
        yield Finding(
            Level.WARNING,
            "nodes",
            f"other files than here ({digest}) are in use by {shown}",
            "the same config/ on every node, and no error in it",
            Side.OURS,
            "run broker check on that node; the log there says config.refused and why",
        )
    elif seen:
        yield ok("nodes", f"{len(seen)} process(es) serve with these files ({digest})")


def _key(key: Mapping[str, str] | str) -> str:
    """A key of a JWK Set by name and thumbprint; a certificate of metadata by its fingerprint."""
    return f"{key[:16]}..." if isinstance(key, str) else f"{key['kid'] or 'without kid'} ({key['thumbprint'][:12]}...)"


def _when(at: int | None) -> str:
    return "never" if at is None else iso(at)


def webhooks(counted: Mapping[str, DeliveryCounts]) -> Iterator[Finding]:
    """One finding a webhook of broker.yaml. counted: webhook's id -> its notices of the last days."""
    for name, counts in counted.items():
        seen = f"webhook {name}: {counts.delivered} delivered, {counts.waiting} wait, {counts.given_up} given up in {EVENT_DAYS} days"
        if counts.problem and (counts.waiting or counts.given_up):
            yield Finding(
                Level.WARNING,
                "webhooks",
                f"{seen}; {counts.problem}",
                "the receiver answers each POST with a status from 200 to 299 within ten seconds",
                Side.OURS,
                f"correct the receiver or its url in config/broker.yaml, then: broker webhooks test {name}; broker webhooks replay {name} --since 7d",
            )
        else:
            yield ok("webhooks", seen)
