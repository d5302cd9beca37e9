"""The query of a list: what is taken, what is refused and how, and that no filter means another thing than it says (AD-07)."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.list_query import Before, Begins, Differs, Equals, Known, ListField, Since
from broker.web.graph.query import read_count, read_entity, read_list, refuse_all
from broker.web.graph.query.conditions import compile_filter
from broker.web.graph.query.grammar import MAX_DEPTH, parse
from broker.web.graph.query.resources import GROUPS, SIGN_INS, users
from broker.web.graph.refusals import ApiRefused

USERS = users(lambda name: name.replace("_fabrikam.example#EXT#@contoso.example", "@fabrikam.example").lower())
EVENTUAL = "eventual"


def branches(text: str, resource=USERS) -> set[tuple[Any, ...]]:
    return set(compile_filter(resource, parse(text)).branches)


def refused(*pairs: tuple[str, str], resource=USERS, consistency: str = "") -> ApiRefused:
    with pytest.raises(ApiRefused) as caught:
        read_list(resource, pairs, consistency=consistency)
    assert caught.value.message
    return caught.value


GUEST, MEMBER = Equals(ListField.KIND, "guest"), Equals(ListField.KIND, "member")
INVITED = Equals(ListField.STATE, "invited")
BLOCKED = Equals(ListField.STATE, "blocked")
NEVER_HERE = Known(ListField.REDEEMED, yes=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("userType eq 'Guest'", {(GUEST,)}),
        ("userType ne 'Guest'", {(MEMBER,)}),
        ("not(userType eq 'Guest')", {(MEMBER,)}),
        (
            "externalUserState eq 'PendingAcceptance'",
            {(GUEST, INVITED), (GUEST, BLOCKED, NEVER_HERE)},
        ),
        ("externalUserState eq null", {(MEMBER,)}),
        ("creationType eq 'Invitation'", {(GUEST, Known(ListField.SIGNED_UP, yes=False))}),
        ("creationType eq 'SelfServiceSignUp'", {(GUEST, Known(ListField.SIGNED_UP, yes=True))}),
        ("accountEnabled eq false", {(BLOCKED,)}),
        ("mail eq 'Ann@FABRIKAM.example'", {(Equals(ListField.EMAIL, "ann@fabrikam.example"),)}),
        ("mail eq 'o''brien@fabrikam.example'", {(Equals(ListField.EMAIL, "o'brien@fabrikam.example"),)}),
        ("mail ne 'a@b.example'", {(Differs(ListField.EMAIL, "a@b.example"),)}),
        ("startsWith(mail,'Ann')", {(Begins(ListField.EMAIL, "ann"),)}),
        ("endsWith(mail,'@Fabrikam.example')", {(Begins(ListField.EMAIL_REVERSED, "elpmaxe.makirbaf@"),)}),
        ("startswith(displayName,'ANN')", {(Begins(ListField.NAME, "ann"),)}),
        (
            "userPrincipalName eq 'ann_fabrikam.example#EXT#@contoso.example'",
            {(Equals(ListField.EMAIL, "ann@fabrikam.example"),)},
        ),
        (
            "identities/any(c:c/issuerAssignedId eq '7' and c/issuer eq 'https://login.fabrikam.example')",
            {(Equals(ListField.IDENTITY, "https://login.fabrikam.example\n7"),)},
        ),
        (
            "identities/any(c:c/issuer eq 'mail' and c/issuerAssignedId eq 'Ann@fabrikam.example')",
            {(Equals(ListField.CODE, "ann@fabrikam.example"),)},
        ),
        (
            "userType eq 'Guest' and (mail eq 'a@b.example' or mail eq 'c@d.example')",
            {(GUEST, Equals(ListField.EMAIL, "a@b.example")), (GUEST, Equals(ListField.EMAIL, "c@d.example"))},
        ),
        (
            "mail in ('a@b.example', 'c@d.example')",
            {(Equals(ListField.EMAIL, "a@b.example"),), (Equals(ListField.EMAIL, "c@d.example"),)},
        ),
        (
            "not(mail in ('a@b.example', 'c@d.example'))",
            {(Differs(ListField.EMAIL, "a@b.example"), Differs(ListField.EMAIL, "c@d.example"))},
        ),
        ("id eq 'AAAAAAAA-0000-4000-8000-000000000000'", {(Equals(ListField.ID, "aaaaaaaa-0000-4000-8000-000000000000"),)}),
        ("id eq aaaaaaaa-0000-4000-8000-000000000000", {(Equals(ListField.ID, "aaaaaaaa-0000-4000-8000-000000000000"),)}),
    ],
)
def test_what_a_filter_means(text: str, expected: set[Any]):
    """Each filter that clients of Graph use becomes these conditions on indexed columns."""
    assert branches(text) == expected


def test_precedence():
    """`and` binds closer than `or`, `not` closest (OData 4.01 part 2, 5.1.1.14)."""
    a, b, c = "mail eq 'a@x.example'", "mail eq 'b@x.example'", "userType eq 'Guest'"
    assert branches(f"{a} or {b} and {c}") == branches(f"{a} or ({b} and {c})") != branches(f"({a} or {b}) and {c}")
    assert branches(f"not ({c}) and {a}") == {(MEMBER, Equals(ListField.EMAIL, "a@x.example"))}


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("createdDateTime ge 2026-01-01T00:00:00Z", (Since(ListField.AT, 1767225600),)),
        ("createdDateTime ge 2026-01-01", (Since(ListField.AT, 1767225600),)),
        ("createdDateTime ge 2026-01-01T00:00:00.5Z", (Since(ListField.AT, 1767225601),)),
        ("createdDateTime gt 2026-01-01T00:00:00.5000000Z", (Since(ListField.AT, 1767225601),)),
        ("createdDateTime gt 2026-01-01T00:00:00Z", (Since(ListField.AT, 1767225601),)),
        ("createdDateTime lt 2026-01-01T01:00:00+01:00", (Before(ListField.AT, 1767225600),)),
        ("createdDateTime le 2026-01-01T00:00:00.25Z", (Before(ListField.AT, 1767225601),)),
        (
            "createdDateTime ge 2026-01-01T00:00:00Z and appId eq 'payroll'",
            (Since(ListField.AT, 1767225600), Equals(ListField.APPLICATION, "payroll")),
        ),
    ],
)
def test_times(text: str, conditions: tuple[Any, ...]):
    """Times are whole seconds here: a fraction moves to the side on which no row changes."""
    assert branches(text, SIGN_INS) == {conditions}


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("AD-07 quote", "mail eq 'x' or '1' eq '1'"),
        ("AD-07 comment", "mail eq 'x'--"),
        ("AD-07 statement", "mail eq 'x'; drop table people"),
        ("AD-07 unclosed", "mail eq 'x"),
        ("AD-07 column", "people.email eq 'x'"),
        ("AD-07 unknown column", "password eq 'x'"),
        ("AD-07 json path", "profile/email eq 'x'"),
        ("AD-07 function", "sleep(mail,'x') eq 1"),
        ("AD-07 nul", "mail eq 'x\x00y'"),
        ("AD-07 double quotes", 'mail eq "x"'),
        ("empty", ""),
        ("operator missing", "mail 'x'"),
        ("value missing", "mail eq"),
        ("two values", "mail eq 'a' 'b'"),
        ("a reserved word as name", "and eq 'x'"),
        ("an empty list", "mail in ()"),
        ("column compared with column", "mail eq userPrincipalName"),
        ("wrong variable", "identities/any(c:d/issuer eq 'x')"),
        ("nested any", "identities/any(c:c/x/any(d:d eq 'x'))"),
        ("not a word of it", "userType eq 'Robot'"),
        ("a quoted null", "creationType eq 'null'"),
        ("a number for a text", "mail eq 7"),
        ("too deep", "(" * (MAX_DEPTH + 1) + "mail eq 'x'" + ")" * (MAX_DEPTH + 1)),
        ("too many nots", "not " * (MAX_DEPTH + 1) + "mail eq 'x'"),
        ("too long", f"mail eq '{'x' * 3000}'"),
        ("a long value", f"mail eq '{'x' * 600}'"),
        ("too many words", " or ".join(["id eq 'a'"] * 150)),
        ("no prefix", "startswith(mail,'')"),
    ],
    ids=lambda value: value if len(value) < 40 else "text",
)
def test_bad_filters(case: str, text: str):
    """AD-07: an attempt is a 400 with the option's name; nothing of it reaches a statement."""
    assert (refused(("$filter", text)).code, refused(("$filter", text)).target) == ("BadRequest", "$filter")


