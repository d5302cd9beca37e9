"""The table of permissions: what an application may do at the management API. `api_permissions` of its file names them, for a person
who signed in `delegated_permissions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from broker.services.authorization.acts import Right

# Microsoft Graph's names. What lives in files is only read, so Application.ReadWrite.All permits reading (issue 16).
PERMITS: Mapping[str, frozenset[Right]] = MappingProxyType(
    {
        "User.Invite.All": frozenset({Right.INVITE}),
        "User.Read.All": frozenset({Right.SEE_GUESTS}),
        "User.ReadWrite.All": frozenset(
            {
                Right.SEE_GUESTS, Right.INVITE, Right.CHANGE, Right.BLOCK, Right.RENEW, Right.SIGN_OUT, Right.RESET_IDENTITY,
                Right.RESET_FACTORS, Right.DELETE,
            }
        ),
        "Group.ReadWrite.All": frozenset({Right.SEE_GROUPS, Right.KEEP_GROUPS, Right.FILL_GROUPS}),
        "Application.ReadWrite.All": frozenset({Right.SEE_APPLICATIONS}),
        "AppRoleAssignment.ReadWrite.All": frozenset({Right.SEE_APPLICATIONS, Right.ASSIGN}),
        "Policy.Read.All": frozenset({Right.SEE_POLICIES, Right.SEE_PARTNERS}),
        "AuditLog.Read.All": frozenset({Right.SEE_AUDIT, Right.SEE_SIGN_INS}),
    }
)  # fmt: skip


def permitted(names: Iterable[str]) -> frozenset[Right]:
    """The rights that these permissions give, together."""
    return frozenset[Right]().union(*(PERMITS.get(name, frozenset()) for name in names))


# What an application needs to act for a person on their own record; the first two give no right over anybody else.
READ_SELF = frozenset({"User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All"})
CHANGE_SELF = frozenset({"User.ReadWrite", "User.ReadWrite.All"})
