"""Lists of the portal: the address is the state. Reads a query strictly, and makes the addresses of the next pages.

A cursor is the sort key of a page's last row, sealed for this list and this filter: nobody can read or forge it, and one that does not
open is an honest 400, never an error of ours (AD-07).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import request

from broker.domain.errors import BadRequest
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.web.feedback import FIELD as SAID
from broker.web.request import single

AFTER = "after"  # the cursor's name in the address
_ALWAYS = ("lang", SAID, AFTER)
_CURSOR = 2048  # characters
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Key = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class ListState:
    """What a list shows: its path below the issuer, and the filters of its address. Empty filters are not in it."""

    path: str
    filters: Mapping[str, str]

    def url(self, *without: str, **changed: str) -> str:
        """The list's first page with other filters; `without` takes some away."""
        values = {name: value for name, value in ({**self.filters, **changed}).items() if value and name not in without}
        return f"{self.path}?{urlencode(values)}" if values else self.path


def state(path: str, allowed: Mapping[str, Callable[[str], bool]]) -> ListState:
    """The filters of this request's address. allowed: name -> whether a value can be one. Raises BadRequest for anything else."""
    for name in request.args:
        if name not in allowed and name not in _ALWAYS:
            raise BadRequest("query", "unknown parameter")
    found: dict[str, str] = {}
    for name, is_good in allowed.items():
        value = single(request.args, name).strip()
        if value and not is_good(value):
            raise BadRequest("query", name)
        if value:
            found[name] = value
    return ListState(path, found)


def is_text(value: str) -> bool:
    """One line that a person types."""
    return len(value) <= 200 and value.isprintable()


def is_day(value: str) -> bool:
    """YYYY-MM-DD, as <input type=date> sends it."""
    return day(value) is not None


def day(value: str) -> int | None:
    """The first second of a day, UTC; None where it is none."""
    if not _ISO_DAY.fullmatch(value):
        return None
    try:
        return int(datetime.fromisoformat(f"{value}T00:00:00+00:00").timestamp())
    except ValueError:
        return None


def one_of(values: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a value is one of these."""
    return lambda value: value in values


class Cursors:
    """Seals the sort key of a page's last row into the address of the next one."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def next_url(self, shown: ListState, key: Key | None) -> str:
        """The address of the page behind this key; "" where there is none."""
        if key is None:
            return ""
        sealed = self._sealer.seal(json.dumps(key).encode(), _purpose(shown))
        return shown.url(**{AFTER: sealed})

    def read(self, shown: ListState) -> Key | None:
        """The key of this request's cursor; None on the first page. Raises BadRequest."""
        sent = single(request.args, AFTER)
        if not sent:
            return None
        if len(sent) > _CURSOR:
            raise BadRequest("cursor", "too long")
        try:
            key = json.loads(self._sealer.open(sent, _purpose(shown)))
        except SealError as error:
            raise BadRequest("cursor", error.reason) from None
        return tuple(key)


def _purpose(shown: ListState) -> str:
    return f"cursor:{shown.path}?{urlencode(sorted(shown.filters.items()))}"
