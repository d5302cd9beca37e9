"""Constructs the services of applications, groups and assignments."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.access.applications import Applications
from broker.services.access.assignment_references import AssignmentReferences
from broker.services.access.assignments import Assignments
from broker.services.access.group_references import GroupReferences
from broker.services.access.groups import Groups
from broker.services.access.role_holders import RoleOverview
from broker.services.access.rule_preview import RulePreviews
from broker.services.access.staff_rights import StaffRights
from broker.services.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessServices:
    """Which application exists, and who may use it."""

    applications: Applications
    assignment_references: AssignmentReferences
    assignments: Assignments
    groups: Groups
    group_references: GroupReferences
    role_holders: RoleOverview
    rule_preview: RulePreviews
    staff_rights: StaffRights


def wire_access(core: Core) -> AccessServices:
    """The services of applications, groups and assignments."""
    return AccessServices(
        applications=Applications(core.settings),
        assignment_references=AssignmentReferences(core),
        assignments=Assignments(core),
        groups=Groups(core),
        group_references=GroupReferences(core),
        role_holders=RoleOverview(core),
        rule_preview=RulePreviews(core),
        staff_rights=StaffRights(core),
    )
