"""Policies and partners of files: `conditionalAccessPolicy`, the two faces of `crossTenantAccessPolicy`, `authorizationPolicy`."""

from __future__ import annotations

from broker.web.graph.shapes.values import FLAG, ID, TEXT, TEXTS, TIME_OR_NULL, Flag, Many, Number, Record, String

_EXTERNAL = Record(
    null=True,
    properties={
        "guestOrExternalUserTypes": TEXT,
        "externalTenants": Record(
            kind="#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
            properties={"membershipKind": TEXT, "members": TEXTS},
        ),
    },
)
_PEOPLE = {
    name: shape
    for word in ("include", "exclude")
    for name, shape in (
        (f"{word}Users", TEXTS),
        (f"{word}Groups", TEXTS),
        (f"{word}GuestsOrExternalUsers", _EXTERNAL),
        (f"{word}Roles", TEXTS),
    )
}
_CONDITIONS = Record(
    properties={
        "users": Record(properties=_PEOPLE),
        "applications": Record(
            properties={"includeApplications": TEXTS, "excludeApplications": TEXTS, "includeUserActions": TEXTS}
        ),
        "clientAppTypes": TEXTS,
        "locations": Record(null=True, properties={"includeLocations": TEXTS, "excludeLocations": TEXTS}),
        "platforms": Record(null=True),
        "signInRiskLevels": TEXTS,
        "userRiskLevels": TEXTS,
        "partnerMfa": Flag(null=True, about="Whether the partner did MFA. Not a word of Graph."),
    }
)
_GRANT = Record(
    null=True,
    properties={
        "operator": String(values=("AND", "OR")),
        "builtInControls": TEXTS,
        "customAuthenticationFactors": TEXTS,
        "termsOfUse": TEXTS,
        "authenticationStrength": Record(null=True),
    },
)
_SESSION = Record(
    null=True,
    properties={
        "signInFrequency": Record(
            properties={
                "value": Number(),
                "type": String(values=("days", "hours")),
                "frequencyInterval": TEXT,
                "isEnabled": FLAG,
                "seconds": Number(about="Exactly as in the file. Not a word of Graph."),
            }
        ),
        "persistentBrowser": Record(null=True),
    },
)
CONDITIONAL = Record(
    name="conditionalAccessPolicy",
    properties={
        "id": ID,
        "displayName": TEXT,
        "state": String(values=("enabled", "disabled", "enabledForReportingButNotEnforced")),
        "createdDateTime": TIME_OR_NULL,
        "modifiedDateTime": TIME_OR_NULL,
        "conditions": _CONDITIONS,
        "grantControls": _GRANT,
        "sessionControls": _SESSION,
    },
)
_SIDE = Record(
    properties={
        "accessType": String(values=("allowed", "blocked")),
        "targets": Many(item=Record(properties={"target": TEXT, "targetType": TEXT})),
    }
)
_TRUST = {
    "b2bCollaborationInbound": Record(properties={"usersAndGroups": _SIDE, "applications": _SIDE}),
    "b2bCollaborationOutbound": Record(null=True),
    "inboundTrust": Record(
        properties={"isMfaAccepted": FLAG, "isCompliantDeviceAccepted": FLAG, "isHybridAzureADJoinedDeviceAccepted": FLAG}
    ),
    "automaticUserConsentSettings": Record(properties={"inboundAllowed": FLAG, "outboundAllowed": FLAG}),
}
PARTNER = Record(
    name="crossTenantAccessPolicyConfigurationPartner",
    properties={"tenantId": String(about="The name of the partner's file."), "isServiceProvider": FLAG, **_TRUST},
)
DEFAULT_TRUST = Record(
    name="crossTenantAccessPolicyConfigurationDefault",
    properties={
        "isServiceDefault": FLAG,
        **_TRUST,
        "invitationRedemptionIdentityProviderConfiguration": Record(
            properties={"primaryIdentityProviderPrecedenceOrder": TEXTS, "fallbackIdentityProvider": TEXT}
        ),
    },
)
AUTHORIZATION = Record(name="authorizationPolicy", properties={"id": TEXT, "allowInvitesFrom": TEXT, "guestUserRoleId": ID})
