"""What the database has of a federation, and whether a new aggregate may take its place."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.errors import PartnerFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationState:
    """What was indexed last. sha256: of the document. created: its publication. entities: of every role. changed, removed: by the last
    index. age: seconds until the document is fetched again.
    """

    sha256: str
    version: int
    selection: str
    created: int | None
    entities: int
    providers: int
    listed: int
    unusable: int
    changed: int
    removed: int
    age: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationRecord:
    """What the database has of a federation. problem: of the last try, or None. valid_until: of the aggregate. fresh_until,
    next_try_at: when it is fetched again. state: of the index from the source that the files name now, or None. Times: seconds
    since 1970, UTC.
    """

    problem: str | None = None
    fetched_at: int | None = None
    valid_until: int | None = None
    fresh_until: int = 0
    next_try_at: int = 0
    state: FederationState | None = None


def check_newer(held: FederationRecord, *, created: int | None, valid_until: int) -> None:
    """SM-15: an aggregate that is older than the one before could bring a withdrawn key back, although its signature is good.

    Raises PartnerFailed(metadata_older).
    """
    state = held.state
    if state is None or held.valid_until is None:
        return
    published = (created, state.created) if created is not None and state.created is not None else (valid_until, held.valid_until)
    if published[0] < published[1]:
        raise PartnerFailed("metadata_older", "the aggregate is older than the one before; the last one stays in use")
