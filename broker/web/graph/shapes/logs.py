"""The logs: the resources `signIn` and `directoryAudit`."""

from __future__ import annotations

from broker.web.graph.shapes.values import FLAG, TEXT, TEXT_OR_NULL, TEXTS, TIME, Many, Number, Record, String

_POLICY = Record(
    properties={
        "id": TEXT,
        "displayName": TEXT,
        "enforcedGrantControls": TEXTS,
        "enforcedSessionControls": TEXTS,
        "result": String(
            values=("success", "failure", "notApplied", "reportOnlySuccess", "reportOnlyFailure", "reportOnlyNotApplied")
        ),
    }
)
SIGN_IN = Record(
    name="signIn",
    properties={
        "id": TEXT,
        "createdDateTime": TIME,
        "userId": TEXT_OR_NULL,
        "userPrincipalName": TEXT_OR_NULL,
        "appId": TEXT_OR_NULL,
        "appDisplayName": TEXT_OR_NULL,
        "ipAddress": TEXT_OR_NULL,
        "clientAppUsed": TEXT,
        "correlationId": TEXT_OR_NULL,
        "conditionalAccessStatus": String(values=("success", "failure", "notApplied")),
        "isInteractive": FLAG,
        "homeTenantId": TEXT_OR_NULL,
        "resourceTenantId": TEXT,
        "status": Record(properties={"errorCode": Number(), "failureReason": TEXT_OR_NULL, "additionalDetails": TEXT_OR_NULL}),
        "appliedConditionalAccessPolicies": Many(item=_POLICY),
    },
)
_TARGET = Record(properties={"id": TEXT, "type": TEXT, "displayName": TEXT_OR_NULL, "userPrincipalName": TEXT_OR_NULL})
_INITIATOR = Record(
    properties={
        "user": Record(
            null=True,
            properties={
                "id": TEXT_OR_NULL,
                "displayName": TEXT_OR_NULL,
                "userPrincipalName": TEXT_OR_NULL,
                "ipAddress": TEXT_OR_NULL,
            },
        ),
        "app": Record(null=True, properties={"appId": TEXT_OR_NULL, "displayName": TEXT}),
    }
)
AUDIT = Record(
    name="directoryAudit",
    properties={
        "id": TEXT,
        "activityDateTime": TIME,
        "activityDisplayName": TEXT,
        "category": TEXT,
        "correlationId": TEXT_OR_NULL,
        "loggedByService": TEXT,
        "operationType": TEXT,
        "result": String(values=("success",)),
        "resultReason": TEXT_OR_NULL,
        "initiatedBy": _INITIATOR,
        "targetResources": Many(item=_TARGET),
        "additionalDetails": Many(item=Record(properties={"key": TEXT, "value": TEXT})),
    },
)