@pytest.mark.parametrize(
    "text",
    [
        "jobTitle eq 'x'",
        "contains(mail,'x')",
        "mail gt 'x'",
        "displayName ne 'x'",
        "startswith(userPrincipalName,'x')",
        "endswith(displayName,'x')",
        "not(startswith(mail,'x'))",
        "not(identities/any(c:c/issuer eq 'x' and c/issuerAssignedId eq 'y'))",
        "identities/any(c:c/issuer eq 'x')",
        "identities/any(c:c/issuer eq 'x' or c/issuerAssignedId eq 'y')",
        "identities/any(c:c/issuer eq 'x' and c/issuer eq 'y')",
        "identities eq 'x'",
        "otherMails/any(c:c eq 'x')",
        " or ".join(f"mail eq '{number}'" for number in range(16)),
        f"mail in ({','.join(repr(str(number)) for number in range(16))})",
        f"mail in ({','.join([repr('a')] * 16 + [repr('b')])})",
        "(mail eq '1' or mail eq '2' or mail eq '3' or mail eq '4') and (id eq '1' or id eq '2' or id eq '3' or id eq '4')",
    ],
)
def test_unsupported_filters(text: str):
    """A filter that no index answers is refused by name, never answered with another list."""
    assert refused(("$filter", text), ("$count", "true"), consistency=EVENTUAL).code == "Request_UnsupportedQuery"


