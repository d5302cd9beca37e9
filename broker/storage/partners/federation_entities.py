"""The entities of federations: written by the node that indexes, looked up by every node, found by the words of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from broker.storage.dialects import for_both
from broker.storage.directory.staff_pages import beyond
from broker.storage.tables import documents, federation_entities, federation_words

KIND = "federation"  # of the document that says what was indexed
COMMON = 2000  # words: with more of them, most of a list in the order of names fits anyway
_E, _W, _D = federation_entities.c, federation_words.c, documents.c
_VALUES = ("entity_id", "digest", "name_key", "listed", "about", "provider", "valid_until")
_PUT = for_both(
    federation_entities,
    lambda row: row.on_conflict_do_update(
        index_elements=["federation", "hash"], set_={name: row.excluded[name] for name in _VALUES}
    ),
)
_FIND = (
    select(federation_entities, _D.valid_until.label("whole_until"))
    .join(documents, (_D.partner == _E.federation + "/") & (_D.kind == KIND))
    .where(_E.federation == bindparam("name"), _E.hash == bindparam("mark"), _D.url == bindparam("source"))
    .where(_D.body.is_not(None))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRow:
    """name_key: what lists are ordered by. about, provider: JSON. valid_until: the entity's own; seconds since 1970, or None."""

    federation: str
    hash: str
    entity_id: str
    digest: str
    name_key: str
    listed: bool
    about: str
    provider: str | None
    valid_until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntity:
    """An entity of a list. about: JSON."""

    federation: str
    hash: str
    entity_id: str
    about: str


def owner_of(federation: str) -> str:
    """The owner of a federation's document: no id of a partner ends so."""
    return f"{federation}/"


def find(tx: Connection, federation: str, mark: str, source: str) -> tuple[EntityRow, int | None] | None:
    """An entity by its hash, and the validUntil of the aggregate; None where the aggregate came from another source."""
    row = tx.execute(_FIND, {"name": federation, "mark": mark, "source": source}).first()
    if row is None:
        return None
    values = dict(row._mapping)
    return EntityRow(**{name: values[name] for name in EntityRow.__slots__}), values["whole_until"]


def digests(tx: Connection, federation: str) -> dict[str, str]:
    """Hash -> digest of every entity of a federation."""
    return {row[0]: row[1] for row in tx.execute(select(_E.hash, _E.digest).where(_E.federation == federation))}


def providers(tx: Connection, federation: str, hashes: Sequence[str]) -> dict[str, str]:
    """Hash -> stored provider of those that have one."""
    found = select(_E.hash, _E.provider).where(_E.federation == federation, _E.hash.in_(hashes), _E.provider.is_not(None))
    return {row[0]: row[1] for row in tx.execute(found)}


def counts(tx: Connection, federation: str) -> tuple[int, int]:
    """How many entities are listed, and how many cannot be used."""
    unusable = func.count().filter(_E.provider.is_(None))
    row = tx.execute(select(func.count().filter(_E.listed.is_(True)), unusable).where(_E.federation == federation)).one()
    return int(row[0]), int(row[1])


def put(tx: Connection, rows: Sequence[EntityRow], words: Mapping[str, Iterable[str]]) -> None:
    """Keep entities of one federation. words: hash -> by which it is found; none for one that is not listed."""
    if not rows:
        return
    tx.execute(_PUT[tx.dialect.name], [{name: getattr(row, name) for name in EntityRow.__slots__} for row in rows])
    _put_words(tx, rows, words)


def relist(tx: Connection, rows: Sequence[EntityRow], words: Mapping[str, Iterable[str]]) -> None:
    """Store whether entities are listed."""
    for row in rows:
        tx.execute(
            update(federation_entities).where(_E.federation == row.federation, _E.hash == row.hash).values(listed=row.listed)
        )
    _put_words(tx, rows, words)


def _put_words(tx: Connection, rows: Sequence[EntityRow], words: Mapping[str, Iterable[str]]) -> None:
    if not rows:
        return
    gone = delete(federation_words).where(_W.federation == rows[0].federation, _W.hash.in_([row.hash for row in rows]))
    tx.execute(gone)
    new = [
        {"federation": row.federation, "hash": row.hash, "word": word, "name_key": row.name_key}
        for row in rows
        for word in words.get(row.hash, ())
    ]
    if new:
        tx.execute(insert(federation_words), new)


def some(tx: Connection, federation: str, *, after: str, limit: int) -> list[EntityRow]:
    """A stretch of a federation's entities by hash."""
    statement = select(federation_entities).where(_E.federation == federation, _E.hash > after)
    return [EntityRow(**row._mapping) for row in tx.execute(statement.order_by(_E.hash).limit(limit))]


def remove(tx: Connection, federation: str, hashes: Sequence[str]) -> None:
    """Forget entities, with their words."""
    tx.execute(delete(federation_words).where(_W.federation == federation, _W.hash.in_(hashes)))
    tx.execute(delete(federation_entities).where(_E.federation == federation, _E.hash.in_(hashes)))


def names(tx: Connection) -> list[str]:
    """The federations that have a document."""
    found = select(_D.partner).where(_D.kind == KIND)
    return [str(row[0]).removesuffix("/") for row in tx.execute(found)]


def listed(tx: Connection, federations: Sequence[str], words: Sequence[str], *, limit: int) -> list[ListedEntity]:
    """Listed entities in the order of their names. words: beginnings of words, all of which an entity must have."""
    rarest = min(words, key=lambda word: _count(tx, word), default="")
    if not words or _count(tx, rarest) >= COMMON:  # most entities have it: walk in the order of names, and look which has it
        key = select(_E.name_key, _E.federation, _E.hash).where(_E.listed.is_(True), _E.federation.in_(federations))
        chosen = key.where(*(_has(_E, word, number) for number, word in enumerate(words)))
    else:
        key = select(_W.name_key, _W.federation, _W.hash).distinct().where(_begins(_W.word, rarest))
        others = [word for word in words if word != rarest]
        chosen = key.where((_W.federation + "").in_(federations), *(_has(_W, word, number) for number, word in enumerate(others)))
    first = chosen.order_by("name_key", "federation", "hash").limit(limit).subquery()
    same = (_E.federation == first.c.federation) & (_E.hash == first.c.hash)
    statement = select(_E.federation, _E.hash, _E.entity_id, _E.about).join(first, same)
    rows = tx.execute(statement.order_by(_E.name_key, _E.federation, _E.hash))
    return [ListedEntity(**row._mapping) for row in rows]


def _count(tx: Connection, word: str) -> int:
    """How many words begin so, counted up to COMMON."""
    some_ = select(_W.hash).where(_begins(_W.word, word)).limit(COMMON).subquery()
    return int(tx.execute(select(func.count()).select_from(some_)).scalar_one())


def _has(entity: Any, word: str, number: int) -> Any:
    """Whether the entity has a word that begins so."""
    other = federation_words.alias(f"other{number}").c
    same = (other.federation == entity.federation) & (other.hash == entity.hash)
    return select(other.word).where(same, _begins(other.word, word)).exists()


def _begins(column: Any, word: str) -> Any:
    return (column >= word) & (column < beyond(word))
