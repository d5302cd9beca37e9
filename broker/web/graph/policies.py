"""`/identity/conditionalAccess` and `/policies`: read from the files; a write names the file (graph conditionalAccessPolicy,
crossTenantAccessPolicy, authorizationPolicy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.domain.errors import NotFound
from broker.domain.times import DAY, HOUR
from broker.services.authorization import Right
from broker.services.policies.file_policies import PeopleEntry, PolicyEntry, TrustEntry
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import Operation, gives_one, gives_page, refused_in_file
from broker.web.graph.refusals import in_file
from broker.web.graph.responses import Json
from broker.web.graph.shapes.policies import AUTHORIZATION, CONDITIONAL, DEFAULT_TRUST, PARTNER

if TYPE_CHECKING:
    from broker.app import Broker

_CONDITIONAL = "/identity/conditionalAccess/policies"
_CROSS = "/policies/crossTenantAccessPolicy"
_POLICY_FILE = refused_in_file("Refused: policies live in files", Right.SEE_POLICIES)
_PARTNER_FILE = refused_in_file("Refused: trust lives in files", Right.SEE_PARTNERS)
_STATES = {"enabled": "enabled", "disabled": "disabled", "report_only": "enabledForReportingButNotEnforced"}
_CONTROLS = {"mfa": "mfa", "phishing_resistant_mfa": "phishingResistantMfa", "terms_of_use": "termsOfUse"}
_RESTRICTED_GUEST = "2af84b1e-32c8-42b7-82bc-daa82404023b"  # Entra's role of a guest who sees only themselves
_EVERYBODY = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
_EVERYTHING = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}


def register(door: ApiDoor, broker: Broker) -> None:
    """Three kinds of policies."""
    _register_conditional(door, broker)
    _register_cross_tenant(door, broker)

    @door.opens(
        "GET",
        "/policies/authorizationPolicy",
        Operation(summary="Read who may invite", rights=(Right.SEE_POLICIES,), gives=gives_one(AUTHORIZATION)),
    )
    def authorization(caller: Caller) -> Response:
        broker.policy_views.file_policies.conditional(caller.actor)
        values = {"id": "authorizationPolicy", "allowInvitesFrom": "adminsAndGuestInviters", "guestUserRoleId": _RESTRICTED_GUEST}
        return door.responses.entity("policies/authorizationPolicy", values)

    @door.opens("PATCH", "/policies/authorizationPolicy", _POLICY_FILE)
    def change(caller: Caller) -> Response:
        broker.policy_views.file_policies.conditional(caller.actor)
        raise in_file("config/broker.yaml")


def _register_conditional(door: ApiDoor, broker: Broker) -> None:
    @door.opens(
        "GET",
        _CONDITIONAL,
        Operation(
            summary="List policies", rights=(Right.SEE_POLICIES,), gives=gives_page(CONDITIONAL, "conditionalAccessPolicyPage")
        ),
    )
    def listed(caller: Caller) -> Response:
        found = broker.policy_views.file_policies.conditional(caller.actor)
        return door.responses.collection("identity/conditionalAccess/policies", [policy_json(one) for one in found])

    @door.opens("POST", _CONDITIONAL, _POLICY_FILE)
    def create(caller: Caller) -> Response:
        broker.policy_views.file_policies.conditional(caller.actor)
        raise in_file("config/policies/POLICY.yaml")

    @door.opens(
        "GET",
        f"{_CONDITIONAL}/<uuid:policy>",
        Operation(summary="Read a policy", rights=(Right.SEE_POLICIES,), gives=gives_one(CONDITIONAL)),
    )
    def one(caller: Caller, policy: UUID) -> Response:
        return door.responses.entity("identity/conditionalAccess/policies", policy_json(_found(broker, caller, policy)))

    @door.opens("PATCH", f"{_CONDITIONAL}/<uuid:policy>", _POLICY_FILE)
    def change(caller: Caller, policy: UUID) -> Response:
        raise in_file(_found(broker, caller, policy).file)

    @door.opens("DELETE", f"{_CONDITIONAL}/<uuid:policy>", _POLICY_FILE)
    def remove(caller: Caller, policy: UUID) -> Response:
        raise in_file(_found(broker, caller, policy).file)


def _register_cross_tenant(door: ApiDoor, broker: Broker) -> None:
    kind = "policies/crossTenantAccessPolicy/partners"

    @door.opens(
        "GET",
        f"{_CROSS}/default",
        Operation(
            summary="Read what holds without a partner's file",
            rights=(Right.SEE_PARTNERS, Right.SEE_POLICIES),
            gives=gives_one(DEFAULT_TRUST),
        ),
    )
    def default(caller: Caller) -> Response:
        broker.policy_views.file_policies.trust(caller.actor)
        values = default_json(codes=broker.policy_views.file_policies.has_mail_codes(caller.actor))
        return door.responses.entity("policies/crossTenantAccessPolicy/default", values)

    @door.opens("PATCH", f"{_CROSS}/default", _PARTNER_FILE)
    def change_default(caller: Caller) -> Response:
        broker.policy_views.file_policies.trust(caller.actor)
        raise in_file("config/broker.yaml")

    @door.opens(
        "GET",
        f"{_CROSS}/partners",
        Operation(
            summary="List the trust in partners",
            rights=(Right.SEE_PARTNERS,),
            gives=gives_page(PARTNER, "crossTenantAccessPolicyConfigurationPartnerPage"),
        ),
    )
    def listed(caller: Caller) -> Response:
        return door.responses.collection(kind, [trust_json(one) for one in broker.policy_views.file_policies.trust(caller.actor)])

    @door.opens("POST", f"{_CROSS}/partners", _PARTNER_FILE)
    def create(caller: Caller) -> Response:
        broker.policy_views.file_policies.trust(caller.actor)
        raise in_file("config/partners/PARTNER.yaml")

    @door.opens(
        "GET",
        f"{_CROSS}/partners/<partner>",
        Operation(summary="Read the trust in a partner", rights=(Right.SEE_PARTNERS,), gives=gives_one(PARTNER)),
    )
    def one(caller: Caller, partner: str) -> Response:
        return door.responses.entity(kind, trust_json(_partner(broker, caller, partner)))

    @door.opens("PATCH", f"{_CROSS}/partners/<partner>", _PARTNER_FILE)
    def change(caller: Caller, partner: str) -> Response:
        raise in_file(_partner(broker, caller, partner).file)

    @door.opens("DELETE", f"{_CROSS}/partners/<partner>", _PARTNER_FILE)
    def remove(caller: Caller, partner: str) -> Response:
        raise in_file(_partner(broker, caller, partner).file)


def _found(broker: Broker, caller: Caller, policy: UUID) -> PolicyEntry:
    for one in broker.policy_views.file_policies.conditional(caller.actor):
        if one.id == str(policy):
            return one
    raise NotFound("there is no such policy", "policy_unknown")


def _partner(broker: Broker, caller: Caller, name: str) -> TrustEntry:
    for one in broker.policy_views.file_policies.trust(caller.actor):
        if one.id == name:
            return one
    raise NotFound("there is no such partner", "partner_unknown")


def policy_json(one: PolicyEntry) -> Json:
    """A `conditionalAccessPolicy`. A file has no times of its own; partnerMfa and seconds are ours."""
    return {
        "id": one.id,
        "displayName": one.name,
        "state": _STATES[one.state],
        "createdDateTime": None,
        "modifiedDateTime": None,
        "conditions": {
            "users": {
                **_people(one.include, "include"),
                **_people(one.exclude, "exclude"),
                "includeRoles": [],
                "excludeRoles": [],
            },
            "applications": {
                "includeApplications": ["All"] if one.include_applications is None else list(one.include_applications),
                "excludeApplications": list(one.exclude_applications),
                "includeUserActions": [],
            },
            "clientAppTypes": ["all"],
            "locations": _locations(one),
            "platforms": None,
            "signInRiskLevels": [],
            "userRiskLevels": [],
            "partnerMfa": one.partner_mfa,
        },
        "grantControls": _grant(one),
        "sessionControls": _session(one.sign_in_frequency),
    }


def _people(side: PeopleEntry, word: str) -> dict[str, object]:
    users = ["All"] if side.all_guests and side.members else [*side.guests]
    if not side.all_guests and side.members:
        users.append("Members")
    elif side.all_guests and not side.members:
        users.append("GuestsOrExternalUsers")
    partners = {
        "guestOrExternalUserTypes": "b2bCollaborationGuest",
        "externalTenants": {
            "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
            "membershipKind": "enumerated",
            "members": list(side.partners),
        },
    }
    return {
        f"{word}Users": users,
        f"{word}Groups": list(side.groups),
        f"{word}GuestsOrExternalUsers": partners if side.partners else None,
    }


def _locations(one: PolicyEntry) -> Json | None:
    if not one.include_networks and not one.exclude_networks:
        return None
    return {"includeLocations": list(one.include_networks) or ["All"], "excludeLocations": list(one.exclude_networks)}


def _grant(one: PolicyEntry) -> Json | None:
    controls = ["block"] if one.block else [_CONTROLS[word] for word in one.require]
    if not controls:
        return None
    return {
        "operator": "OR" if one.block else "AND",
        "builtInControls": controls,
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength": None,
    }


def _session(seconds: int | None) -> Json | None:
    if seconds is None:
        return None
    kind, unit = ("days", DAY) if seconds % DAY == 0 else ("hours", HOUR)
    frequency = {
        "value": -(-seconds // unit),
        "type": kind,
        "frequencyInterval": "timeBased",
        "isEnabled": True,
        "seconds": seconds,
    }
    return {"signInFrequency": frequency, "persistentBrowser": None}


def trust_json(one: TrustEntry) -> Json:
    """A `crossTenantAccessPolicyConfigurationPartner`."""
    return {"tenantId": one.id, "isServiceProvider": False, **_configuration(mfa=one.trusts_mfa)}


def default_json(*, codes: bool) -> Json:
    """The `crossTenantAccessPolicyConfigurationDefault`: nobody is trusted without a file that says so."""
    redemption = {
        "primaryIdentityProviderPrecedenceOrder": ["externalFederation"],
        "fallbackIdentityProvider": "emailOneTimePasscode" if codes else "none",
    }
    return {
        "isServiceDefault": True,
        **_configuration(mfa=False),
        "invitationRedemptionIdentityProviderConfiguration": redemption,
    }


def _configuration(*, mfa: bool) -> dict[str, object]:
    return {
        "b2bCollaborationInbound": {"usersAndGroups": _EVERYBODY, "applications": _EVERYTHING},
        "b2bCollaborationOutbound": None,
        "inboundTrust": {
            "isMfaAccepted": mfa,
            "isCompliantDeviceAccepted": False,
            "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
    }
