"""What refers to people and groups: an item of a list of several kinds, and the addresses in a body that name them."""

from __future__ import annotations

from broker.domain.guest import PersonKind
from broker.services.access.group_references import GroupEntry, PersonEntry
from broker.web.graph.bodies import Properties, referenced_in
from broker.web.graph.refusals import REQUEST_BAD, ApiRefused
from broker.web.graph.responses import Json
from broker.web.graph.shapes.people import USER_TYPE
from broker.web.graph.user_names import principal_name

MOST = 20  # references of one request


def person_reference(person: PersonEntry, tenant: str) -> Json:
    """A person in a list of objects of several kinds."""
    guest = person.kind is PersonKind.GUEST
    return {
        "@odata.type": USER_TYPE,
        "id": person.id,
        "displayName": person.name or person.email,
        "mail": person.email,
        "preferredLanguage": person.language or None,
        "userPrincipalName": principal_name(person.email, tenant, guest=guest),
    }


def bound(body: Properties, name: str, base: str) -> list[str]:
    """The ids of people in `members@odata.bind` and the like. Raises ApiRefused."""
    addresses = body.texts(name)
    found = [referenced_in(body, name, address, base, "users") for address in addresses]
    if len(set(found)) != len(found):
        raise already(name.partition("@")[0])
    return found


def already(relation: str) -> ApiRefused:
    """One of the references is there already; nothing has changed."""
    return ApiRefused(
        400,
        REQUEST_BAD,
        f"One or more added object references already exist for the following modified properties: '{relation}'.",
        target=relation,
    )


def group_json(group: GroupEntry, created: str) -> Json:
    """Every property that we have. No group here has a mailbox."""
    return {
        "id": group.id,
        "createdDateTime": created,
        "description": None,
        "displayName": group.name,
        "groupTypes": [] if group.rule is None else ["DynamicMembership"],
        "mail": None,
        "mailEnabled": False,
        "mailNickname": None,
        "membershipRule": group.rule,
        "membershipRuleProcessingState": None if group.rule is None else "On",
        "securityEnabled": True,
        "visibility": None,
    }
