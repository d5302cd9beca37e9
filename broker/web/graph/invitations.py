"""`POST /invitations`: invites a guest, once more or for the first time, or resets how a guest signs in (graph invitation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, request

from broker.services.invitations.invitations import InvitationRequest, IssuedInvitation
from broker.services.invitations.rebinding import RebindingTerms
from broker.services.invitations.request import MAX_MESSAGE, MAX_NAME
from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.program import object_of

if TYPE_CHECKING:
    from broker.app import Broker

_KNOWN = (
    "invitedUserEmailAddress", "inviteRedirectUrl", "invitedUserDisplayName", "invitedUserType", "sendInvitationMessage",
    "invitedUserMessageInfo", "invitedUserSponsors", "resetRedemption", "invitedUser",
)  # fmt: skip
_REFUSED = frozenset("~!#$%^&*()+=[]{}\\/|;:'\"<>?, ")  # graph invitation: characters that an invited address cannot have
_MAX_ADDRESS, _MAX_URL = 320, 2048


def register(door: ApiDoor, broker: Broker) -> None:
    """The one path of invitations: Graph has no list of them."""

    @door.opens("POST", "/invitations")
    def invite(caller: Caller) -> Response:
        body = Properties(object_of(request), _KNOWN)
        email = _address(body)
        landing = body.required("inviteRedirectUrl", limit=_MAX_URL)
        if (body.text("invitedUserType") or "Guest") != "Guest":
            raise body.wrong("invitedUserType", "must be Guest: members come from their home organization")
        mail, info = body.flag("sendInvitationMessage"), _message(body)
        if body.flag("resetRedemption"):
            guest = body.object("invitedUser", ("id",)).required("id")
            terms = RebindingTerms(mail=mail, message=info.message, landing=landing)
            issued = broker.invitations.rebinding.reset(caller.actor, guest, terms, email=email).issued
            if issued is None:
                raise AssertionError("a reset that invites has an invitation")
        else:
            if body.has("invitedUser"):
                raise body.wrong("invitedUser", "is for resetRedemption")
            wish = InvitationRequest(
                email=email,
                redirect_url=landing,
                name=body.text("invitedUserDisplayName", limit=MAX_NAME) or "",
                message=info.message,
                language=_language(broker, info),
                sponsor=_sponsor(broker, caller, body),
                mail=mail,
                copy_to=info.copy_to if mail else None,
            )
            issued = broker.invitations.invitations.invite(caller.actor, wish)
        return door.responses.entity("invitations", _shown(body, issued), status=201)


@dataclass(frozen=True, slots=True)
class _Message:
    """`invitedUserMessageInfo`: what the e-mail says."""

    message: str
    language: str
    copy_to: str | None


def _address(body: Properties) -> str:
    """As Graph takes it: without the characters that it refuses, and a local part that neither begins nor ends with . or -."""
    email = body.required("invitedUserEmailAddress", limit=_MAX_ADDRESS)
    if _REFUSED & set(email) or email[0] in ".-" or email[-1] in ".-":
        raise body.wrong("invitedUserEmailAddress", "is not an address that can be invited")
    return email


def _message(body: Properties) -> _Message:
    info = body.object("invitedUserMessageInfo", ("customizedMessageBody", "messageLanguage", "ccRecipients"))
    text = info.text("customizedMessageBody", limit=MAX_MESSAGE) or ""
    copies = info.objects("ccRecipients", ("emailAddress",), limit=1)
    copy_to = copies[0].object("emailAddress", ("name", "address")).required("address", limit=_MAX_ADDRESS) if copies else None
    # graph invitedUserMessageInfo: a text of one's own is in its own language, so the language is ignored
    return _Message(text, "" if text else info.text("messageLanguage", limit=16) or "", copy_to)


def _language(broker: Broker, info: _Message) -> str | None:
    """The part before the region, if our pages have it; else the broker's first language."""
    wanted = info.language.partition("-")[0].lower()
    return wanted if wanted in broker.core.settings().broker.languages else None


def _sponsor(broker: Broker, caller: Caller, body: Properties) -> str | None:
    """A guest has one sponsor here."""
    sponsors = body.objects("invitedUserSponsors", ("id",), limit=1)
    return broker.guests.sponsors.named_by(caller.actor, sponsors[0].required("id")) if sponsors else None


def _shown(body: Properties, issued: IssuedInvitation) -> dict[str, object]:
    """The invitation as it is now, with what the client said of its e-mail."""
    found = issued.invitation
    info = body.object("invitedUserMessageInfo", ("customizedMessageBody", "messageLanguage", "ccRecipients"))
    return {
        "id": found.id,
        "inviteRedeemUrl": issued.redeem_url,
        "invitedUserDisplayName": body.text("invitedUserDisplayName"),
        "invitedUserType": "Guest",
        "invitedUserEmailAddress": body.text("invitedUserEmailAddress"),
        "sendInvitationMessage": body.flag("sendInvitationMessage"),
        "resetRedemption": body.flag("resetRedemption"),
        "inviteRedirectUrl": found.redirect_url,
        "status": "PendingAcceptance",
        "invitedUserMessageInfo": {
            "messageLanguage": info.text("messageLanguage"),
            "customizedMessageBody": info.text("customizedMessageBody"),
            "ccRecipients": [
                {"emailAddress": {"name": one.text("name"), "address": one.text("address")}}
                for each in info.objects("ccRecipients", ("emailAddress",), limit=1)
                for one in (each.object("emailAddress", ("name", "address")),)
            ],
        },
        "invitedUser": {"id": found.guest_id},
    }
