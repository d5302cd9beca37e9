"""Drive a Graph-compatible guest API with the real Microsoft SDK (msgraph-sdk), client side only.

  pip install "msgraph-sdk==1.65.0" deprecated   # msgraph-core 1.5.2 imports deprecated but does not require it
  BASE_URL=http://127.0.0.1:8080 TOKEN_URL=http://127.0.0.1:8080/oauth2/v2.0/token \
  CLIENT_ID=... CLIENT_SECRET=... python graph_client_check.py

BASE_URL is the origin (with or without the trailing /v1.0). TOKEN_URL answers RFC 6749 client_credentials.
Optional: GROUP_ID, SP_ID, APP_ROLE_ID (otherwise a group is made, and the first servicePrincipal with an
enabled User app role is used, or one is made), GUEST_EMAIL, SPONSOR_ID, REDIRECT_URL, SCOPE, CA_BUNDLE, VERBOSE=1.
One 'PASS step' or 'FAIL step: why' line per step; closes with 'N passed, N failed'. Exit 1 if any failed.
The account behind CLIENT_ID needs what Graph would call User.Invite.All, User.ReadWrite.All, Group.ReadWrite.All,
Application.ReadWrite.All and AppRoleAssignment.ReadWrite.All.
"""

import asyncio
import datetime as dt
import os
import sys
import time
import traceback
import uuid
from typing import Any

import httpx
from azure.core.credentials import AccessToken
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.app_role import AppRole
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.group import Group
from msgraph.generated.models.invitation import Invitation
from msgraph.generated.models.invited_user_message_info import InvitedUserMessageInfo
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.user import User
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

E = os.environ
BASE = E["BASE_URL"].rstrip("/")
BASE = BASE if BASE.endswith("/v1.0") else BASE + "/v1.0"
VERIFY = E.get("CA_BUNDLE") or True
STAMP = uuid.uuid4().hex[:8]
EMAIL = E.get("GUEST_EMAIL", f"ada.{STAMP}@partner.example")
REDIRECT = E.get("REDIRECT_URL", "https://app.host.example/")


class ClientCredentials:
    """azure-core TokenCredential over any http(s) token endpoint (azure-identity itself insists on https)."""

    def __init__(self):
        self.cached = None

    def get_token(self, *scopes, **_):
        if self.cached is None or self.cached.expires_on - time.time() < 60:
            r = httpx.post(
                E["TOKEN_URL"],
                verify=VERIFY,
                data={
                    "grant_type": "client_credentials",
                    "client_id": E["CLIENT_ID"],
                    "client_secret": E["CLIENT_SECRET"],
                    "scope": E.get("SCOPE") or " ".join(scopes),
                },
            )
            r.raise_for_status()
            j = r.json()
            assert j["token_type"].lower() == "bearer", j
            self.cached = AccessToken(j["access_token"], int(time.time()) + int(j.get("expires_in", 300)))
        return self.cached


def make_client():
    auth = AzureIdentityAuthenticationProvider(ClientCredentials())
    http = None
    if VERIFY is not True:
        http = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(verify=VERIFY, timeout=30))
    adapter = GraphRequestAdapter(auth, http)
    adapter.base_url = BASE  # before GraphServiceClient is built: it copies this into its URL templates
    return adapter, GraphServiceClient(request_adapter=adapter)


def ref(path):
    return ReferenceCreate(odata_id=f"{BASE}/{path}")


def select(*names):
    return RequestConfiguration(
        query_parameters=UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=list(names))
    )


async def expect_error(call, status, *codes):
    try:
        got = await call
    except ODataError as e:
        refused = e
    except APIError as e:
        raise AssertionError(f"error body is not an OData error: {e}") from e
    else:
        raise AssertionError(f"expected {status}, call succeeded with {got!r}")
    assert refused.response_status_code == status, f"status {refused.response_status_code}, wanted {status}"
    assert refused.error, "no error in the body"
    assert refused.error.message, "no error.message in the body"
    assert not codes or refused.error.code in codes, f"error.code {refused.error.code!r}, wanted one of {codes}"
    return refused


ctx: dict[str, Any] = {}
results: list[bool] = []
adapter, c = make_client()


