"""Browser and system in two words, from a User-Agent header (RFC 9110 10.1.5): enough for a person to recognize a sign-in.

The header itself is personal data and is never kept; these tables are closed, so nothing that was sent can get through.
"""

from __future__ import annotations

LONGEST = 512  # characters that are looked at

_BROWSERS = (  # the first mark that is found; most browsers claim to be Chrome and Safari, too
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
_SYSTEMS = (  # Android says Linux, and an iPhone says that it is like Mac OS X
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
    """`Firefox/Windows`; a part that is not known is empty, and so is the whole where nothing is."""
    seen = user_agent[:LONGEST]
    words = (_first(seen, _BROWSERS), _first(seen, _SYSTEMS))
    return _SEPARATOR.join(words) if any(words) else ""


def parts_of(device: str) -> tuple[str, str]:
    """Browser and system of what `device_of` gave, "" for what is not known."""
    browser, _, system = device.partition(_SEPARATOR)
    return browser, system


def _first(seen: str, table: tuple[tuple[str, str], ...]) -> str:
    return next((word for mark, word in table if mark in seen), "")
