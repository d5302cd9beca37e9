"""An application that asks for a person who signed in: it may what its token, its file and that person may, and no more (AD-04)."""

from __future__ import annotations

from broker.domain.ids import digest, new_id, new_secret
from broker.storage.directory import assignments, consents
from broker.storage.oauth import grants, sessions, tokens
from tests import factories
from tests.journeys.world import ACTOR
from tests.web.graph.api import ALL, HOSTS, ISSUER, Api, error_of

DENIED, GONE, NO_TOKEN = (
    (403, "Authorization_RequestDenied"),
    (404, "Request_ResourceNotFound"),
    (401, "InvalidAuthenticationToken"),
)
PORTAL = "portal"
EVERY = (
    "User.Read", "User.ReadWrite", "User.Invite.All", "User.Read.All", "User.ReadWrite.All", "Group.ReadWrite.All",
    "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Policy.Read.All", "AuditLog.Read.All",
)  # fmt: skip


def portal_file(*permissions: str) -> str:
    return (
        "name: Our portal\nclient_secret: ${env:SECRET}\nredirect_uris: [https://portal.contoso.example/callback]\n"
        f"scopes: [openid]\ndelegated_permissions: [{', '.join(permissions)}]\n"
    )


def signed_in(
    api: Api, person: str, *permissions: str, at: str = "fabrikam", audience: tuple[str, ...] = (), **bound: str
) -> str:
    """The name of a token that the portal has for a person, with these permissions among its scopes."""
    now, secret, name = api.clock(), new_secret(), new_id()
    scopes = ("openid", *(f"{ISSUER}/{one}" for one in permissions))
    with api.broker.core.db.write() as tx:
        session = factories.session(
            person,
            sid=new_id(),
            partner=at,
            issuer=HOSTS[at],
            auth_time=now,
            created_at=now,
            last_seen_at=now,
            expires_at=now + 3600,
        )
        sessions.add(tx, session, digest(new_secret()))
        grant = factories.grant(
            person, sid=session.sid, client_id=PORTAL, idp=at, scopes=scopes, created_at=now, proof={"issuer": HOSTS[at]}
        )
        consents.record(tx, person, PORTAL, scopes, now)
        grants.add(tx, grant)
        tokens.add_access(tx, secret, grant.id, scopes, now=now, expires_at=now + 600, audience=audience, **bound)
    api.tokens[name] = secret
    return name


def test_a_guest_reads_themselves_alone(both: Api) -> None:
    """`/me` and what hangs off it; every other path is for staff, whatever the token names."""
    both.write(f"applications/{PORTAL}.yaml", portal_file(*EVERY))
    ada, eve = both.guest("ada"), both.guest("eve")
    group = both.post("/groups", {"displayName": "Finance", "mailEnabled": False}).get_json()["id"]
    both.post(f"/groups/{group}/members/$ref", {"@odata.id": f"/v1.0/users/{ada}"})
    with both.broker.core.db.write() as tx:
        assignments.put(tx, factories.assignment(holder=ada, application="payroll"))
    token = signed_in(both, ada, *EVERY)
    assert both.get("/me?$select=id,mail,userType", by=token).get_json() | {"@odata.context": ""} == {
        "@odata.context": "", "id": ada, "mail": "ada@fabrikam.example", "userType": "Guest",
    }  # fmt: skip
    assert [row["id"] for row in both.get("/me/memberOf", by=token).get_json()["value"]] == [group]
    (held,) = both.get("/me/appRoleAssignments", by=token).get_json()["value"]
    assert (held["principalId"], held["resourceDisplayName"]) == (ada, "Payroll")
    reads = [
        "/users", f"/users/{ada}", f"/users/{eve}", "/groups", f"/groups/{group}/members", "/applications", "/servicePrincipals",
        "/users/delta", "/auditLogs/signIns", "/auditLogs/directoryAudits", "/identity/conditionalAccess/policies",
    ]  # fmt: skip
    for path in (*reads, f"/directoryObjects/{eve}"):
        assert error_of(both.get(path, by=token)) == DENIED, path
    body = {"invitedUserEmailAddress": "new@fabrikam.example", "inviteRedirectUrl": f"{ISSUER}/apps"}
    for method, path, sent in (
        ("POST", "/invitations", body),
        ("PATCH", f"/users/{ada}", {"department": "x"}),
        ("DELETE", f"/users/{eve}", None),
        ("POST", "/groups", {"displayName": "Mine", "mailEnabled": False}),
        ("DELETE", f"/groups/{group}", None),
    ):
        assert error_of(both.ask(method, path, sent, by=token)) == DENIED, path


