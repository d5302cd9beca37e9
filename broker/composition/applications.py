"""Constructs the services with which staff look at applications."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.applications.drafts import ApplicationDrafts
from broker.services.applications.staff_view import StaffApplications
from broker.services.core import Core
from broker.settings.reload import CurrentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationServices:
    """The list, one application, the draft of a new one."""

    staff_view: StaffApplications
    drafts: ApplicationDrafts


def wire_applications(core: Core, files: CurrentSettings) -> ApplicationServices:
    """Services that only read."""
    return ApplicationServices(staff_view=StaffApplications(core), drafts=ApplicationDrafts(core, files))
