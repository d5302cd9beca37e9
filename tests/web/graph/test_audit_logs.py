"""`/auditLogs`: sign-ins and the audit in Graph's words, newest first."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.receipt import Outcome
from broker.storage.login import receipts
from tests import factories
from tests.journeys.counting import statements
from tests.web.graph.api import Api, error_of

BASE = "http://localhost/v1.0"
READ = "auditlog-read-all"


def signed_in(api: Api, person: str | None, minute: int, **values: Any) -> str:
    receipt = factories.receipt(
        **{
            "person_id": person,
            "at": api.clock() + 60 * minute,
            "application": "payroll",
            "outcome": Outcome.ALLOWED,
            "error": None,
        }
        | values
    )
    with api.broker.core.db.write() as tx:
        receipts.save(tx, receipt)
    return receipt.id


def found(api: Api, path: str, **query: str) -> list[dict[str, Any]]:
    answer = api.get(path, query_string=query, by=READ)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.get_json()["value"]
    return rows


def test_sign_ins(both: Api):
    """Who, where, when and how it ended; filters by person, application and time; a page leads to the next."""
    ann, bob = both.guest("ann"), both.guest("bob")
    policies = (
        {"id": "mfa", "state": "enabled", "result": "blocked", "reason": "x"},
        {"id": "r", "state": "report_only", "result": "required", "reason": "x"},
    )
    first = signed_in(both, ann, 0)
    second = signed_in(both, bob, 1, application="travel")
    third = signed_in(both, ann, 2, outcome=Outcome.BLOCKED, error="policy_blocked", reason="mfa", policies=policies)
    rows = found(both, "/auditLogs/signIns")
    assert [row["id"] for row in rows] == [third, second, first]
    assert (rows[0]["userId"], rows[0]["userPrincipalName"], rows[0]["appDisplayName"]) == (
        ann,
        "ann@fabrikam.example",
        "Payroll",
    )
    assert (rows[0]["status"]["errorCode"], rows[0]["conditionalAccessStatus"]) == (53003, "failure")
    assert [one["result"] for one in rows[0]["appliedConditionalAccessPolicies"]] == ["failure", "reportOnlyFailure"]
    assert (rows[2]["status"]["errorCode"], rows[2]["status"]["failureReason"], rows[2]["conditionalAccessStatus"]) == (
        0,
        None,
        "notApplied",
    )
    moment = rows[1]["createdDateTime"]
    for text, expected in {
        f"userId eq '{ann}'": [third, first],
        "appId eq 'travel'": [second],
        f"createdDateTime ge {moment}": [third, second],
        f"createdDateTime gt {moment}": [third],
        f"createdDateTime le {moment} and userId eq '{ann}'": [first],
        f"userId eq '{ann}' and userId eq '{bob}'": [],
    }.items():
        assert [row["id"] for row in found(both, "/auditLogs/signIns", **{"$filter": text})] == expected, text
    seen, link = [], "/auditLogs/signIns?$top=2&$orderby=createdDateTime desc"
    while link:
        page = both.get(link, by=READ).get_json()
        seen += [one["id"] for one in page["value"]]
        link = page.get("@odata.nextLink", "").removeprefix(BASE)
    assert seen == [third, second, first]


def test_an_address_that_nobody_proved(api: Api):
    """FC-01: an address that was only claimed is not told as somebody's name."""
    signed_in(api, None, 0, outcome=Outcome.FAILED, error="not_invited", claimed="eve@fabrikam.example")
    (row,) = found(api, "/auditLogs/signIns")
    assert (row["userId"], row["userPrincipalName"]) == (None, None)
    assert row["status"]["errorCode"] == 50000


def test_the_audit(both: Api):
    """Events with Graph's names; filters by time and by the person whom they concern; a page leads to the next."""
    ann = both.guest("ann")
    both.bearer(READ)  # the token is an event of its own
    group = both.post("/groups", {"displayName": "Auditors", "mailEnabled": False}).get_json()["id"]
    both.clock.advance(60)
    assert both.post(f"/groups/{group}/members/$ref", {"@odata.id": f"{BASE}/users/{ann}"}).status_code == 204
    rows = found(both, "/auditLogs/directoryAudits")
    added = rows[0]
    assert (added["activityDisplayName"], added["operationType"], added["result"]) == (
        "Add member to group",
        "group.member_added",
        "success",
    )
    assert added["initiatedBy"] == {"user": None, "app": {"appId": "robot", "displayName": "robot"}}
    assert [(one["id"], one["type"]) for one in added["targetResources"]] == [(ann, "User"), (group, "Other")]
    about = found(both, "/auditLogs/directoryAudits", **{"$filter": f"targetResources/any(t:t/id eq '{ann}')"})
    assert [row["id"] for row in about] == [added["id"]]
    later = found(both, "/auditLogs/directoryAudits", **{"$filter": f"activityDateTime lt {added['activityDateTime']}"})
    assert {row["activityDisplayName"] for row in later} >= {"Add group"}
    assert added["id"] not in [row["id"] for row in later]
    page = both.get("/auditLogs/directoryAudits?$top=1", by=READ).get_json()
    behind = both.get(page["@odata.nextLink"].removeprefix(BASE), by=READ).get_json()
    assert [page["value"][0]["id"], behind["value"][0]["id"]] == [row["id"] for row in rows[:2]]


@pytest.mark.parametrize("path", ["/auditLogs/signIns", "/auditLogs/directoryAudits"])
def test_logs_are_read_only_and_for_one_permission(api: Api, path: str):
    """AD-03, AD-04: no program writes a log, and only its permission reads one."""
    for method in ("POST", "PATCH", "DELETE", "PUT"):
        assert error_of(api.ask(method, path)) == (405, "MethodNotAllowed")
    for program in ("user-readwrite-all", "group-readwrite-all", "policy-read-all"):
        assert error_of(api.get(path, by=program)) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("signIns", "$orderby=createdDateTime"),
        ("signIns", "$filter=ipAddress eq '192.0.2.1'"),
        ("signIns", "$filter=userId ne 'x'&$count=true"),
        ("signIns", "$count=true"),
        ("directoryAudits", "$filter=activityDisplayName eq 'Add group'"),
        ("directoryAudits", "$filter=targetResources/any(t:t/type eq 'User')"),
        ("directoryAudits", "$orderby=activityDateTime asc"),
    ],
)
def test_what_no_index_answers(api: Api, path: str, query: str):
    """A filter or an order that would walk the whole log is refused."""
    answer = api.get(f"/auditLogs/{path}?{query}", by=READ, headers={"ConsistencyLevel": "eventual"})
    assert error_of(answer) == (400, "Request_UnsupportedQuery")


def test_a_page_of_a_log_costs_few_statements(api: Api):
    """The token, the limit of requests, the page, and the names of the audit's people."""
    ann = api.guest("ann")
    for minute in range(5):
        signed_in(api, ann, minute)
    api.bearer(READ)
    for path in ("/auditLogs/signIns", "/auditLogs/directoryAudits"):
        with statements(api.broker.core.db) as seen:
            assert api.get(path, by=READ).status_code == 200
        assert len(seen) <= 5, seen
