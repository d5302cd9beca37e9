"""People, groups and what ties them: the resources `user`, `group`, `directoryObject`, `authenticationMethod`, `invitation`."""

from __future__ import annotations

from collections.abc import Mapping

from broker.web.graph.shapes.values import (
    FLAG,
    ID,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    TIME,
    TIME_OR_NULL,
    Many,
    OneOf,
    Record,
    Shape,
    String,
)

USER_TYPE, GROUP_TYPE = "#microsoft.graph.user", "#microsoft.graph.group"

USER_DEFAULT: Mapping[str, Shape] = {  # without $select (graph user)
    "businessPhones": TEXTS,
    "displayName": TEXT,
    "givenName": TEXT_OR_NULL,
    "id": ID,
    "jobTitle": TEXT_OR_NULL,
    "mail": String(form="email"),
    "mobilePhone": TEXT_OR_NULL,
    "officeLocation": TEXT_OR_NULL,
    "preferredLanguage": TEXT_OR_NULL,
    "surname": TEXT_OR_NULL,
    "userPrincipalName": TEXT,
}
_IDENTITY = Record(properties={"signInType": String(values=("federated",)), "issuer": TEXT, "issuerAssignedId": TEXT_OR_NULL})
USER = Record(
    name="user",
    properties={
        **USER_DEFAULT,
        "accountEnabled": FLAG,
        "companyName": TEXT_OR_NULL,
        "createdDateTime": TIME,
        "creationType": String(values=("Invitation", "SelfServiceSignUp"), null=True),
        "department": TEXT_OR_NULL,
        "externalUserState": String(values=("PendingAcceptance", "Accepted"), null=True),
        "externalUserStateChangeDateTime": TIME_OR_NULL,
        "identities": Many(item=_IDENTITY),
        "otherMails": TEXTS,
        "proxyAddresses": TEXTS,
        "signInActivity": Record(properties={"lastSignInDateTime": TIME_OR_NULL}),
        "signInSessionsValidFromDateTime": TIME_OR_NULL,
        "userType": String(values=("Guest", "Member")),
    },
)
GROUP = Record(
    name="group",
    properties={
        "id": ID,
        "createdDateTime": TIME,
        "description": TEXT_OR_NULL,
        "displayName": TEXT,
        "groupTypes": Many(item=String(values=("DynamicMembership",))),
        "mail": TEXT_OR_NULL,
        "mailEnabled": FLAG,
        "mailNickname": TEXT_OR_NULL,
        "membershipRule": TEXT_OR_NULL,
        "membershipRuleProcessingState": String(values=("On",), null=True),
        "securityEnabled": FLAG,
        "visibility": TEXT_OR_NULL,
    },
)
_REMOVED = Record(
    properties={"reason": String(values=("changed", "deleted"))},
    about="Only of an object that is gone: changed, if it can be restored, deleted for good.",
)
CHANGED_USER = Record(name="changedUser", properties={**USER.properties, "@removed": _REMOVED})
CHANGED_GROUP = Record(name="changedGroup", properties={**GROUP.properties, "@removed": _REMOVED})
GROUP_OBJECT = Record(name="groupObject", kind=GROUP_TYPE, properties=GROUP.properties)
PERSON_REFERENCE = Record(
    name="directoryObject",
    kind=USER_TYPE,
    properties={
        "id": ID,
        "displayName": TEXT,
        "mail": String(form="email"),
        "preferredLanguage": TEXT_OR_NULL,
        "userPrincipalName": TEXT,
    },
)
USER_REFERENCE = Record(name="userReference", kind=USER_TYPE, properties=USER_DEFAULT)
GROUP_REFERENCE = Record(
    name="groupReference",
    kind=GROUP_TYPE,
    properties={name: GROUP.properties[name] for name in ("id", "displayName", "groupTypes", "mailEnabled", "securityEnabled")},
)
EXPANDED_USER = Record(
    name="userWithRelations",
    properties={**USER.properties, "sponsors": Many(item=USER_REFERENCE), "memberOf": Many(item=GROUP_REFERENCE)},
)
METHOD = OneOf(
    records=(
        Record(
            name="softwareOathAuthenticationMethod",
            kind="#microsoft.graph.softwareOathAuthenticationMethod",
            properties={"id": ID, "createdDateTime": TIME},
        ),
        Record(
            name="fido2AuthenticationMethod",
            kind="#microsoft.graph.fido2AuthenticationMethod",
            properties={
                "id": ID,
                "displayName": TEXT,
                "createdDateTime": TIME,
                "aaGuid": TEXT_OR_NULL,
                "model": TEXT_OR_NULL,
                "attestationLevel": String(values=("attested", "notAttested")),
            },
        ),
        Record(
            name="emailAuthenticationMethod",
            kind="#microsoft.graph.emailAuthenticationMethod",
            properties={"id": ID, "emailAddress": String(form="email")},
        ),
    )
)
_RECIPIENT = Record(properties={"emailAddress": Record(properties={"name": TEXT_OR_NULL, "address": TEXT_OR_NULL})})
INVITATION = Record(
    name="invitation",
    properties={
        "id": ID,
        "inviteRedeemUrl": String(form="uri"),
        "invitedUserDisplayName": TEXT_OR_NULL,
        "invitedUserType": String(values=("Guest",)),
        "invitedUserEmailAddress": TEXT,
        "sendInvitationMessage": FLAG,
        "resetRedemption": FLAG,
        "inviteRedirectUrl": TEXT,
        "status": String(values=("PendingAcceptance",)),
        "invitedUserMessageInfo": Record(
            properties={
                "messageLanguage": TEXT_OR_NULL,
                "customizedMessageBody": TEXT_OR_NULL,
                "ccRecipients": Many(item=_RECIPIENT),
            }
        ),
        "invitedUser": Record(properties={"id": ID}),
    },
)
