"""Federations: the ids of their entities, and the words by which people find their organization."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import quote

HIDDEN = "http://refeds.org/category/hide-from-discovery"  # REFEDS: the entity does not want to be listed
LONGEST_WORD, MOST_WORDS = 40, 80  # characters; words of one entity
_ID = re.compile(r"([a-z0-9][a-z0-9._-]{0,59})/([0-9a-f]{32})")
_WORDS = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff]")  # written without spaces between words
_SUFFIXES = 12


def entity_hash(entity_id: str) -> str:
    """The part of the partner's id after the slash: 128 bits of the SHA-256 of the entity id."""
    return hashlib.sha256(entity_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def split_id(partner_id: str) -> tuple[str, str] | None:
    """(federation, hash) of FEDERATION/HASH, None for the id of a partner with a file."""
    match = _ID.fullmatch(partner_id) if "/" in partner_id else None
    return (match[1], match[2]) if match is not None else None


def folded(text: str) -> str:
    """For comparing: without accents, in one case (Unicode 3.13, compatibility decomposition)."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def words_of(names: Iterable[str], scopes: Iterable[str]) -> frozenset[str]:
    """The words under which an entity is found: of its names in every language, and its scopes."""
    found: dict[str, None] = {scope[:LONGEST_WORD]: None for scope in scopes}
    for name in names:
        for word in _WORDS.findall(folded(name)):
            found[word[:LONGEST_WORD]] = None
            if _UNSPACED.search(word):  # a search may begin in the middle
                found.update((word[at : at + LONGEST_WORD], None) for at in range(1, min(len(word), _SUFFIXES)))
    return frozenset(list(found)[:MOST_WORDS])


def query_words(query: str) -> tuple[str, ...]:
    """The beginnings of words that a search looks for, the longest first; a text with a dot is looked for as a scope."""
    found: dict[str, None] = {}
    for part in folded(query).split()[:10]:
        for word in [part] if "." in part.strip(".") else _WORDS.findall(part):
            found[word[:LONGEST_WORD]] = None
    return tuple(sorted(found, key=len, reverse=True))[:5]


def name_in(names: Mapping[str, str], languages: Iterable[str], entity_id: str) -> str:
    """The name in the first of the languages that has one, else any; without a name the host of the entity id."""
    for language in (*languages, "en"):
        if language in names:
            return names[language]
    host = re.sub(r"\A[a-z][a-z0-9+.-]*:(?://)?", "", entity_id).partition("/")[0]
    return next(iter(names.values()), "") or host or entity_id


def help_address(error_url: str, entity_id: str) -> str:
    """An errorURL with its placeholders filled: the code, and us; times and ids are left empty (REFEDS errorURL)."""
    values = {"CODE": "AUTHENTICATION_FAILURE", "RP": quote(entity_id, safe=""), "TS": "", "TID": "", "CTX": ""}
    return re.sub("ERRORURL_(CODE|RP|TS|TID|CTX)", lambda found: values[found[1]], error_url)