def test_the_end_of_their_own_sessions(both: Api) -> None:
    """`User.Read` reads, `User.ReadWrite` ends every session, and this token with them; the audit names the person."""
    both.write(f"applications/{PORTAL}.yaml", portal_file(*EVERY))
    ada = both.guest("ada")
    reader, writer = signed_in(both, ada, "User.Read"), signed_in(both, ada, "User.ReadWrite")
    assert error_of(both.post("/me/revokeSignInSessions", by=reader)) == DENIED
    assert both.post("/me/revokeSignInSessions", by=writer).get_json()["value"] is True
    for token in (reader, writer):
        assert error_of(both.get("/me", by=token)) == NO_TOKEN
    assert [(row["actor_kind"], row["actor_id"]) for row in both.audited("guest.signed_out")] == [("person", ada)]


def test_tokens_that_do_not_open_the_api(api: Api) -> None:
    """AD-04: without a scope of the API, for another resource, bound to a key, of a blocked person, or after the file took the permission back."""
    api.write(f"applications/{PORTAL}.yaml", portal_file(*EVERY))
    ada = api.guest("ada")
    good = signed_in(api, ada, "User.Read")
    assert error_of(api.get("/me", by=signed_in(api, ada))) == NO_TOKEN
    assert error_of(api.get("/me", by=signed_in(api, ada, "User.Read", audience=("https://api.contoso.example",)))) == NO_TOKEN
    assert error_of(api.get("/me", by=signed_in(api, ada, "User.Read", jkt="thumbprint"))) == NO_TOKEN  # RFC 9449 7.2
    assert error_of(api.get("/me", by=signed_in(api, ada, "User.Read", x5t="thumbprint"))) == NO_TOKEN  # RFC 8705 3
    assert error_of(api.get("/me", by=signed_in(api, ada, "Policy.Read.All"))) == DENIED
    both_resources = (ISSUER, "https://api.contoso.example")
    assert error_of(api.get("/me", by=signed_in(api, ada, "User.Read", audience=both_resources))) == NO_TOKEN
    assert api.get("/me", by=good).status_code == 200
    assert api.get("/me", by=signed_in(api, ada, "User.Read", audience=(ISSUER,))).status_code == 200  # a JWT's default audience
    api.ask("PATCH", f"/users/{ada}", {"accountEnabled": False})
    assert error_of(api.get("/me", by=good)) == NO_TOKEN
    eve = api.guest("eve")
    good = signed_in(api, eve, "User.Read")
    api.write(f"applications/{PORTAL}.yaml", portal_file("User.Read.All"))
    assert error_of(api.get("/me", by=good)) == NO_TOKEN
    assert error_of(api.get("/me")) == (400, "BadRequest")  # a program is nobody


def test_an_administrator_is_limited_by_the_token(both: Api) -> None:
    """The portal's rights, where the token has the permission; reading does not write."""
    both.write(f"applications/{PORTAL}.yaml", portal_file(*EVERY))
    both.write("broker.yaml", (both.home / "config" / "broker.yaml").read_text() + "administrators: [alice@contoso.example]\n")
    alice, ada = both.member("alice", email_verified=True), both.guest("ada")
    reader = signed_in(both, alice, "User.Read.All", at="staff")
    assert {row["id"] for row in both.get("/users", by=reader).get_json()["value"]} == {alice, ada}
    assert error_of(both.ask("PATCH", f"/users/{ada}", {"department": "x"}, by=reader)) == DENIED
    assert error_of(both.get("/groups", by=reader)) == DENIED
    assert error_of(both.post("/groups", {"displayName": "Mine", "mailEnabled": False}, by=reader)) == DENIED
    writer = signed_in(both, alice, "User.ReadWrite.All", "Group.ReadWrite.All", at="staff")
    assert both.ask("PATCH", f"/users/{ada}", {"department": "x"}, by=writer).status_code == 204
    assert both.post("/groups", {"displayName": "Mine", "mailEnabled": False}, by=writer).status_code == 201
    assert both.audited("guest.changed")[0]["actor_id"] == alice
    link = both.get("/users?$top=1", by=writer).get_json()["@odata.nextLink"].removeprefix(f"{ISSUER}/v1.0")
    assert both.get(link, by=writer).status_code == 200
    assert error_of(both.get(link, by=ALL))[0] == 400  # AD-07: the page token belongs to the person at the application