async def token():
    t = adapter._authentication_provider.access_token_provider
    got = await t.get_authorization_token(BASE + "/users")
    assert got
    assert len(got) >= 16
    return f"{len(got)} characters"


async def unauthorised():
    async with httpx.AsyncClient(verify=VERIFY) as h:
        r = await h.get(BASE + "/users", headers={"Authorization": "Bearer not-a-token"})
    assert r.status_code == 401, r.status_code
    assert r.json()["error"]["code"] == "InvalidAuthenticationToken", r.text
    return r.headers.get("WWW-Authenticate", "(no WWW-Authenticate)")[:60]


async def invite():
    r = await c.invitations.post(
        Invitation(
            invited_user_email_address=EMAIL,
            invited_user_display_name="Ada Partner",
            invite_redirect_url=REDIRECT,
            send_invitation_message=True,
            invited_user_message_info=InvitedUserMessageInfo(
                customized_message_body="Welcome to the joint project.",
                message_language="en-US",
                cc_recipients=[Recipient(email_address=EmailAddress(name="Lead", address="lead@host.example"))],
            ),
        )
    )
    assert r.id, "id / inviteRedeemUrl"
    assert r.invite_redeem_url, "id / inviteRedeemUrl"
    assert r.invite_redeem_url.startswith("http"), "id / inviteRedeemUrl"
    assert r.status in ("PendingAcceptance", "Completed", "InProgress"), f"status {r.status!r}"
    assert r.invited_user, "invitedUser.id"
    assert r.invited_user.id, "invitedUser.id"
    assert r.invited_user_email_address == EMAIL
    assert r.invite_redirect_url == REDIRECT
    assert r.invited_user_type == "Guest"
    assert r.send_invitation_message is True
    assert r.reset_redemption in (False, None)
    ctx.update(uid=r.invited_user.id, inv=r)
    return r.status


async def invite_again():
    r = await c.invitations.post(Invitation(invited_user_email_address=EMAIL, invite_redirect_url=REDIRECT))
    assert r.invited_user.id == ctx["uid"], "a second invitation must return the same invitedUser.id"
    return "same invitedUser.id"


async def invite_bad():
    await expect_error(c.invitations.post(Invitation(invited_user_email_address=f"x.{STAMP}@partner.example")), 400)
    e = await expect_error(
        c.invitations.post(Invitation(invited_user_email_address="not an address", invite_redirect_url=REDIRECT)), 400
    )
    assert e.error.inner_error, "error.innerError.request-id"
    assert e.error.inner_error.request_id, "error.innerError.request-id"
    return e.error.code


async def get_guest():
    u = await c.users.by_user_id(ctx["uid"]).get(
        select(
            "id",
            "mail",
            "displayName",
            "userPrincipalName",
            "userType",
            "externalUserState",
            "externalUserStateChangeDateTime",
            "creationType",
            "createdDateTime",
            "accountEnabled",
            "identities",
        )
    )
    assert (u.user_type, u.creation_type, u.mail) == ("Guest", "Invitation", EMAIL), (u.user_type, u.creation_type, u.mail)
    assert u.external_user_state == "PendingAcceptance", u.external_user_state
    assert isinstance(u.external_user_state_change_date_time, dt.datetime)
    assert "#EXT#@" in u.user_principal_name, u.user_principal_name
    return u.user_principal_name


async def list_guests():
    for i in range(3):
        await c.invitations.post(
            Invitation(invited_user_email_address=f"extra{i}.{STAMP}@partner.example", invite_redirect_url=REDIRECT)
        )
    q = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        filter="userType eq 'Guest'", select=["id", "mail", "externalUserState"], top=2, count=True
    )
    cfg = RequestConfiguration(query_parameters=q)
    cfg.headers.add("ConsistencyLevel", "eventual")
    page = await c.users.get(request_configuration=cfg)
    assert len(page.value) == 2, "page of 2 with @odata.nextLink"
    assert page.odata_next_link, "page of 2 with @odata.nextLink"
    assert page.odata_next_link.startswith(BASE), "nextLink must be absolute, same origin"
    assert page.odata_count, f"@odata.count {page.odata_count}"
    assert page.odata_count >= 4, f"@odata.count {page.odata_count}"
    mails = []

    def seen(user):
        mails.append(user.mail)
        return True

    await PageIterator(page, adapter).iterate(seen)
    assert EMAIL in mails, (len(mails), page.odata_count)
    assert len(mails) == len(set(mails)) == page.odata_count, (len(mails), page.odata_count)
    return f"{len(mails)} guests over pages of 2"


