"""The tokens of pages: sealed for one program, one list and one whole query (AD-07)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.web.graph.query import SkipTokens, read_list
from broker.web.graph.query.resources import users
from broker.web.graph.refusals import ApiRefused

USERS = users(str.lower)
EVENTUAL = "eventual"
ROOT = "https://guests.contoso.example/v1.0"


@pytest.fixture
def tokens(tmp_path: Path) -> SkipTokens:
    create_root(tmp_path / "keys")
    return SkipTokens(Sealer(load_roots(tmp_path / "keys")))


def followed(link: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(link).query, strict_parsing=True)


def test_a_link_leads_to_the_page_behind_a_key(tokens: SkipTokens):
    """The link repeats the options, and its token tells the next page where to go on."""
    pairs = [("$filter", "userType eq 'Guest' and mail ne 'a&b@x.example'"), ("$top", "5"), ("$count", "true")]
    first = read_list(USERS, pairs, consistency=EVENTUAL)
    assert tokens.key("app", "/users", first) is None
    assert tokens.next_link(ROOT, "app", "/users", first, None) is None
    link = tokens.next_link(ROOT, "app", "/users", first, ("ann@fabrikam.example", 7))
    assert link
    assert link.startswith(f"{ROOT}/users?$filter=userType%20eq%20'Guest'")
    assert "fabrikam" not in link  # sealed: nobody reads the key
    second = read_list(USERS, followed(link))
    assert second.query == first.query
    assert tokens.key("app", "/users", second) == ("ann@fabrikam.example", 7)


@pytest.mark.parametrize("case", ["AD-07 query", "AD-07 list", "AD-07 program", "AD-07 changed", "AD-07 long", "AD-07 text"])
def test_a_token_of_something_else(tokens: SkipTokens, case: str):
    """AD-07: a page token opens for the program, the list and the whole query that it was made for."""
    first = read_list(USERS, [("$filter", "userType eq 'Guest'"), ("$top", "5")])
    link = tokens.next_link(ROOT, "app", "/users", first, ("ann@fabrikam.example",))
    assert link
    pairs = dict(followed(link))
    sealed = pairs["$skiptoken"]
    caller, path = "app", "/users"
    if case == "AD-07 query":
        pairs["$filter"] = "userType eq 'Member'"
    elif case == "AD-07 list":
        path = "/groups"
    elif case == "AD-07 program":
        caller = "other"
    else:
        other = {"AD-07 changed": sealed[:-1] + ("A" if sealed[-1] != "A" else "B"), "AD-07 long": sealed + "A" * 3000}
        pairs["$skiptoken"] = other.get(case, "ann@fabrikam.example")
    with pytest.raises(ApiRefused) as caught:
        tokens.key(caller, path, read_list(USERS, list(pairs.items())))
    assert (caught.value.code, caught.value.target) == ("BadRequest", "$skiptoken")