def test_an_owner_has_what_they_own(both: Api) -> None:
    """Guests of their application and groups, their own groups and applications; everything else does not exist (AD-01)."""
    both.write(f"applications/{PORTAL}.yaml", portal_file(*EVERY))
    both.write("applications/payroll.yaml", "name: Payroll\nclient_secret: ${env:SECRET}\nowners: [bob@contoso.example]\n")
    bob, mine, theirs, other = both.member("bob", email_verified=True), both.guest("ada"), both.guest("ed"), both.guest("eve")
    own = both.post("/groups", {"displayName": "Own", "mailEnabled": False, "owners@odata.bind": [f"/v1.0/users/{bob}"]})
    foreign = both.post("/groups", {"displayName": "Foreign", "mailEnabled": False}).get_json()["id"]
    group = own.get_json()["id"]
    with both.broker.core.db.write() as tx:
        assignments.put(tx, factories.assignment(holder=mine, application="payroll"))
    both.broker.access.groups.add_members(ACTOR, group, [theirs])
    both.broker.access.groups.add_members(ACTOR, foreign, [mine, other])
    token = signed_in(both, bob, *EVERY, at="staff")
    head = {"ConsistencyLevel": "eventual"}
    page = both.get("/users?$count=true", by=token, headers=head).get_json()
    assert ({row["id"] for row in page["value"]}, page["@odata.count"]) == ({mine, theirs}, 2)
    assert both.get(f"/users/{mine}", by=token).status_code == 200
    for path in (f"/users/{other}", f"/users/{other}/memberOf", f"/users/{other}/appRoleAssignments", f"/groups/{foreign}"):
        assert error_of(both.get(path, by=token)) == GONE, path
    assert both.get(f"/users/{mine}/memberOf", by=token).get_json()["value"] == []  # the foreign group is not said
    page = both.get("/groups?$count=true", by=token, headers=head).get_json()
    assert ([row["id"] for row in page["value"]], page["@odata.count"]) == ([group], 1)
    assert [row["appId"] for row in both.get("/servicePrincipals", by=token).get_json()["value"]] == ["payroll"]
    for path in ("/users/delta", "/groups/delta", "/directory/deletedItems/microsoft.graph.user"):
        assert error_of(both.get(path, by=token)) == DENIED, path
    ref = {"@odata.id": f"/v1.0/users/{mine}"}
    assert both.post(f"/groups/{group}/members/$ref", ref, by=token).status_code == 204
    assert error_of(both.post(f"/groups/{foreign}/members/$ref", ref, by=token)) == GONE
    assert error_of(both.ask("PATCH", f"/users/{mine}", {"department": "x"}, by=token)) == DENIED
    assert error_of(both.ask("DELETE", f"/groups/{group}", by=token)) == DENIED


def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(both: Api) -> None:
    """TK-16, HP-59, RFC 9449 7.2: this API takes bearer tokens; one that is bound opens nothing, by either scheme."""
    both.write(f"applications/{PORTAL}.yaml", portal_file("User.Read"))
    ada = both.guest("ada")
    bound = signed_in(both, ada, "User.Read", jkt="A" * 43)
    assert error_of(both.get("/me", by=bound)) == NO_TOKEN
    answer = both.client.get("/v1.0/me", base_url=ISSUER, headers={"Authorization": f"DPoP {both.tokens[bound]}"})
    assert error_of(answer) == NO_TOKEN
    assert both.get("/me", by=signed_in(both, ada, "User.Read")).status_code == 200
