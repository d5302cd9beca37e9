"""@odata.nextLink and @odata.deltaLink: the key of a page's last row, sealed for one program, one list and one query (AD-07)."""

from __future__ import annotations

import json
from urllib.parse import quote

from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.web.graph.query.options import SKIPTOKEN, ListRequest
from broker.web.graph.query.refusal import bad
from broker.web.graph.refusals import ApiRefused

MAX_TOKEN = 2048  # characters
_UNQUOTED = "$,'()/:@"  # so that a link reads as Graph's do

Key = tuple[str | int, ...]


class SkipTokens:
    """Seals and opens. caller: who asks (an application, or a person at one); list_path: below /v1.0."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def next_link(
        self, root: str, caller: str, list_path: str, asked: ListRequest, key: Key | None, *, option: str = SKIPTOKEN
    ) -> str | None:
        """The absolute address of the page behind this key, with all options of this one; None on the last page.

        root: the absolute address of /v1.0. option: the name that the token gets.
        """
        if key is None:
            return None
        sealed = self._sealer.seal(json.dumps(key, ensure_ascii=False).encode(), _purpose(caller, list_path, asked, option))
        pairs = (*asked.sent, (option, sealed))
        query = "&".join(f"{quote(name, safe='$')}={quote(value, safe=_UNQUOTED)}" for name, value in pairs)
        return f"{root}{list_path}?{query}"

    def key(self, caller: str, list_path: str, asked: ListRequest) -> Key | None:
        """The key of this request's token; None on the first page. Raises ApiRefused."""
        if not asked.token:
            return None
        if len(asked.token) > MAX_TOKEN:
            raise _invalid(asked)
        try:
            return tuple(json.loads(self._sealer.open(asked.token, _purpose(caller, list_path, asked, asked.option))))
        except SealError:
            raise _invalid(asked) from None


def _invalid(asked: ListRequest) -> ApiRefused:
    return bad(asked.option, f"The value of {asked.option} is not valid for this request.")


def _purpose(caller: str, list_path: str, asked: ListRequest, option: str) -> str:
    return f"{option.removeprefix('$')}:{json.dumps([caller, list_path])}?{asked.bound()}"
