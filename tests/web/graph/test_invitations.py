"""`POST /invitations`: one guest an address, the same rules as everywhere, and no property that is not documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.domain.guest import GuestState
from broker.services.lookup import named
from broker.storage.directory import people
from tests.clock import Clock
from tests.journeys.counting import statements
from tests.race import race
from tests.web.graph.api import ALL, Api, error_of, open_api

ADA = "ada@fabrikam.example"
LANDING = "http://127.0.0.5:1/home"  # inside Payroll's launch_url
WISH = {"invitedUserEmailAddress": ADA, "inviteRedirectUrl": LANDING}


def wish(**more: Any) -> dict[str, Any]:
    """A valid request, with changes; None leaves a property out."""
    return {name: value for name, value in {**WISH, **more}.items() if value is not None}


def invite(api: Api, **more: Any) -> dict[str, Any]:
    """An invitation that succeeds."""
    answer = api.post("/invitations", wish(**more))
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def test_an_invitation_makes_one_guest(both: Api) -> None:
    """Graph invitation: every property, the mail in the outbox, the application of the address, the program in the audit."""
    alice = both.member("alice")
    info = {
        "customizedMessageBody": "Welcome to the joint project.",
        "messageLanguage": "nl-NL",
        "ccRecipients": [{"emailAddress": {"name": "Lead", "address": "lead@contoso.example"}}],
    }
    made = invite(
        both, invitedUserDisplayName="Ada Fabrik", sendInvitationMessage=True, invitedUserMessageInfo=info,
        invitedUserSponsors=[{"@odata.type": "#microsoft.graph.user", "id": alice}],
    )  # fmt: skip
    assert made["@odata.context"] == "http://localhost/v1.0/$metadata#invitations/$entity"
    assert made["inviteRedeemUrl"].startswith("http://localhost/invitation/")
    assert made["invitedUserMessageInfo"] == info
    shown = {"status": "PendingAcceptance", "invitedUserType": "Guest", "invitedUserEmailAddress": ADA, "resetRedemption": False}
    assert made | shown == made
    with both.broker.core.db.read() as tx:
        guest = named(tx, ADA)
    assert (guest.id, guest.state, guest.sponsor, guest.name) == (
        made["invitedUser"]["id"], GuestState.INVITED, "alice@contoso.example", "Ada Fabrik",
    )  # fmt: skip
    (row,) = both.audited("invitation.created")
    assert (row["actor_kind"], row["actor_id"], row["data"]["application"]) == ("application", ALL, "payroll")
    again = invite(both)
    assert again["invitedUser"] == made["invitedUser"]
    assert (again["id"], again["inviteRedeemUrl"]) != (made["id"], made["inviteRedeemUrl"])
    with statements(both.broker.core.db) as ran:
        invite(both, invitedUserEmailAddress="eve@fabrikam.example", sendInvitationMessage=True)
    assert len(ran) <= 8, ran


def test_properties(api: Api) -> None:
    """AD-02: unknown and read-only properties, wrong types and addresses that Graph refuses are 400, and name the property."""
    wrong: dict[str, dict[str, Any]] = {
        "invitedUserEmailAddress": {"invitedUserEmailAddress": None},
        "inviteRedirectUrl": {"inviteRedirectUrl": None},
        "status": {"status": "Completed"},
        "inviteRedeemUrl": {"inviteRedeemUrl": "https://x.example"},
        "id": {"id": "1"},
        "sendInvitationMessage": {"sendInvitationMessage": "yes"},
        "invitedUserDisplayName": {"invitedUserDisplayName": 7},
        "invitedUserType": {"invitedUserType": "Member"},
        "invitedUserMessageInfo": {"invitedUserMessageInfo": []},
        "invitedUserMessageInfo/roles": {"invitedUserMessageInfo": {"roles": []}},
        "invitedUserMessageInfo/ccRecipients": {"invitedUserMessageInfo": {"ccRecipients": [{}, {}]}},
        "invitedUser": {"invitedUser": {"id": "x"}},
        "invitedUser/userType": {"resetRedemption": True, "invitedUser": {"id": "x", "userType": "Member"}},
        "invitedUser/id": {"resetRedemption": True},
        "invitedUserSponsors": {"invitedUserSponsors": [{"id": "a"}, {"id": "b"}]},
        "?": {"a\nb": 1},
    }
    for target, change in wrong.items():
        answer = api.post("/invitations", wish(**change))
        assert error_of(answer) == (400, "Request_BadRequest"), target
        assert answer.get_json()["error"]["target"] == target
    for address in ("a+b@fabrikam.example", "not an address", ".a@fabrikam.example", "a@fabrikam.example-", "a,b@c.example", "x"):
        assert error_of(api.post("/invitations", wish(invitedUserEmailAddress=address)))[0] == 400, address
    assert api.audited("invitation.created") == []


def test_bodies(api: Api) -> None:
    """RX-04: one JSON object in UTF-8 with unique names; a form, a list, a second name or too much depth never reaches a handler."""
    head = {"Content-Type": "application/json"}
    for data, mime, status in (
        (b"", head, 400),
        (b"[]", head, 400),
        (b"{", head, 400),
        (b'{"a":1,"a":2}', head, 400),
        (b'{"a":"\xff"}', head, 400),
        (b'{"a":NaN}', head, 400),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", head, 400),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "application/json; charset=utf-16"}, 415),
        (b"{}", {**head, "Content-Encoding": "gzip"}, 415),
        (b" " * 70_000, head, 413),
    ):
        assert error_of(api.ask("POST", "/invitations", data=data, headers=mime))[0] == status, data[:20]


def test_where_an_invitation_may_lead(api: Api) -> None:
    """FA-17: an application's own addresses, our pages, and the administrators' list; nothing else, however it is written."""
    for url in (
        "https://evil.example/",
        "javascript:alert(1)",
        "http://127.0.0.5:1@evil.example/",
        "http://127.0.0.5:2/home",
        "//x",
    ):
        assert error_of(api.post("/invitations", wish(inviteRedirectUrl=url))) == (400, "Request_BadRequest"), url
    text = (api.home / "config" / "broker.yaml").read_text("utf-8")
    api.write("broker.yaml", f"{text}invitations: {{redirect_origins: ['https://intranet.contoso.example']}}\n")
    invite(api, inviteRedirectUrl="https://intranet.contoso.example/welcome")
    assert api.audited("invitation.created")[0]["data"]["application"] == ""


def test_who_cannot_be_invited(api: Api) -> None:
    """Members, blocked guests and denied domains; a program without the permission; too many invitations a day (IN-15)."""
    api.member("alice")
    assert error_of(api.post("/invitations", wish(invitedUserEmailAddress="alice@contoso.example"))) == (
        400,
        "Request_BadRequest",
    )
    guest = api.guest("bo", state=GuestState.BLOCKED)
    blocked = api.post("/invitations", wish(invitedUserEmailAddress="bo@fabrikam.example"))
    assert error_of(blocked) == (412, "PreconditionFailed")
    reset = wish(resetRedemption=True, invitedUser={"id": guest}, invitedUserEmailAddress="bo@fabrikam.example")
    assert error_of(api.post("/invitations", reset)) == (412, "PreconditionFailed")
    for program in ("user-read-all", "group-readwrite-all", "auditlog-read-all"):
        assert error_of(api.post("/invitations", WISH, by=program)) == (403, "Authorization_RequestDenied")
    assert api.post("/invitations", WISH, by="user-invite-all").status_code == 201
    sponsor = wish(invitedUserSponsors=[{"id": guest}])
    assert error_of(api.post("/invitations", sponsor))[0] == 400


def test_quota(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """IN-15: 429 with the time of the next day."""
    monkeypatch.setattr("broker.services.invitations.invitations.PROGRAM_QUOTA", 1)
    invite(api)
    answer = api.post("/invitations", WISH)
    assert error_of(answer) == (429, "TooManyRequests")
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400


def test_a_redemption_is_reset(both: Api) -> None:
    """Id, groups and assignments stay, the address moves, and the guest waits again; a right of its own is needed."""
    guest = both.guest("ada")
    new = {"resetRedemption": True, "invitedUser": {"id": guest}, "invitedUserEmailAddress": "ada@newco.example"}
    assert error_of(both.post("/invitations", wish(**new), by="user-invite-all")) == (403, "Authorization_RequestDenied")
    made = invite(both, **new)
    assert (made["invitedUser"], made["resetRedemption"], made["inviteRedirectUrl"]) == ({"id": guest}, True, LANDING)
    with both.broker.core.db.read() as tx:
        after = people.by_id(tx, guest)
    assert after is not None
    assert (after.email, after.state) == ("ada@newco.example", GuestState.INVITED)
    assert both.audited("guest.reset")[0]["actor_id"] == ALL
    unknown = wish(resetRedemption=True, invitedUser={"id": "00000000-0000-4000-8000-000000000000"})
    assert error_of(both.post("/invitations", unknown)) == (404, "Request_ResourceNotFound")
    member = wish(resetRedemption=True, invitedUser={"id": both.member("alice")})
    assert error_of(both.post("/invitations", member)) == (400, "Request_BadRequest")


def test_invitations_at_the_same_time_make_one_guest(tmp_path: Path, postgresql_url: str, clock: Clock) -> None:
    """One address, many requests on PostgreSQL: each is answered, and there is one guest."""
    with open_api(tmp_path, postgresql_url, clock) as api:
        api.bearer()
        answers = race(lambda _: api.post("/invitations", WISH), 8)
        assert {one.status_code for one in answers} == {201}
        assert len({one.get_json()["invitedUser"]["id"] for one in answers}) == 1
