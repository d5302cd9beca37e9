"""A person as Graph's `user`, and what refers to one."""

from __future__ import annotations

from broker.domain.guest import GuestState, PersonKind
from broker.domain.mailbox import PARTNER
from broker.domain.times import iso
from broker.services.access.views import MembershipView
from broker.services.guests.user_views import UserView
from broker.services.guests.views import GuestRow, IdentityView, MethodView
from broker.web.graph.responses import Json
from broker.web.graph.shapes.people import GROUP_TYPE, USER_DEFAULT, USER_TYPE
from broker.web.graph.user_names import principal_name

DEFAULT = tuple(USER_DEFAULT)
SETTABLE = {  # property -> detail of a person
    "givenName": "given_name",
    "surname": "family_name",
    "companyName": "company",
    "department": "department",
    "jobTitle": "job_title",
    "officeLocation": "office",
    "mobilePhone": "mobile",
}


def user_json(user: UserView, tenant: str) -> dict[str, object]:
    """Every property that we have."""
    row, details = user.row, user.details
    guest = row.kind is PersonKind.GUEST
    accepted = row.redeemed_at is not None and row.state is not GuestState.INVITED
    changed_at = row.redeemed_at if accepted else row.created_at
    return {
        "id": row.id,
        "displayName": row.name or row.email,
        "givenName": user.given_name or None,
        "surname": user.family_name or None,
        "mail": row.email,
        "userPrincipalName": principal_name(row.email, tenant, guest=guest),
        "businessPhones": [details["phone"]] if "phone" in details else [],
        "jobTitle": details.get("job_title"),
        "mobilePhone": details.get("mobile"),
        "officeLocation": details.get("office"),
        "preferredLanguage": row.language or None,
        "companyName": details.get("company"),
        "department": details.get("department"),
        "accountEnabled": row.state in (GuestState.INVITED, GuestState.ACTIVE),
        "createdDateTime": iso(row.created_at),
        "creationType": _creation(row) if guest else None,
        "externalUserState": ("Accepted" if accepted else "PendingAcceptance") if guest else None,
        "externalUserStateChangeDateTime": iso(changed_at or row.created_at) if guest else None,
        "identities": [_identity(one, row.email) for one in user.identities or ()] or [_before(tenant)],
        "otherMails": [],
        "proxyAddresses": [f"SMTP:{row.email}"],
        "signInActivity": {"lastSignInDateTime": iso(user.sign_in_at) if user.sign_in_at else None},
        "signInSessionsValidFromDateTime": None,
        "userType": "Guest" if guest else "Member",
    }


def user_reference(user: UserView, tenant: str) -> Json:
    """A person in a list of objects of several kinds."""
    values = user_json(user, tenant)
    return {"@odata.type": USER_TYPE, **{name: values[name] for name in DEFAULT}}


def group_reference(group: MembershipView) -> Json:
    """A group in a list of objects of several kinds."""
    return {
        "@odata.type": GROUP_TYPE,
        "id": group.id,
        "displayName": group.name,
        "groupTypes": ["DynamicMembership"] if group.is_dynamic else [],
        "mailEnabled": False,
        "securityEnabled": True,
    }


def method_json(method: MethodView) -> Json:
    """A sign-in method (graph authenticationMethod)."""
    created = iso(method.created_at)
    if method.kind == "app":
        return {"@odata.type": "#microsoft.graph.softwareOathAuthenticationMethod", "id": method.id, "createdDateTime": created}
    return {
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
        "id": method.id,
        "displayName": method.name,
        "createdDateTime": created,
        "aaGuid": None,
        "model": None,
        "attestationLevel": "notAttested",
    }


def email_method(user_id: str, email: str) -> Json:
    """A code to the mailbox."""
    return {"@odata.type": "#microsoft.graph.emailAuthenticationMethod", "id": user_id, "emailAddress": email}


def _creation(row: GuestRow) -> str:
    """How a guest came (graph user)."""
    return "Invitation" if row.signed_up_at is None else "SelfServiceSignUp"


def _identity(identity: IdentityView, email: str) -> Json:
    """The subject stays inside the broker: nobody can pass on what a program never got."""
    if identity.partner == PARTNER:
        return {"signInType": "federated", "issuer": "mail", "issuerAssignedId": email}
    return {"signInType": "federated", "issuer": identity.issuer, "issuerAssignedId": None}


def _before(tenant: str) -> Json:
    """Before the first sign-in."""
    return {"signInType": "federated", "issuer": tenant, "issuerAssignedId": None}