@pytest.mark.parametrize("text", ["appId eq 'a' or appId eq 'b'", "appId in ('a','b')"])
def test_a_list_of_one_branch(text: str):
    """A list that storage walks in one way takes no alternatives."""
    assert refused(("$filter", text), resource=SIGN_INS).code == "Request_UnsupportedQuery"


@pytest.mark.parametrize(
    "pairs",
    [
        [("$filter", "userType ne 'Guest'")],
        [("$filter", "not(userType eq 'Guest')")],
        [("$filter", "endswith(mail,'@fabrikam.example')")],
        [("$filter", "startswith(displayName,'a')"), ("$orderby", "displayName")],
    ],
)
def test_advanced_queries(pairs: list[tuple[str, str]]):
    """Graph answers these with the header and $count=true only, so that code that works here works there."""
    counted = [*pairs, ("$count", "true")]
    assert read_list(USERS, counted, consistency="Eventual").count
    for missing in (refused(*pairs), refused(*counted), refused(*pairs, consistency=EVENTUAL)):
        assert missing.code == "Request_UnsupportedQuery"
    assert read_list(USERS, [*counted, ("$skiptoken", "sealed")]).token == "sealed"  # clients do not repeat the header


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([("$top", "0")], "BadRequest"),
        ([("$top", "-1")], "BadRequest"),
        ([("$top", "1000")], "BadRequest"),
        ([("$top", "1e9")], "BadRequest"),
        ([("$top", "1000000000000")], "BadRequest"),
        ([("$top", "５")], "BadRequest"),
        ([("$top", "5"), ("$top", "6")], "BadRequest"),
        ([("$skip", "5")], "Request_UnsupportedQuery"),
        ([("$search", '"mail:a"')], "Request_UnsupportedQuery"),
        ([("$apply", "x")], "Request_UnsupportedQuery"),
        ([("$unknown", "x")], "BadRequest"),
        ([("filter", "mail eq 'x'")], "BadRequest"),
        ([("access_token", "x")], "BadRequest"),
        ([("$count", "yes")], "BadRequest"),
        ([("$count", "true")], "Request_UnsupportedQuery"),
        ([("$orderby", "displayName;drop")], "BadRequest"),
        ([("$orderby", "password")], "BadRequest"),
        ([("$orderby", "jobTitle")], "Request_UnsupportedQuery"),
        ([("$orderby", "mail,displayName")], "Request_UnsupportedQuery"),
        ([("$orderby", "mail sideways")], "BadRequest"),
        ([("$select", "id,password")], "BadRequest"),
        ([("$select", "id,,mail")], "BadRequest"),
        ([("$select", "*")], "BadRequest"),
        ([("$expand", "manager")], "BadRequest"),
        ([("$expand", "memberOf($select=id)")], "Request_UnsupportedQuery"),
        ([("$expand", "memberOf,sponsors")], "Request_UnsupportedQuery"),
        ([("$select", "x" * 9000)], "BadRequest"),
        ([("$select", "id\n")], "BadRequest"),
    ],
    ids=str,
)
def test_refused_options(pairs: list[tuple[str, str]], code: str):
    """AD-07: each option has bounds, is known, and occurs once."""
    assert refused(*pairs).code == code


