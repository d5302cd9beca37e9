"""$search: what it finds, and that everything else is refused (AD-07)."""

from __future__ import annotations

import pytest

from broker.domain.list_query import Begins, Branch, Equals, ListField
from broker.web.graph.query import read_list
from broker.web.graph.query.resources import APPLICATIONS, GROUPS, SIGN_INS, users
from broker.web.graph.refusals import ApiRefused
from tests.web.graph.api import Api, error_of

USERS = users(str.lower)
EVENTUAL = {"ConsistencyLevel": "eventual"}
NAME, MAIL, GUEST = ListField.NAME, ListField.EMAIL, Equals(ListField.KIND, "guest")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"displayName:ANN"', {(Begins(NAME, "ann"),)}),
        (' "mail:Ann@FABRIKAM.example" ', {(Begins(MAIL, "ann@fabrikam.example"),)}),
        (r'"displayName:a \"b\" \\ c:d"', {(Begins(NAME, 'a "b" \\ c:d'),)}),
        ('"displayName:ann" OR "mail:ann"', {(Begins(NAME, "ann"),), (Begins(MAIL, "ann"),)}),
        (
            '"displayName:a" AND "mail:b" OR "mail:c"',
            {(Begins(NAME, "a"), Begins(MAIL, "b")), (Begins(MAIL, "c"),)},
        ),
    ],
    ids=["name", "mail", "escaped", "or", "and before or"],
)
def test_what_a_search_means(text: str, expected: set[Branch]) -> None:
    """Each clause is a beginning; AND binds more tightly than OR; a filter narrows all of it."""
    assert set(read_list(USERS, [("$search", text)], consistency="eventual").query.branches) == expected
    both = read_list(USERS, [("$search", text), ("$filter", "userType eq 'Guest'")], consistency="eventual")
    assert {frozenset(branch) for branch in both.query.branches} == {frozenset((*branch, GUEST)) for branch in expected}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "BadRequest"),
        ("ann", "BadRequest"),
        ('"ann"', "BadRequest"),
        ('"displayName:"', "BadRequest"),
        ('"displayName: "', "BadRequest"),
        ('"displayName:a', "BadRequest"),
        ('"displayName:a" "mail:b"', "BadRequest"),
        ('"displayName:a" and "mail:b"', "BadRequest"),
        ('"displayName:a" OR ', "BadRequest"),
        ('NOT "displayName:a"', "BadRequest"),
        ('("displayName:a")', "BadRequest"),
        (r'"displayName:a\n"', "BadRequest"),
        ('"password:a"', "BadRequest"),
        ('"jobTitle:a"', "Request_UnsupportedQuery"),
        (f'"displayName:{"x" * 600}"', "BadRequest"),
        (" OR ".join(['"displayName:a"'] * 16), "BadRequest"),
        ("displayName:a' OR 1=1--", "BadRequest"),
    ],
    ids=str,
)
def test_searches_that_are_refused(text: str, code: str) -> None:
    """AD-07: what is not a clause, or names another property, is refused with the option's name."""
    with pytest.raises(ApiRefused) as caught:
        read_list(USERS, [("$search", text)], consistency="eventual")
    assert (caught.value.code, caught.value.target) == (code, "$search")


def test_where_and_how_a_search_is_possible() -> None:
    """Only with the header, only of users and groups, and in an order that an index has."""
    for resource, pairs, consistency in (
        (USERS, [("$search", '"mail:a"')], ""),
        (GROUPS, [("$search", '"mail:a"')], "eventual"),
        (APPLICATIONS, [("$search", '"displayName:a"')], "eventual"),
        (SIGN_INS, [("$search", '"appId:a"')], "eventual"),
        (USERS, [("$search", '"mail:a"'), ("$orderby", "displayName")], "eventual"),
    ):
        with pytest.raises(ApiRefused) as caught:
            read_list(resource, pairs, consistency=consistency)
        assert caught.value.code == "Request_UnsupportedQuery", pairs
    read_list(USERS, [("$search", '"displayName:a"'), ("$orderby", "displayName")], consistency="eventual")
    read_list(USERS, [("$search", '"mail:a"'), ("$skiptoken", "sealed")])  # clients do not repeat the header


def test_search_finds_people_and_groups(both: Api) -> None:
    """By the beginning of name or address, a page at a time, with a count where it is asked for."""
    for name in ("ada", "adam", "eve"):
        both.guest(name)
    both.member("adele")
    for name in ("Finance", "Final audit", "Sales"):
        both.post("/groups", {"displayName": name, "mailEnabled": False})
    path = '/users?$search="displayName:AD" OR "mail:eve"&$select=mail&$top=2&$count=true'
    first = both.get(path, headers=EVENTUAL).get_json()
    rest = both.get(first["@odata.nextLink"].removeprefix("http://localhost/v1.0")).get_json()
    mails = [row["mail"].partition("@")[0] for page in (first, rest) for row in page["value"]]
    assert (mails, first["@odata.count"]) == (["ada", "adam", "adele", "eve"], 4)
    narrowed = both.get("""/users?$search="displayName:ad"&$filter=userType eq 'Member'&$select=mail""", headers=EVENTUAL)
    assert [row["mail"] for row in narrowed.get_json()["value"]] == ["adele@contoso.example"]
    found = both.get('/groups?$search="displayName:fin"&$select=displayName', headers=EVENTUAL).get_json()["value"]
    assert [row["displayName"] for row in found] == ["Final audit", "Finance"]
    assert error_of(both.get('/users?$search="mail:a"')) == (400, "Request_UnsupportedQuery")
    deleted = '/directory/deletedItems/microsoft.graph.user?$search="mail:a"'
    assert error_of(both.get(deleted, headers=EVENTUAL)) == (400, "Request_UnsupportedQuery")
