"""The permissions of the management API, by the names that Graph has for them."""

from __future__ import annotations

from typing import Literal

ApiPermission = Literal[
    "User.Invite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Policy.Read.All",
    "AuditLog.Read.All",
]
DelegatedPermission = Literal["User.Read", "User.ReadWrite", ApiPermission]
