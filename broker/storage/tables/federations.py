"""The entities of federations, and the words by which people find them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from broker.storage.tables import base

WORD = String(40).with_variant(String(40, collation="C"), "postgresql")  # ordered by code point on both databases
NAME_KEY = String(80).with_variant(String(80, collation="C"), "postgresql")

federation_entities = Table(
    "federation_entities",
    base.metadata,
    Column("federation", String(64), primary_key=True),
    Column("hash", String(32), primary_key=True),
    Column("entity_id", Text, nullable=False),
    Column("digest", base.HASH, nullable=False),
    Column("name_key", NAME_KEY, nullable=False),  # what lists are ordered by
    Column("listed", Boolean, nullable=False),  # on the page where people choose their organization
    Column("about", Text, nullable=False),  # JSON: names, scopes, registrar, categories, errorURL, problem
    Column("provider", Text, nullable=True),  # JSON: keys and addresses; none for an entity that cannot be used
    base.time("valid_until", null=True),
    Index("ix_federation_entities_listed", "listed", "name_key", "federation", "hash"),
)

federation_words = Table(
    "federation_words",
    base.metadata,
    Column("federation", String(64), primary_key=True),
    Column("hash", String(32), primary_key=True),
    Column("word", WORD, primary_key=True),
    Column("name_key", NAME_KEY, nullable=False),
    Index("ix_federation_words_word", "word", "name_key", "federation", "hash"),
)
