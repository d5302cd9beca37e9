"""Browser and system in two words, from a User-Agent header (RFC 9110 10.1.5): enough for a person to recognize a sign-in.

The header itself is personal data and is never stored. The result consists of words of these tables only.
"""

from __future__ import annotations

LONGEST = 512  # characters that are read

_BROWSERS = (  # the first match counts; most browsers also name Chrome and Safari
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (  # Android also names Linux, and an iPhone Mac OS X
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_SEPARATOR = "/"


def device_of(user_agent: str) -> str:
    """`Firefox/Windows`; an unknown part is empty, and so is the whole if both are unknown."""
    seen = user_agent[:LONGEST]
    words = (_first(seen, _BROWSERS), _first(seen, _SYSTEMS))
    return _SEPARATOR.join(words) if any(words) else ""


def parts_of(device: str) -> tuple[str, str]:
    """Browser and system of a result of `device_of`; "" for an unknown one."""
    browser, _, system = device.partition(_SEPARATOR)
    return browser, system


def _first(seen: str, table: tuple[tuple[str, str], ...]) -> str:
    return next((word for mark, word in table if mark in seen), "")
