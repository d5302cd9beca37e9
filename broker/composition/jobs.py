"""Constructs the services of jobs on many guests."""

from __future__ import annotations

from dataclasses import dataclass

from broker.composition.access import AccessServices
from broker.composition.invitations import InvitationServices
from broker.services.core import Core
from broker.services.jobs.batches import JobBatches
from broker.services.jobs.imports import GuestImports
from broker.services.jobs.jobs import Jobs
from broker.services.jobs.row_acts import RowActs
from broker.services.jobs.selections import GuestSelections
from broker.services.operations.nodes import own_name


@dataclass(frozen=True, slots=True, kw_only=True)
class JobServices:
    """Lists of guests, acts on a selection, and the batches that carry them out."""

    batches: JobBatches
    imports: GuestImports
    jobs: Jobs
    selections: GuestSelections


def wire_jobs(core: Core, invitations: InvitationServices, access: AccessServices) -> JobServices:
    """A job does to each guest what the services of invitations, guests and access do to one."""
    row_acts = RowActs(core, invitations.additions, invitations.sent, access.assignments, access.groups)
    return JobServices(
        batches=JobBatches(core, row_acts, own_name),
        imports=GuestImports(core, invitations.additions),
        jobs=Jobs(core),
        selections=GuestSelections(core),
    )