async def filters():
    async def run(f, **kw):
        cfg = RequestConfiguration(query_parameters=UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(filter=f, **kw))
        if kw:
            cfg.headers.add("ConsistencyLevel", "eventual")
        return [u.mail for u in (await c.users.get(request_configuration=cfg)).value]

    assert await run(f"mail eq '{EMAIL}'") == [EMAIL]
    assert EMAIL in await run("externalUserState eq 'PendingAcceptance' and userType eq 'Guest'")
    assert await run(f"startswith(mail,'ada.{STAMP}')") == [EMAIL]
    assert await run(f"endswith(mail,'{STAMP}@partner.example')", count=True)
    await expect_error(run("nonsense eq 'x'"), 400)
    return "eq, and, startswith, endswith+count, bad filter 400"


async def patch_guest():
    await c.users.by_user_id(ctx["uid"]).patch(
        User(display_name="Ada P. Partner", company_name="Partner BV", department="Joint project", account_enabled=True)
    )
    u = await c.users.by_user_id(ctx["uid"]).get(select("displayName", "companyName", "department", "accountEnabled"))
    assert (u.display_name, u.company_name, u.department) == ("Ada P. Partner", "Partner BV", "Joint project")
    return "204, read back"


async def sponsors():
    sid = E.get("SPONSOR_ID")
    if not sid:
        g = await c.groups.post(
            Group(display_name=f"sponsors-{STAMP}", mail_enabled=False, security_enabled=True, mail_nickname=f"sponsors-{STAMP}")
        )
        sid, path = g.id, f"groups/{g.id}"
    else:
        path = f"users/{sid}"
    b = c.users.by_user_id(ctx["uid"]).sponsors
    await b.ref.post(ref(path))
    assert sid in [o.id for o in (await b.get()).value]
    await b.by_directory_object_id(sid).ref.delete()
    assert sid not in [o.id for o in (await b.get()).value]
    return "post $ref, list, delete $ref"


async def make_group():
    if E.get("GROUP_ID"):
        ctx["gid"] = E["GROUP_ID"]
        return "given"
    g = await c.groups.post(
        Group(
            display_name=f"project-{STAMP}",
            mail_enabled=False,
            security_enabled=True,
            mail_nickname=f"project-{STAMP}",
            group_types=[],
        )
    )
    assert g.id
    assert g.display_name
    ctx["gid"] = g.id
    return g.id


async def add_to_group():
    g = c.groups.by_group_id(ctx["gid"])
    await g.members.ref.post(ref(f"directoryObjects/{ctx['uid']}"))
    got = (await g.members.get()).value
    mine = [o for o in got if o.id == ctx["uid"]]
    assert mine, "guest not in members"
    assert isinstance(mine[0], User), 'member lacks "@odata.type": "#microsoft.graph.user"'
    await expect_error(g.members.ref.post(ref(f"directoryObjects/{ctx['uid']}")), 400, "Request_BadRequest")
    await expect_error(g.members.ref.post(ref(f"directoryObjects/{uuid.uuid4()}")), 404, "Request_ResourceNotFound")
    assert ctx["gid"] in [o.id for o in (await c.users.by_user_id(ctx["uid"]).member_of.get()).value]
    return "204, repeat 400, unknown 404, memberOf"


async def find_app():
    if E.get("SP_ID"):
        ctx.update(sp=E["SP_ID"], role=E.get("APP_ROLE_ID", str(uuid.UUID(int=0))))
        return "given"
    for sp in (await c.service_principals.get()).value:
        for r in sp.app_roles or []:
            if r.is_enabled and "User" in (r.allowed_member_types or []):
                ctx.update(sp=sp.id, role=str(r.id))
                return sp.display_name
    app = await c.applications.post(
        Application(
            display_name=f"app-{STAMP}",
            app_roles=[
                AppRole(
                    id=uuid.uuid4(),
                    display_name="Reader",
                    description="Read",
                    value="Reader",
                    is_enabled=True,
                    allowed_member_types=["User"],
                )
            ],
        )
    )
    sp = await c.service_principals.post(ServicePrincipal(app_id=app.app_id))
    ctx.update(sp=sp.id, role=str(sp.app_roles[0].id))
    return "made one"


