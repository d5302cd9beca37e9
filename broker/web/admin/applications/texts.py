"""Words of the pages of applications: health, feedback, and why a form was refused."""

from __future__ import annotations

from collections.abc import Mapping

from broker.services.applications.staff_view import ApplicationFault
from broker.web.i18n import _

PATH = "/admin/applications"
FAULTS: Mapping[ApplicationFault, tuple[str, str]] = {  # its shape and word
    ApplicationFault.NONE: ("well", _("Well")),
    ApplicationFault.REFUSED: ("stopped", _("The last request was refused")),
    ApplicationFault.NOBODY: ("attention", _("No guest may open it")),
    ApplicationFault.UNREACHABLE: ("stopped", _("Nobody can sign in")),
}
NOT_USED = ("ahead", _("Not used yet"))
STATUS: Mapping[str, tuple[str, str]] = {  # of an assignment
    "active": ("well", _("Active")),
    "future": ("ahead", _("Begins later")),
    "ended": ("ended", _("Ended")),
}
SAID: Mapping[str, str] = {
    "assigned": _("Assigned. They can open it from now on."),
    "changed": _("Changed."),
    "removed": _("Removed. What only this assignment gave has ended."),
}
HOLDER = _("Nobody here has this address, and no group this name. Invite the guest first, or correct what you wrote.")
ERRORS: Mapping[str, tuple[str, str]] = {  # reason -> the field, and what to do
    "guest_unknown": ("holder", HOLDER),
    "group_unknown": ("holder", HOLDER),
    "holder_unknown": ("holder", HOLDER),
    "role_unknown": ("role", _("The file of this application has no such role.")),
    "assignment_times": ("until", _("Choose a day from today on, after the start and before the year 2100.")),
    "reason_invalid": ("reason", _("Write the reason on one line of at most 1,000 characters.")),
}