def test_the_name_of_an_unknown_option_is_not_repeated():
    """A refusal repeats plain names only."""
    assert "<" not in refused(("$<script>", "x")).message


def test_an_order_that_no_index_has():
    """An order together with a filter needs an index that has both."""
    pairs = [("$filter", "mail eq 'x'"), ("$orderby", "displayName"), ("$count", "true")]
    assert refused(*pairs, consistency=EVENTUAL).target == "$orderby"


def test_orders():
    """A list is walked in the wanted order; without a wish, in the one that its filter begins in."""
    by_name = read_list(USERS, [("$orderby", "displayName desc")]).query.order
    assert (by_name.field, by_name.descending) == (ListField.NAME, True)
    assert read_list(USERS, [("$filter", "startswith(displayName,'a')")]).query.order.field is ListField.NAME
    assert read_list(USERS, [("$filter", "startswith(mail,'a')")]).query.order.field is ListField.EMAIL
    by_end = [("$filter", "endswith(mail,'@x.example') and userType eq 'Guest'"), ("$count", "true")]
    assert read_list(USERS, by_end, consistency=EVENTUAL).query.order.field is ListField.EMAIL_REVERSED
    assert read_list(GROUPS, []).query.order.field is ListField.NAME
    assert read_list(SIGN_INS, []).query.order.descending


def test_the_whole_request():
    """The other options, and what holds without them."""
    asked = read_list(USERS, [("$top", "5"), ("$select", "id,mail,id"), ("$expand", "memberOf")])
    assert (asked.top, asked.select, asked.expand, asked.count, asked.token) == (5, ("id", "mail"), ("memberOf",), False, "")
    assert (read_list(USERS, []).top, read_list(SIGN_INS, []).top) == (100, 1000)


def test_other_addresses():
    """One entity, a bare count, and an address without options each take their own."""
    assert read_entity(USERS, [("$select", "mail")]).select == ("mail",)
    assert read_count(USERS, [("$filter", "userType eq 'Guest'")], consistency=EVENTUAL).branches == ((GUEST,),)
    for ask in (
        lambda: read_entity(USERS, [("$top", "5")]),
        lambda: read_count(USERS, []),
        lambda: refuse_all([("$select", "id")]),
        lambda: read_list(USERS, [], consistency="sometimes"),
    ):
        with pytest.raises(ApiRefused):
            ask()
