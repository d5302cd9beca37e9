"""The table of rights: which role may do what. Portal, command line and API ask the same table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Right(StrEnum):
    """One kind of act. `see_...` only reads."""

    SEE_HOME = "see_home"
    SEE_GUESTS = "see_guests"
    INVITE = "invite"  # add a guest, by hand or from a file
    CHANGE = "change"  # a guest's details and their sponsor
    RESEND = "resend"  # an invitation, with a new link
    REVOKE = "revoke"  # an invitation
    BLOCK = "block"  # and unblock
    RENEW = "renew"  # the end of a guest's access
    SIGN_OUT = "sign_out"  # a guest, everywhere
    RESET_IDENTITY = "reset_identity"  # a guest's redemption: the binding to their home organization ends
    RESET_FACTORS = "reset_factors"
    DELETE = "delete"  # a guest
    EXPORT_GUESTS = "export_guests"
    SEE_GROUPS = "see_groups"
    KEEP_GROUPS = "keep_groups"  # create, rename, change the rule, delete
    FILL_GROUPS = "fill_groups"  # members and owners of a group
    SEE_APPLICATIONS = "see_applications"
    KEEP_APPLICATIONS = "keep_applications"  # draft the file of a new one
    ASSIGN = "assign"  # an application to a guest or group
    SEE_PARTNERS = "see_partners"
    KEEP_PARTNERS = "keep_partners"  # read metadata now, make a set-up link
    SEE_POLICIES = "see_policies"  # what-if and replay are reading
    KEEP_POLICIES = "keep_policies"  # write the file of a new one, for config/
    SEE_SIGN_INS = "see_sign_ins"
    SEE_AUDIT = "see_audit"
    SEE_REQUESTS = "see_requests"
    DECIDE_REQUESTS = "decide_requests"
    SEE_REVIEWS = "see_reviews"
    HOLD_REVIEWS = "hold_reviews"
    SEE_ROLES = "see_roles"


class Role(StrEnum):
    """Who somebody is, for this table. The first four hold everywhere, the owners for what they own."""

    ADMINISTRATOR = "administrator"
    GUEST_INVITER = "guest_inviter"
    HELP_DESK = "help_desk"
    AUDITOR = "auditor"
    APPLICATION_OWNER = "application_owner"
    GROUP_OWNER = "group_owner"


OWN_APPLICATION = frozenset(
    {
        Right.SEE_HOME, Right.SEE_GUESTS, Right.INVITE, Right.RESEND, Right.EXPORT_GUESTS, Right.SEE_APPLICATIONS, Right.ASSIGN,
        Right.SEE_SIGN_INS, Right.SEE_REQUESTS, Right.DECIDE_REQUESTS, Right.SEE_REVIEWS, Right.HOLD_REVIEWS,
    }
)  # fmt: skip
OWN_GROUP = frozenset(
    {
        Right.SEE_HOME, Right.SEE_GUESTS, Right.INVITE, Right.RESEND, Right.EXPORT_GUESTS, Right.SEE_GROUPS, Right.FILL_GROUPS,
        Right.SEE_REQUESTS, Right.DECIDE_REQUESTS, Right.SEE_REVIEWS, Right.HOLD_REVIEWS,
    }
)  # fmt: skip

MAY: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: frozenset(Right),
        Role.AUDITOR: frozenset({right for right in Right if right.startswith("see_")} | {Right.EXPORT_GUESTS}),
        Role.HELP_DESK: frozenset(
            {Right.SEE_HOME, Right.SEE_GUESTS, Right.RESEND, Right.RESET_FACTORS, Right.SEE_SIGN_INS, Right.SEE_APPLICATIONS}
        ),
        Role.GUEST_INVITER: frozenset({Right.SEE_HOME, Right.SEE_GUESTS, Right.INVITE, Right.RESEND}),
        Role.APPLICATION_OWNER: OWN_APPLICATION,
        Role.GROUP_OWNER: OWN_GROUP,
    }
)
EVERYWHERE = (Role.ADMINISTRATOR, Role.AUDITOR, Role.HELP_DESK, Role.GUEST_INVITER)
