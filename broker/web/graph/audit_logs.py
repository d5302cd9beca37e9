"""`/auditLogs`: sign-ins and the audit, the newest first, read only (graph signIn, directoryAudit)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flask import Response

from broker.domain.audit import ActorKind, EventSearch
from broker.domain.list_query import Before, Condition, Equals, ListField, ListQuery, Since
from broker.domain.receipt import Outcome, Place, ReceiptSource, Search
from broker.domain.times import iso
from broker.services.authorization import Right
from broker.services.history.views import AuditView, SignInView
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, narrowed
from broker.web.graph.operation import Operation, gives_page, list_of
from broker.web.graph.query.resources import AUDITS, SIGN_INS
from broker.web.graph.responses import Json
from broker.web.graph.shapes.logs import AUDIT, SIGN_IN
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_ERRORS = {"policy_blocked": 53003, "policy_error": 53003, "not_assigned": 50105, "guest_blocked": 50057}  # Entra's numbers
_OTHER_ERROR = 50000
_RESULTS = {"blocked": "failure", "error": "failure", "not_matched": "notApplied"}
_ACTIVITIES = {
    "assignment.given": "Add app role assignment grant to user",
    "assignment.taken_back": "Remove app role assignment from user",
    "group.changed": "Update group",
    "group.created": "Add group",
    "group.deleted": "Delete group",
    "group.member_added": "Add member to group",
    "group.member_removed": "Remove member from group",
    "guest.blocked": "Disable account",
    "guest.changed": "Update user",
    "guest.deleted": "Delete user",
    "guest.unblocked": "Enable account",
    "invitation.created": "Invite external user",
    "invitation.redeemed": "Redeem external user invite",
}


def register(door: ApiDoor, broker: Broker) -> None:
    """Two lists."""
    lists = Lists(door, broker.sealer)

    @door.opens(
        "GET",
        "/auditLogs/signIns",
        Operation(
            summary="List sign-ins, the newest first",
            rights=(Right.SEE_SIGN_INS,),
            query=list_of(SIGN_INS),
            gives=gives_page(SIGN_IN, "signInPage"),
        ),
    )
    def sign_ins(caller: Caller) -> Response:
        asked, after = lists.read(caller, SIGN_INS)
        search = _sign_in_search(asked.query)
        if search is None:
            return lists.answer(caller, "auditLogs/signIns", asked, [], None)
        place = Place(int(after[0]), ReceiptSource.SIGN_IN, str(after[1])) if after else None
        page = broker.history.receipts.page(caller.actor, search, after=place, limit=asked.top, refused_requests=False)
        names = {client_id: file.name for client_id, file in broker.core.settings().applications.items()}
        tenant = tenant_of(broker.core.settings().issuer)
        rows = [narrowed(sign_in_json(one, names.get, tenant), asked.select) for one in page.rows]
        next_key = None if page.next is None else (page.next.at, page.next.row)
        return lists.answer(caller, "auditLogs/signIns", asked, rows, next_key)

    @door.opens(
        "GET",
        "/auditLogs/directoryAudits",
        Operation(
            summary="List the audit, the newest first",
            rights=(Right.SEE_AUDIT,),
            query=list_of(AUDITS),
            gives=gives_page(AUDIT, "directoryAuditPage"),
        ),
    )
    def audits(caller: Caller) -> Response:
        asked, after = lists.read(caller, AUDITS)
        span, who = _bounds(asked.query)
        search = EventSearch(since=span[0] or 0, until=span[1], person=who.get(ListField.PERSON))
        place = (int(after[0]), str(after[1])) if after else None
        page = broker.history.audit_export.page(caller.actor, search, after=place, limit=asked.top)
        rows = [narrowed(audit_json(one), asked.select) for one in page.rows]
        return lists.answer(caller, "auditLogs/directoryAudits", asked, rows, page.next)


def _bounds(query: ListQuery) -> tuple[tuple[int | None, int | None], Mapping[ListField, str]]:
    """(since, until) and the values of a filter of one branch; of two values of a field the empty one, which nothing has."""
    since: int | None = None
    until: int | None = None
    values: dict[ListField, str] = {}
    for one in _conditions(query):
        if isinstance(one, Since):
            since = one.value if since is None else max(since, one.value)
        elif isinstance(one, Before):
            until = one.value if until is None else min(until, one.value)
        elif isinstance(one, Equals):
            values[one.field] = one.value if values.get(one.field, one.value) == one.value else "-"
    return (since, until), values


def _conditions(query: ListQuery) -> tuple[Condition, ...]:
    (branch,) = query.branches
    return branch


def _sign_in_search(query: ListQuery) -> Search | None:
    (since, until), values = _bounds(query)
    if "-" in values.values():
        return None
    return Search(since=since, until=until, person_id=values.get(ListField.PERSON), application=values.get(ListField.APPLICATION))


def sign_in_json(one: SignInView, name_of: Callable[[str], str | None], tenant: str) -> Json:
    """A `signIn`. An address that nobody has proven is not in it."""
    ok = one.outcome is Outcome.ALLOWED
    policies = [_policy(policy, ok=ok) for policy in one.policies]
    enforced = {str(policy["result"]) for policy in policies}
    status = "failure" if "failure" in enforced else "success" if "success" in enforced else "notApplied"
    return {
        "id": one.id,
        "createdDateTime": iso(one.at),
        "userId": one.person_id,
        "userPrincipalName": None if one.claimed else one.user,
        "appId": one.application,
        "appDisplayName": name_of(one.application) if one.application else None,
        "ipAddress": one.address,
        "clientAppUsed": "Browser",
        "correlationId": one.request_id,
        "conditionalAccessStatus": status,
        "isInteractive": True,
        "homeTenantId": one.partner,
        "resourceTenantId": tenant,
        "status": {
            "errorCode": 0 if ok else _ERRORS.get(one.error or "", _OTHER_ERROR),
            "failureReason": None if ok else one.reason or one.outcome.value,
            "additionalDetails": one.error,
        },
        "appliedConditionalAccessPolicies": policies,
    }


def _policy(policy: Mapping[str, object], *, ok: bool) -> dict[str, object]:
    result = _RESULTS.get(str(policy["result"]), "success" if ok else "failure")
    if policy["state"] == "report_only":
        result = {"failure": "reportOnlyFailure", "success": "reportOnlySuccess"}.get(result, "reportOnlyNotApplied")
    return {
        "id": policy["id"],
        "displayName": policy["id"],
        "enforcedGrantControls": [],
        "enforcedSessionControls": [],
        "result": result,
    }


def audit_json(one: AuditView) -> Json:
    """A `directoryAudit`. A name that Graph does not have stays as ours."""
    targets: list[Json] = []
    if one.subject_id:
        shown = one.subject if one.subject != one.subject_id else None
        targets.append({"id": one.subject_id, "type": "User", "displayName": None, "userPrincipalName": shown})
    if one.target and one.target != one.subject_id:
        targets.append({"id": one.target, "type": "Other", "displayName": one.target, "userPrincipalName": None})
    return {
        "id": one.id,
        "activityDateTime": iso(one.at),
        "activityDisplayName": _ACTIVITIES.get(one.name, one.name),
        "category": one.name.partition(".")[0],
        "correlationId": one.request_id,
        "loggedByService": "Guest Broker",
        "operationType": one.name,
        "result": "success",
        "resultReason": one.reason,
        "initiatedBy": _initiator(one),
        "targetResources": targets,
        "additionalDetails": [
            {"key": name, "value": value if isinstance(value, str) else json.dumps(value)}
            for name, value in sorted(one.data.items())
        ],
    }


def _initiator(one: AuditView) -> Json:
    if one.actor_kind == ActorKind.PERSON.value:
        shown = one.actor if one.actor != one.actor_id else None
        user = {"id": one.actor_id or None, "displayName": None, "userPrincipalName": shown, "ipAddress": None}
        return {"user": user, "app": None}
    app_id = one.actor_id if one.actor_kind == ActorKind.APPLICATION.value else None
    return {"user": None, "app": {"appId": app_id, "displayName": one.actor_id or one.actor_kind}}
