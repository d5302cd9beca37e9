"""Words of the page of roles: the roles, what each right means, and what a named address is worth."""

from __future__ import annotations

from collections.abc import Mapping

from broker.services.access.role_holders import NameStanding
from broker.services.authorization import MAY, Right, Role
from broker.web.i18n import Translator, _

ROLES: Mapping[Role, tuple[str, str]] = {  # name, and where it is set
    Role.ADMINISTRATOR: (_("Administrators"), "administrators"),
    Role.GUEST_INVITER: (_("Guest inviters"), "roles.guest_inviters"),
    Role.HELP_DESK: (_("Help desk"), "roles.help_desk"),
    Role.AUDITOR: (_("Auditors"), "roles.auditors"),
    Role.APPLICATION_OWNER: (_("Owners of an application"), "owners"),
    Role.GROUP_OWNER: (_("Owners of a group"), ""),
}
RIGHTS: Mapping[Right, str] = {
    Right.SEE_HOME: _("see what needs a person"),
    Right.SEE_GUESTS: _("see guests"),
    Right.INVITE: _("invite guests"),
    Right.CHANGE: _("change a guest's details"),
    Right.RESEND: _("send invitations again"),
    Right.REVOKE: _("revoke invitations"),
    Right.BLOCK: _("block and unblock guests"),
    Right.RENEW: _("renew guests"),
    Right.SIGN_OUT: _("sign guests out"),
    Right.RESET_IDENTITY: _("reset redemptions"),
    Right.RESET_FACTORS: _("reset sign-in methods"),
    Right.DELETE: _("delete guests"),
    Right.EXPORT_GUESTS: _("export guests"),
    Right.SEE_GROUPS: _("see groups"),
    Right.KEEP_GROUPS: _("create, change and delete groups"),
    Right.FILL_GROUPS: _("add and remove members of groups"),
    Right.SEE_APPLICATIONS: _("see applications"),
    Right.KEEP_APPLICATIONS: _("write the file of an application"),
    Right.ASSIGN: _("assign applications"),
    Right.SEE_PARTNERS: _("see partners and set-up links"),
    Right.KEEP_PARTNERS: _("write the file of a partner and make set-up links"),
    Right.SEE_POLICIES: _("see and try policies"),
    Right.KEEP_POLICIES: _("write the file of a policy"),
    Right.SEE_SIGN_INS: _("see sign-ins"),
    Right.SEE_AUDIT: _("see the audit"),
    Right.SEE_REQUESTS: _("see requests"),
    Right.DECIDE_REQUESTS: _("decide requests"),
    Right.SEE_REVIEWS: _("see reviews"),
    Right.HOLD_REVIEWS: _("hold reviews"),
    Right.SEE_ROLES: _("see roles"),
}
STANDINGS: Mapping[NameStanding, tuple[str, str, str]] = {  # shape, word, reason
    NameStanding.COUNTS: ("well", _("Has the right"), ""),
    NameStanding.UNKNOWN: (
        "ahead",
        _("No right yet"),
        _("Nobody here has this address. A member is created at their first sign-in."),
    ),
    NameStanding.GUEST: ("attention", _("No right"), _("This is a guest. Only members of staff have a role.")),
    NameStanding.UNVERIFIED: ("attention", _("No right"), _("Their partner has not verified this address.")),
    NameStanding.ENDED: ("ended", _("No right"), _("This member is blocked, or their access is over.")),
}


def rights_of_role(role: Role, say: Translator) -> list[str]:
    """What a role may do, in words, in the order of the table of rights."""
    if MAY[role] == frozenset(Right):
        return [str(say.gettext(_("everything")))]
    return [str(say.gettext(RIGHTS[right])) for right in Right if right in MAY[role]]
