"""Applications of files and who is assigned to them: the resources `application`, `servicePrincipal`, `appRoleAssignment`."""

from __future__ import annotations

from broker.web.graph.shapes.values import FLAG, ID, TEXT, TEXT_OR_NULL, TEXTS, TIME, Many, Record, String

_ROLES = Many(
    item=Record(
        properties={
            "id": ID,
            "displayName": TEXT,
            "description": TEXT,
            "value": TEXT,
            "isEnabled": FLAG,
            "allowedMemberTypes": TEXTS,
        }
    )
)
APPLICATION = Record(
    name="application",
    properties={
        "id": ID,
        "appId": TEXT,
        "displayName": TEXT,
        "appRoles": _ROLES,
        "signInAudience": TEXT,
        "web": Record(properties={"redirectUris": TEXTS, "homePageUrl": TEXT_OR_NULL}),
    },
)
PRINCIPAL = Record(
    name="servicePrincipal",
    properties={
        "id": ID,
        "appId": TEXT,
        "displayName": TEXT,
        "appDisplayName": TEXT,
        "accountEnabled": FLAG,
        "appRoleAssignmentRequired": FLAG,
        "appRoles": _ROLES,
        "homepage": TEXT_OR_NULL,
        "replyUrls": TEXTS,
        "servicePrincipalType": TEXT,
    },
)
ASSIGNMENT = Record(
    name="appRoleAssignment",
    properties={
        "id": TEXT,
        "createdDateTime": TIME,
        "appRoleId": ID,
        "principalId": ID,
        "principalType": String(values=("User", "Group")),
        "principalDisplayName": TEXT,
        "resourceId": ID,
        "resourceDisplayName": TEXT,
    },
)
APPLICATION_OBJECT = Record(name="applicationObject", kind="#microsoft.graph.application", properties=APPLICATION.properties)
PRINCIPAL_OBJECT = Record(
    name="servicePrincipalObject", kind="#microsoft.graph.servicePrincipal", properties=PRINCIPAL.properties
)
