"""What can be done to one guest: each act with its right, the words of its page, and the use case that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.domain.audit import Actor
from broker.domain.errors import Conflict
from broker.domain.guest import GuestState
from broker.domain.invitation import Status
from broker.services.authorization import Right
from broker.services.guests.staff_view import GuestPage
from broker.services.invitations.rebinding import RebindingTerms
from broker.web.i18n import _

if TYPE_CHECKING:
    from broker.app import Broker

_S = GuestState


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAct:
    """name: of its address. link: in the menu. title: the question, with %(name)s. button, keep: the two ways on.

    ends, stays: (text, reason) each. proof: a proof younger than ten minutes comes first. until: asks for a day. typed: the address is
    typed. done: the code of the feedback. do: the use case. when: whether it is offered for a guest.
    """

    name: str
    right: Right
    link: str
    title: str
    button: str
    keep: str
    done: str
    do: Callable[[Broker, Actor, str, str, int | None], object]
    when: Callable[[GuestPage], bool]
    ends: tuple[tuple[str, str], ...] = ()
    stays: tuple[tuple[str, str], ...] = ()
    proof: bool = False
    until: bool = False
    typed: bool = False


def _in(*states: GuestState) -> Callable[[GuestPage], bool]:
    return lambda page: page.guest.person.state in states


def _waits(page: GuestPage) -> bool:
    newest = page.invitation
    return page.guest.person.state is _S.INVITED and newest is not None and newest.status in (Status.PENDING, Status.EXPIRED)


def _pending(page: GuestPage) -> bool:
    return page.invitation is not None and page.invitation.status is Status.PENDING


def _revoke(broker: Broker, actor: Actor, guest: str, reason: str, _until: int | None) -> object:
    newest = broker.guests.staff_view.show(actor, guest).invitation
    if newest is None:
        raise Conflict("there is no invitation", "invitation_over")
    return broker.invitations.sent.revoke(actor, newest.id, reason=reason)


def _resend(broker: Broker, actor: Actor, guest: str, _reason: str, _until: int | None) -> object:
    newest = broker.guests.staff_view.show(actor, guest).invitation
    if newest is None:
        raise Conflict("there is no invitation", "invitation_over")
    return broker.invitations.sent.resend(actor, newest.id)


_SESSIONS = (
    _("Their sessions, and their access to applications"),
    _("here and in every application, with tokens that work while they are away"),
)
ACTS: Mapping[str, GuestAct] = {
    act.name: act
    for act in (
        GuestAct(
            name="renew",
            right=Right.RENEW,
            link=_("Renew…"),
            title=_("Renew the access of %(name)s?"),
            button=_("Renew"),
            keep=_("Do not renew"),
            done="renewed",
            do=lambda broker, actor, guest, reason, until: broker.guests.lifecycle.renew(actor, guest, until=until, reason=reason),
            when=_in(_S.INVITED, _S.ACTIVE, _S.EXPIRED),
            stays=((_("What they have stays as it is"), _("only the end of their access changes")),),
            until=True,
        ),
        GuestAct(
            name="sign-out",
            right=Right.SIGN_OUT,
            link=_("Sign out everywhere…"),
            title=_("Sign %(name)s out everywhere?"),
            button=_("Sign out everywhere"),
            keep=_("Do not sign out"),
            done="signed_out",
            do=lambda broker, actor, guest, reason, _until: broker.guests.lifecycle.sign_out(actor, guest, reason=reason),
            when=_in(_S.ACTIVE),
            ends=(_SESSIONS,),
            stays=((_("They can sign in again at once"), ""),),
        ),
        GuestAct(
            name="resend",
            right=Right.RESEND,
            link=_("Send the invitation again…"),
            title=_("Send the invitation of %(name)s again?"),
            button=_("Send the invitation"),
            keep=_("Do not send"),
            done="resent",
            do=_resend,
            when=_waits,
            ends=((_("The link that they have"), _("the new e-mail has a new one")),),
        ),
        GuestAct(
            name="revoke",
            right=Right.REVOKE,
            link=_("Take the invitation back…"),
            title=_("Take the invitation of %(name)s back?"),
            button=_("Take the invitation back"),
            keep=_("Keep the invitation"),
            done="revoked",
            do=_revoke,
            when=_pending,
            ends=((_("The link in their e-mail"), _("it opens nothing any more")),),
            stays=((_("The guest stays in the list"), _("you can invite them again")),),
            proof=True,
        ),
        GuestAct(
            name="factors",
            right=Right.RESET_FACTORS,
            link=_("Reset sign-in methods…"),
            title=_("Reset the sign-in methods of %(name)s?"),
            button=_("Reset the sign-in methods"),
            keep=_("Do not reset"),
            done="factors_reset",
            do=lambda broker, actor, guest, reason, _until: broker.factors.reset.reset(actor, guest, reason=reason),
            when=lambda page: bool(page.guest.methods) or not page.whole,
            ends=((_("Every passkey, app and recovery code"), _("call them before: a thief of their password would ask for the same")), _SESSIONS),
            stays=((_("Their account, groups and applications"), _("at the next sign-in they add a new method")),),
            proof=True,
        ),
        GuestAct(
            name="reset",
            right=Right.RESET_IDENTITY,
            link=_("Reset redemption…"),
            title=_("End the link of %(name)s to their organization's account?"),
            button=_("End the link and invite again"),
            keep=_("Keep the link"),
            done="identity_reset",
            do=lambda broker, actor, guest, reason, _until: broker.invitations.rebinding.reset(actor, guest, RebindingTerms(reason=reason)),
            when=_in(_S.INVITED, _S.ACTIVE),
            ends=((_("The account they sign in with"), _("they come back by a new invitation only, which leaves at once")), _SESSIONS),
            stays=((_("Their groups, applications and history"), ""),),
            proof=True,
        ),
        GuestAct(
            name="block",
            right=Right.BLOCK,
            link=_("Block…"),
            title=_("Block %(name)s?"),
            button=_("Block"),
            keep=_("Do not block"),
            done="blocked",
            do=lambda broker, actor, guest, reason, _until: broker.guests.lifecycle.block(actor, guest, reason=reason),
            when=_in(_S.INVITED, _S.ACTIVE, _S.EXPIRED),
            ends=(_SESSIONS,),
            stays=((_("Kept: their groups, applications and history"), _("Unblock gives everything back. Nothing is deleted.")),),
            proof=True,
        ),
        GuestAct(
            name="unblock",
            right=Right.BLOCK,
            link=_("Unblock…"),
            title=_("Unblock %(name)s?"),
            button=_("Unblock"),
            keep=_("Keep them blocked"),
            done="unblocked",
            do=lambda broker, actor, guest, reason, _until: broker.guests.lifecycle.unblock(actor, guest, reason=reason),
            when=_in(_S.BLOCKED),
            stays=((_("They can sign in again"), _("sessions that were ended stay ended")),),
        ),
        GuestAct(
            name="delete",
            right=Right.DELETE,
            link=_("Delete…"),
            title=_("Delete %(name)s for good?"),
            button=_("Delete for good"),
            keep=_("Do not delete"),
            done="deleted",
            do=lambda broker, actor, guest, reason, _until: broker.guests.lifecycle.delete(actor, guest, reason=reason),
            when=_in(_S.INVITED, _S.ACTIVE, _S.BLOCKED, _S.EXPIRED),
            ends=(
                _SESSIONS,
                (_("Their personal data, groups and applications"), _("this cannot be undone")),
            ),
            stays=((_("Kept: the audit, without their name and address"), ""),),
            proof=True,
            typed=True,
        ),
    )
}  # fmt: skip


def possible(page: GuestPage) -> list[GuestAct]:
    """The acts that this visitor may do, and that the guest's state allows."""
    return [act for act in ACTS.values() if act.right in page.acts and act.when(page)]
