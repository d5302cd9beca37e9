"""`POST /invitations`: invites a guest, once more or for the first time, or resets how a guest signs in (graph invitation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response

from broker.services.authorization import Right
from broker.services.invitations.invitations import InvitationRequest, IssuedInvitation
from broker.services.invitations.rebinding import RebindingTerms
from broker.services.invitations.request import MAX_MESSAGE, MAX_NAME
from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import Operation, gives_one
from broker.web.graph.shapes import Flag, Many, Record, String
from broker.web.graph.shapes.people import INVITATION
from broker.web.graph.shapes.values import filled

if TYPE_CHECKING:
    from broker.app import Broker

_MAX_ADDRESS, _MAX_URL = 320, 2048
_RECIPIENT = Record(
    properties={
        "emailAddress": Record(properties={"name": String(), "address": filled(limit=_MAX_ADDRESS)}, required=("address",))
    }
)
_NEW = Record(
    name="newInvitation",
    properties={
        "invitedUserEmailAddress": filled(limit=_MAX_ADDRESS, form="email"),
        "inviteRedirectUrl": filled(limit=_MAX_URL, form="uri", about="An address of an application, or of a permitted origin."),
        "invitedUserDisplayName": String(limit=MAX_NAME),
        "invitedUserType": String(values=("Guest",), because="members come from their home organization"),
        "sendInvitationMessage": Flag(about="false, if left out."),
        "invitedUserMessageInfo": Record(
            properties={
                "customizedMessageBody": String(limit=MAX_MESSAGE),
                "messageLanguage": String(limit=16, about="As in en-US. Ignored with a customizedMessageBody."),
                "ccRecipients": Many(item=_RECIPIENT, limit=1),
            }
        ),
        "invitedUserSponsors": Many(item=Record(properties={"id": filled(form="uuid")}, required=("id",)), limit=1),
        "resetRedemption": Flag(about="Ends how the guest in invitedUser signs in. Needs User.ReadWrite.All."),
        "invitedUser": Record(properties={"id": filled(form="uuid")}, required=("id",), about="For resetRedemption only."),
    },
    required=("invitedUserEmailAddress", "inviteRedirectUrl"),
)
_REFUSED = frozenset("~!#$%^&*()+=[]{}\\/|;:'\"<>?, ")  # graph invitation: characters that an invited address cannot have


def register(door: ApiDoor, broker: Broker) -> None:
    """The one path of invitations: Graph has no list of them."""

    @door.opens(
        "POST",
        "/invitations",
        Operation(
            summary="Invite a guest, or reset how a guest signs in",
            rights=(Right.INVITE,),
            body=_NEW,
            gives=gives_one(INVITATION, status=201),
            refusals=(404, 412),
        ),
    )
    def invite(caller: Caller) -> Response:
        body = caller.body()
        email = _address(body)
        landing = body.required("inviteRedirectUrl")
        mail, info = body.flag("sendInvitationMessage"), _message(body)
        if body.flag("resetRedemption"):
            guest = body.object("invitedUser").required("id")
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
                name=body.text("invitedUserDisplayName") or "",
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
    email = body.required("invitedUserEmailAddress")
    if _REFUSED & set(email) or email[0] in ".-" or email[-1] in ".-":
        raise body.wrong("invitedUserEmailAddress", "is not an address that can be invited")
    return email


def _message(body: Properties) -> _Message:
    info = body.object("invitedUserMessageInfo")
    text = info.text("customizedMessageBody") or ""
    copies = info.objects("ccRecipients")
    copy_to = copies[0].object("emailAddress").required("address") if copies else None
    # graph invitedUserMessageInfo: a text of one's own is in its own language, so the language is ignored
    return _Message(text, "" if text else info.text("messageLanguage") or "", copy_to)


def _language(broker: Broker, info: _Message) -> str | None:
    """The part before the region, if our pages have it; else the broker's first language."""
    wanted = info.language.partition("-")[0].lower()
    return wanted if wanted in broker.core.settings().broker.languages else None


def _sponsor(broker: Broker, caller: Caller, body: Properties) -> str | None:
    """A guest has one sponsor here."""
    sponsors = body.objects("invitedUserSponsors")
    return broker.guests.sponsors.named_by(caller.actor, sponsors[0].required("id")) if sponsors else None


def _shown(body: Properties, issued: IssuedInvitation) -> dict[str, object]:
    """The invitation as it is now, with what the client said of its e-mail."""
    found = issued.invitation
    info = body.object("invitedUserMessageInfo")
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
                for each in info.objects("ccRecipients")
                for one in (each.object("emailAddress"),)
            ],
        },
        "invitedUser": {"id": found.guest_id},
    }
