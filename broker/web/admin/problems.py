"""Why a row of a job failed, or a line of a list has a fault, in words. The reasons are those of the services."""

from __future__ import annotations

from collections.abc import Mapping

from broker.web.i18n import Translator, _

PROBLEMS: Mapping[str, str] = {
    "address_invalid": _("This is no e-mail address."),
    "address_busy": _("Somebody else changed this address at the same moment."),
    "application_unknown": _("There is no such application that you may give or take back."),
    "assignment_unknown": _("They are not assigned to this application themselves."),
    "date": _("The day is not written as 2027-01-31."),
    "domain_denied": _("Addresses of this organization may not be invited. The file broker.yaml says so."),
    "error": _("An error on our side. The log of the broker has more."),
    "group_is_dynamic": _("A rule alone says who is in this group."),
    "group_unknown": _("There is no group of this name that you may fill."),
    "guest_active": _("They have accepted their invitation already, or are not blocked."),
    "guest_blocked": _("They are blocked."),
    "guest_deleted": _("They are deleted."),
    "guest_expired": _("Their access has ended."),
    "guest_invited": _("They have not accepted their invitation yet."),
    "guest_state": _("They do not wait for an invitation."),
    "guest_unknown": _("They are deleted."),
    "invitation_over": _("They have no invitation that could be sent again."),
    "invitation_replaced": _("They have a newer invitation."),
    "is_member": _("This is a member of your own staff."),
    "language_unknown": _("This language is not offered."),
    "lookalike": _("Look twice: this domain resembles one that you know."),
    "member_unknown": _("They are not in this group."),
    "message_invalid": _("The message has more than 4,000 characters."),
    "name_invalid": _("The name is longer than 256 characters, or not on one line."),
    "no_right": _("You may not do this to them."),
    "not_an_owner": _("You may not invite to this."),
    "quota_reached": _("You have invited as many people as is allowed in a day. Import the file again tomorrow."),
    "reason_names": _("The reason names them, and it would stay after the deletion."),
    "restore_over": _("It is too late to restore this access. Invite them again."),
    "role_unknown": _("There is no such role that you may give."),
    "row_cells": _("The line has more cells than the head has columns."),
    "sponsor_unknown": _("The sponsor is no member who can answer for a guest."),
    "until_invalid": _("The last day lies in the past."),
}
_OTHER = _("This is not possible.")


def words(say: Translator, reason: str) -> str:
    """The reason in words; "" for none."""
    return str(say.gettext(PROBLEMS.get(reason, _OTHER))) if reason else ""