async def assign_role():
    b = c.service_principals.by_service_principal_id(ctx["sp"]).app_role_assigned_to

    def body():
        return AppRoleAssignment(
            principal_id=uuid.UUID(ctx["uid"]), resource_id=uuid.UUID(ctx["sp"]), app_role_id=uuid.UUID(ctx["role"])
        )

    r = await b.post(body())
    assert r.id, (r.principal_id, r.principal_type)
    assert str(r.principal_id) == ctx["uid"], (r.principal_id, r.principal_type)
    assert r.principal_type == "User", (r.principal_id, r.principal_type)
    assert isinstance(r.created_date_time, dt.datetime)
    assert r.resource_display_name
    ctx["assignment"] = r.id
    assert r.id in [a.id for a in (await b.get()).value]
    assert r.id in [a.id for a in (await c.users.by_user_id(ctx["uid"]).app_role_assignments.get()).value]
    await expect_error(b.post(body()), 400, "Request_BadRequest")
    return "201, listed on both sides, repeat 400"


async def batch():
    content = BatchRequestContent()
    for i, info in enumerate(
        (
            c.users.by_user_id(ctx["uid"]).to_get_request_information(),
            c.users.by_user_id(str(uuid.uuid4())).to_get_request_information(),
        )
    ):
        content.add_request(str(i), BatchRequestItem(request_information=info, id=str(i)))
    out = await c.batch.post(content)
    codes = out.get_response_status_codes()
    assert {str(k): int(v) for k, v in codes.items()} == {"0": 200, "1": 404}, codes
    return str(codes)


async def reset_redemption():
    new = f"ada2.{STAMP}@newpartner.example"
    r = await c.invitations.post(
        Invitation(
            invited_user_email_address=new, invite_redirect_url=REDIRECT, invited_user=User(id=ctx["uid"]), reset_redemption=True
        )
    )
    assert r.invited_user.id == ctx["uid"]
    assert r.reset_redemption is True
    assert ctx["gid"] in [o.id for o in (await c.users.by_user_id(ctx["uid"]).member_of.get()).value], "membership lost"
    return "same user, membership kept"


async def take_away():
    await (
        c.service_principals.by_service_principal_id(ctx["sp"])
        .app_role_assigned_to.by_app_role_assignment_id(ctx["assignment"])
        .delete()
    )
    await c.groups.by_group_id(ctx["gid"]).members.by_directory_object_id(ctx["uid"]).ref.delete()
    assert ctx["uid"] not in [o.id for o in (await c.groups.by_group_id(ctx["gid"]).members.get()).value]
    return "204 twice"


async def delete_guest():
    await c.users.by_user_id(ctx["uid"]).delete()
    e = await expect_error(c.users.by_user_id(ctx["uid"]).get(), 404, "Request_ResourceNotFound")
    await expect_error(c.users.by_user_id(ctx["uid"]).delete(), 404)
    return e.error.code


STEPS = [
    token,
    unauthorised,
    invite,
    invite_again,
    invite_bad,
    get_guest,
    list_guests,
    filters,
    patch_guest,
    sponsors,
    make_group,
    add_to_group,
    find_app,
    assign_role,
    batch,
    reset_redemption,
    take_away,
    delete_guest,
]


async def main():
    for step in STEPS:
        try:
            note = await asyncio.wait_for(step(), 60)
            results.append(True)
            print(f"PASS {step.__name__}: {note}", flush=True)
        except Exception as e:  # noqa: BLE001 - each step is judged on its own
            results.append(False)
            why = (
                f"{e.response_status_code} {getattr(e.error, 'code', '')} {getattr(e.error, 'message', '')}"
                if isinstance(e, ODataError)
                else f"{type(e).__name__}: {e}"
            )
            print(f"FAIL {step.__name__}: {why[:400]}", flush=True)
            if E.get("VERBOSE"):
                traceback.print_exc()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
