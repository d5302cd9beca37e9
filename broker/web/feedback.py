"""What an act did, shown on the page that follows it: POST, then 303 to `?said=...#said`.

The address carries a code of the page's own texts and a number, with a MAC under the session's cookie: nobody can send somebody a link
that makes our page say something.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from broker.web import csrf

FIELD = "said"


def address(cookie: str, path: str, code: str, count: int = 0) -> str:
    """The path with what is to be said there. code: letters and underscores."""
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}{FIELD}={code}.{count}.{_mac(cookie, code, count)}#said"


def read(cookie: str, sent: str, texts: Mapping[str, str]) -> tuple[str, int] | None:
    """The text (not translated yet) and the number; None where nothing was said here. texts: by code."""
    code, _, rest = sent.partition(".")
    number, _, mac = rest.partition(".")
    if code not in texts or not number.isascii() or not number.isdigit() or len(number) > 12:
        return None
    if not hmac.compare_digest(mac.encode(), _mac(cookie, code, int(number)).encode()):
        return None
    return texts[code], int(number)


def _mac(cookie: str, code: str, count: int) -> str:
    return csrf.token(cookie, f"said:{code}:{count}")
