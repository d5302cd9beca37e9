"""`/groups`: lists, changes, members and owners, as programs of Graph expect them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.journeys.counting import statements
from tests.web.graph.api import Api, error_of

BASE = "http://localhost/v1.0"
GROUPS = "group-readwrite-all"
BODY = {"mailEnabled": False, "mailNickname": "x", "securityEnabled": True, "groupTypes": []}


def made(api: Api, name: str, **more: object) -> str:
    answer = api.post("/groups", {**BODY, "displayName": name, **more}, by=GROUPS)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def ref(person: str) -> dict[str, str]:
    return {"@odata.id": f"{BASE}/directoryObjects/{person}"}


def ids(api: Api, path: str) -> list[str]:
    return [one["id"] for one in api.get(path).get_json()["value"]]


def test_a_group_from_beginning_to_end(both: Api):
    """Made, read, renamed and deleted; each act has its place in the audit, with the program as actor."""
    answer = both.post("/groups", {**BODY, "displayName": "Auditors"}, by=GROUPS)
    body = answer.get_json()
    assert answer.status_code == 201
    assert body["@odata.context"] == f"{BASE}/$metadata#groups/$entity"
    assert (body["displayName"], body["mailEnabled"], body["securityEnabled"], body["groupTypes"]) == (
        "Auditors",
        False,
        True,
        [],
    )
    path = f"/groups/{body['id']}"
    assert both.get(path).get_json() == body
    assert set(both.get(f"{path}?$select=id,displayName").get_json()) == {"@odata.context", "id", "displayName"}
    assert both.ask("PATCH", path, {"displayName": "Examiners"}, by=GROUPS).status_code == 204
    assert both.get(path).get_json()["displayName"] == "Examiners"
    assert error_of(both.post("/groups", {**BODY, "displayName": "EXAMINERS"})) == (409, "Conflict")
    assert both.ask("DELETE", path, by=GROUPS).status_code == 204
    assert error_of(both.get(path)) == error_of(both.ask("DELETE", path)) == (404, "Request_ResourceNotFound")
    for event in ("group.created", "group.changed", "group.deleted"):
        (row,) = both.audited(event)
        assert (row["actor_kind"], row["actor_id"], row["target"]) == ("application", GROUPS, body["id"])


def test_members(both: Api):
    """204, the list with types, repeat 400, unknown 404, taken out 204 (graph group: add and remove members)."""
    group, ann, bob = made(both, "Auditors"), both.guest("ann"), both.guest("bob")
    path = f"/groups/{group}/members"
    assert both.post(f"{path}/$ref", ref(ann), by=GROUPS).status_code == 204
    assert both.post(f"{path}/$ref", {"@odata.id": f"{BASE}/users/{bob}"}, by=GROUPS).status_code == 204
    again = both.post(f"{path}/$ref", ref(ann))
    assert error_of(again) == (400, "Request_BadRequest")
    assert again.get_json()["error"]["message"] == (
        "One or more added object references already exist for the following modified properties: 'members'."
    )
    assert error_of(both.post(f"{path}/$ref", ref(str(uuid4())))) == (404, "Request_ResourceNotFound")
    listed = both.get(path).get_json()["value"]
    assert [one["id"] for one in listed] == sorted([ann, bob])
    assert {one["@odata.type"] for one in listed} == {"#microsoft.graph.user"}
    assert both.ask("DELETE", f"{path}/{ann}/$ref", by=GROUPS).status_code == 204
    assert error_of(both.ask("DELETE", f"{path}/{ann}/$ref")) == (404, "Request_ResourceNotFound")
    assert ids(both, path) == [bob]


def test_pages_of_members(api: Api):
    """Each page leads to the next one, and the last one to none."""
    people = sorted(api.guest(f"guest{number}") for number in range(5))
    group = made(api, "Auditors", **{"members@odata.bind": [f"{BASE}/users/{one}" for one in people]})
    seen: list[str] = []
    link = f"/groups/{group}/members?$top=2"
    for _ in range(3):
        page = api.get(link).get_json()
        seen += [one["id"] for one in page["value"]]
        link = page.get("@odata.nextLink", "").removeprefix(BASE)
    assert seen == people
    assert not link


def test_twenty_members_at_once_or_none(both: Api):
    """PATCH members@odata.bind: one that is in it, or unknown, or a 21st, and nothing has changed."""
    people = [both.guest(f"guest{number}") for number in range(4)]
    group = made(both, "Auditors", **{"members@odata.bind": [f"{BASE}/directoryObjects/{people[0]}"]})

    def bind(*persons: str) -> tuple[int, str]:
        body = {"members@odata.bind": [f"{BASE}/directoryObjects/{one}" for one in persons]}
        answer = both.ask("PATCH", f"/groups/{group}", body, by=GROUPS)
        return (204, "") if answer.status_code == 204 else error_of(answer)

    assert bind(*people[:2]) == (400, "Request_BadRequest")
    assert bind(people[1], str(uuid4())) == (404, "Request_ResourceNotFound")
    assert bind(people[1], people[1]) == (400, "Request_BadRequest")
    assert bind(*(str(uuid4()) for _ in range(21))) == (400, "Request_BadRequest")
    assert ids(both, f"/groups/{group}/members") == people[:1]
    assert bind(*people[1:]) == (204, "")
    assert ids(both, f"/groups/{group}/members") == sorted(people)


def test_owners(both: Api):
    """Members of staff own groups; guests do not, and the last owner stays (AD-03)."""
    zoe, bob, ann = both.member("zoe"), both.member("bob"), both.guest("ann")
    group = made(both, "Auditors", **{"owners@odata.bind": [f"{BASE}/users/{zoe}"]})
    path = f"/groups/{group}/owners"
    assert ids(both, path) == [zoe]
    assert both.post(f"{path}/$ref", ref(bob), by=GROUPS).status_code == 204
    assert error_of(both.post(f"{path}/$ref", ref(bob))) == (400, "Request_BadRequest")
    assert error_of(both.post(f"{path}/$ref", ref(ann))) == (400, "Request_BadRequest")
    assert both.ask("DELETE", f"{path}/{zoe}/$ref", by=GROUPS).status_code == 204
    assert error_of(both.ask("DELETE", f"{path}/{zoe}/$ref")) == (404, "Request_ResourceNotFound")
    assert error_of(both.ask("DELETE", f"{path}/{bob}/$ref")) == (409, "Conflict")
    assert ids(both, path) == [bob]


def test_the_list(both: Api):
    """By name, a page at a time, with the count where it is asked for; filters by name and id."""
    groups = {name: made(both, name) for name in ("Beta", "alpha", "Gamma", "Alphabet")}
    eventual = {"ConsistencyLevel": "eventual"}
    first = both.get("/groups?$top=3&$count=true", headers=eventual).get_json()
    assert ([one["displayName"] for one in first["value"]], first["@odata.count"]) == (["alpha", "Alphabet", "Beta"], 4)
    last = both.get(first["@odata.nextLink"].removeprefix(BASE)).get_json()
    assert [one["displayName"] for one in last["value"]] == ["Gamma"]
    assert not {"@odata.nextLink", "@odata.count"} & set(last)
    for text, expected in {
        "displayName eq 'BETA'": ["Beta"],
        "startswith(displayName,'alph')": ["alpha", "Alphabet"],
        f"id in ('{groups['Beta']}','{groups['Gamma']}')": ["Beta", "Gamma"],
        "securityEnabled eq true and displayName eq 'Beta'": ["Beta"],
        "mailEnabled eq true": [],
    }.items():
        found = both.get("/groups", query_string={"$filter": text}).get_json()["value"]
        assert [one["displayName"] for one in found] == expected, text
    assert both.get("/groups/$count", headers=eventual).text == "4"
    assert error_of(both.get("/groups/$count")) == (400, "Request_UnsupportedQuery")
    assert error_of(both.get("/groups?$filter=description%20eq%20'x'")) == (400, "Request_UnsupportedQuery")


def test_relations_are_read_on_their_own(api: Api):
    """$expand is refused where it is not supported, so that nothing is left out of an answer in silence; one user has it."""
    group, ann = made(api, "Auditors"), api.guest("ann")
    for path in ("/groups?$expand=members", f"/groups/{group}?$expand=owners"):
        assert error_of(api.get(path)) == (400, "BadRequest")
    assert error_of(api.get("/users?$expand=memberOf")) == (501, "NotImplemented")
    assert api.get(f"/users/{ann}?$expand=memberOf").get_json()["memberOf"] == []


def test_a_group_whose_members_its_rule_keeps(api: Api):
    """The rule is ours; nobody is added by hand."""
    group = made(api, "Fabrikam", groupTypes=["DynamicMembership"], membershipRule="partner = fabrikam")
    assert api.get(f"/groups/{group}").get_json()["membershipRule"] == "partner = fabrikam"
    assert error_of(api.post(f"/groups/{group}/members/$ref", ref(api.guest("ann")))) == (400, "Request_BadRequest")


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"displayName": "x", "mailEnabled": True}, "mailEnabled"),
        ({"displayName": "x", "securityEnabled": False}, "securityEnabled"),
        ({"displayName": "x", "groupTypes": ["Unified"]}, "groupTypes"),
        ({"displayName": "x", "groupTypes": ["DynamicMembership"]}, "membershipRule"),
        ({"displayName": "x", "description": "y"}, "description"),
        ({"displayName": "x", "isAssignableToRole": True}, "isAssignableToRole"),
        ({"displayName": ""}, "displayName"),
        ({"displayName": 7}, "displayName"),
        ({"displayName": "x", "members@odata.bind": ["https://evil.example/v1.0/users/1"]}, "members@odata.bind"),
        ({"displayName": "x", "members@odata.bind": "x"}, "members@odata.bind"),
    ],
)
def test_bodies_of_no_group(api: Api, body: dict[str, object], target: str):
    """AD-02: the property that is wrong is named; one that is unknown is never read over."""
    answer = api.post("/groups", body)
    assert error_of(answer) == (400, "Request_BadRequest")
    assert answer.get_json()["error"]["target"] == target
    assert ids(api, "/groups") == []


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/v1.0/users/{}",
        "http://localhost:81/v1.0/users/{}",
        "{}",
        "/v1.0/groups/{}",
        "http://localhost/v1.0/users/{}/x",
    ],
)
def test_references_of_elsewhere(api: Api, address: str):
    """A reference names one object of this API by its address."""
    group, ann = made(api, "Auditors"), api.guest("ann")
    answer = api.post(f"/groups/{group}/members/$ref", {"@odata.id": address.format(ann)})
    assert error_of(answer) == (400, "Request_BadRequest")
    assert ids(api, f"/groups/{group}/members") == []


def test_permissions(api: Api):
    """AD-01, AD-04: only a program with the permission reads or writes groups; for the others nothing happens."""
    group, ann = made(api, "Auditors"), api.guest("ann")
    calls = [
        ("GET", "/groups", None),
        ("GET", "/groups/$count", None),
        ("POST", "/groups", {**BODY, "displayName": "More"}),
        ("GET", f"/groups/{group}", None),
        ("GET", f"/groups/{uuid4()}", None),
        ("PATCH", f"/groups/{group}", {"displayName": "Other"}),
        ("DELETE", f"/groups/{group}", None),
        *((method, f"/groups/{group}/{relation}{rest}", body)
          for relation in ("members", "owners")
          for method, rest, body in (("GET", "", None), ("POST", "/$ref", ref(ann)), ("DELETE", f"/{ann}/$ref", None))),
    ]  # fmt: skip
    headers = {"ConsistencyLevel": "eventual"}
    for program in ("user-readwrite-all", "approleassignment-readwrite-all", "auditlog-read-all"):
        for method, path, body in calls:
            found = error_of(api.ask(method, path, body, by=program, headers=headers))
            assert found in ((403, "Authorization_RequestDenied"), (404, "Request_ResourceNotFound")), (program, method, path)
    assert api.get(f"/groups/{group}").get_json()["displayName"] == "Auditors"


def test_a_page_costs_few_statements(api: Api):
    """The token, the limit of requests, and the page."""
    for number in range(3):
        made(api, f"Group {number}")
    api.bearer()
    with statements(api.broker.core.db) as seen:
        assert api.get("/groups?$top=2").status_code == 200
    assert len(seen) <= 4, seen
