"""Domains that look like another one: a warning for the inviter, never a decision (IN-13).

Two rules, after Unicode Technical Standard 39:

1. **Mixed scripts** (section 5.2, "highly restrictive"): the letters of one label come from one script. Japanese, Korean and
   Chinese are written with several, also together with Latin letters; nothing else is.
2. **Confusable** (section 4): the domain reads the same as a known one (a partner's, or our own) and is a different one. Two
   domains read the same when their skeletons are equal: letters that look alike in most fonts become one letter, accents
   are left out, `rn` is m and `vv` is w.

An ordinary international name, like `müller.example` or `пример.example`, breaks neither.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

MIXED = "mixed scripts"
_EAST_ASIAN = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA"},
    {"LATIN", "CJK", "BOPOMOFO"},
    {"LATIN", "CJK", "HANGUL"},
)
_NO_SCRIPT = {"DIGIT", "HYPHEN-MINUS", "COMBINING", "MIDDLE", "MODIFIER", "ZERO", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
# Pairs that many fonts draw alike and Unicode's table does not contain, and three that readers often confuse.
_OURS = {
    "в": "b", "к": "k", "м": "m", "н": "h", "т": "t", "п": "n", "ь": "b", "э": "3", "з": "3", "є": "e", "ғ": "f", "ӌ": "4", "ч": "4", "б": "6",
    "β": "b", "ε": "e", "κ": "k", "τ": "t", "χ": "x", "ω": "w", "յ": "j", "ე": "j", "ȷ": "j", "ʟ": "l", "ɢ": "g", "ɴ": "n", "ʀ": "r", "ƅ": "b",
    "ʋ": "v", "ß": "b", "þ": "p", "٠": "o", "0": "o", "1": "l", "i": "l",
}  # fmt: skip


def readable(domain: str) -> str:
    """A domain in A-labels as a person reads it; a label that is no valid Punycode stays as it is."""
    return ".".join(_decoded(label) for label in domain.split("."))


def mixes_scripts(domain: str) -> bool:
    """Whether a label of the domain is written in letters of several scripts that no language mixes."""
    return any(_mixed(label) for label in readable(domain).split("."))


def skeleton(domain: str) -> str:
    """The skeleton of a domain: for comparison only, never shown."""
    plain = "".join(map(_letter, _without_accents(readable(domain).casefold())))
    return plain.replace("rn", "m").replace("vv", "w")


class Lookalikes:
    """The known domains, prepared once to compare others with them."""

    def __init__(self, known: Iterable[str]) -> None:
        """known: canonical, in A-labels; an entry `.example.org` stands for every domain below it."""
        domains = sorted({one.removeprefix(".") for one in known})
        self._known = frozenset(domains)
        self._by_look = {skeleton(one): one for one in domains}

    def of(self, domain: str) -> str | None:
        """The known domain that this one resembles, MIXED if it mixes scripts, else None.

        domain: canonical, in A-labels. A known domain, or one below it, resembles nothing else.
        """
        if any(one in self._known for one in _suffixes(domain)):
            return None
        for look in _suffixes(skeleton(domain)):
            if look in self._by_look:
                return self._by_look[look]
        return MIXED if mixes_scripts(domain) else None


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@cache
def _letter(character: str) -> str:
    """The plain letters that a character looks like, else the character."""
    for twin in (character, *_twins(character)):
        plain = _without_accents(twin.casefold())
        if twin in _OURS or (plain and _PLAIN.issuperset(plain)):
            return "".join(_OURS.get(c, c) for c in (twin if twin in _OURS else plain))
    return character


def _twins(character: str) -> Iterator[str]:
    """The entry of a character in Unicode's table. The table is large and is loaded at the first check."""
    from confusable_homoglyphs.confusables import confusables_data

    for one in confusables_data.get(character, ()):
        yield one["c"]


def _suffixes(domain: str) -> Iterator[str]:
    """The domain and its parent domains."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _mixed(label: str) -> bool:
    scripts = {script for script in map(_script, label) if script}
    return len(scripts) > 1 and not any(scripts <= together for together in _EAST_ASIAN)


def _script(character: str) -> str:
    """The script's name as Unicode character names begin with it; "" for characters of all scripts."""
    first = unicodedata.name(character, "").partition(" ")[0]
    return "" if not character.isalpha() or first in _NO_SCRIPT else first
