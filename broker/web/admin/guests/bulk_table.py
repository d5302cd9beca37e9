"""What can be done to many guests at once: each act with the words of its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.domain.job import JobKind
from broker.services.authorization import Right
from broker.services.jobs.rules import RIGHTS
from broker.web.i18n import Translator, _

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAct:
    """link: in the list. button, keep: the two ways on. ends, stays: (text, reason) each. proof: a proof younger than ten minutes comes first.

    asks: what else the page asks for: `until`, `application` or `group`. typed: the number of guests is typed.
    """

    kind: JobKind
    link: str
    button: str
    keep: str
    ends: Lines = ()
    stays: Lines = ()
    proof: bool = False
    asks: str = ""
    typed: bool = False

    @property
    def right(self) -> Right:
        """The right that it needs."""
        return RIGHTS[self.kind]


_SESSIONS = (
    _("Their sessions, and their access to applications"),
    _("here and in every application, with tokens that work while they are away"),
)
BULK: Mapping[JobKind, BulkAct] = {
    act.kind: act
    for act in (
        BulkAct(
            kind=JobKind.RENEW,
            link=_("Renew…"),
            button=_("Renew"),
            keep=_("Do not renew"),
            stays=((_("What they have stays as it is"), _("only the end of their access changes")),),
            asks="until",
        ),
        BulkAct(
            kind=JobKind.RESEND,
            link=_("Send the invitation again…"),
            button=_("Send the invitations"),
            keep=_("Do not send"),
            ends=((_("The link that they have"), _("the new e-mail has a new one")),),
            stays=((_("Who has accepted already is left as they are"), ""),),
        ),
        BulkAct(
            kind=JobKind.SIGN_OUT,
            link=_("Sign out everywhere…"),
            button=_("Sign out everywhere"),
            keep=_("Do not sign out"),
            ends=(_SESSIONS,),
            stays=((_("They can sign in again at once"), ""),),
        ),
        BulkAct(
            kind=JobKind.UNASSIGN,
            link=_("Take an application back…"),
            button=_("Take the application back"),
            keep=_("Do not take it back"),
            ends=((_("Their assignment to the application"), _("with the sign-ins that nothing else permits")),),
            stays=((_("What they have through a group"), ""),),
            proof=True,
            asks="application",
        ),
        BulkAct(
            kind=JobKind.UNGROUP,
            link=_("Remove from a group…"),
            button=_("Remove from the group"),
            keep=_("Keep them in the group"),
            ends=((_("What the group gives them"), ""),),
            stays=((_("Their account and everything else"), ""),),
            proof=True,
            asks="group",
        ),
        BulkAct(
            kind=JobKind.BLOCK,
            link=_("Block…"),
            button=_("Block"),
            keep=_("Do not block"),
            ends=(_SESSIONS,),
            stays=((_("Kept: their groups, applications and history"), _("Unblock gives everything back. Nothing is deleted.")),),
            proof=True,
        ),
        BulkAct(
            kind=JobKind.UNBLOCK,
            link=_("Unblock…"),
            button=_("Unblock"),
            keep=_("Keep them blocked"),
            stays=((_("They can sign in again"), _("sessions that were ended stay ended")),),
        ),
        BulkAct(
            kind=JobKind.DELETE,
            link=_("Delete…"),
            button=_("Delete for good"),
            keep=_("Do not delete"),
            ends=(_SESSIONS, (_("Their personal data, groups and applications"), _("this cannot be undone"))),
            stays=((_("Kept: the audit, without their name and address"), ""),),
            proof=True,
            typed=True,
        ),
    )
}


def title(say: Translator, kind: JobKind, count: int) -> str:
    """The question, with the number."""
    n = count
    texts = {
        JobKind.RENEW: say.ngettext("Renew the access of %(num)s guest?", "Renew the access of %(num)s guests?", n),
        JobKind.RESEND: say.ngettext("Send %(num)s invitation again?", "Send %(num)s invitations again?", n),
        JobKind.SIGN_OUT: say.ngettext("Sign %(num)s guest out everywhere?", "Sign %(num)s guests out everywhere?", n),
        JobKind.UNASSIGN: say.ngettext(
            "Take an application back from %(num)s guest?", "Take an application back from %(num)s guests?", n
        ),
        JobKind.UNGROUP: say.ngettext("Remove %(num)s guest from a group?", "Remove %(num)s guests from a group?", n),
        JobKind.BLOCK: say.ngettext("Block %(num)s guest?", "Block %(num)s guests?", n),
        JobKind.UNBLOCK: say.ngettext("Unblock %(num)s guest?", "Unblock %(num)s guests?", n),
        JobKind.DELETE: say.ngettext("Delete %(num)s guest for good?", "Delete %(num)s guests for good?", n),
    }
    return str(texts[kind])
