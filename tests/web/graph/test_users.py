"""`/users`: guests and members are read alike, guests are changed, and each permission does what it says and no more."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from broker.domain.factor import Method
from broker.domain.guest import GuestState
from broker.domain.ids import digest, new_secret
from broker.storage.directory import people
from broker.storage.factors import factors
from broker.storage.oauth import sessions
from tests import factories
from tests.journeys.counting import statements
from tests.journeys.world import ACTOR
from tests.web.graph.api import ALL, Api, error_of, program_of

READ, WRITE = "User.Read.All", "User.ReadWrite.All"
NOBODY = "00000000-0000-4000-8000-000000000000"
DENIED, GONE = (403, "Authorization_RequestDenied"), (404, "Request_ResourceNotFound")


def everything(api: Api, user: str) -> dict[str, Any]:
    """The properties that a default answer leaves out, too."""
    names = (
        "id,displayName,givenName,surname,mail,userPrincipalName,userType,creationType,accountEnabled,externalUserState,"
        "externalUserStateChangeDateTime,identities,companyName,department,jobTitle,businessPhones,preferredLanguage,createdDateTime"
    )
    answer = api.get(f"/users/{user}?$select={names}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_one_user(both: Api) -> None:
    """Guests and members, by id and by userPrincipalName; the default properties, and all else by $select."""
    guest, member = both.guest("ada"), both.member("alice")
    with both.broker.core.db.write() as tx:
        people.bind(tx, factories.identity(guest, issuer="https://idp.fabrikam.example", subject="secret-subject"))
    answer = both.get(f"/users/{guest}")
    assert answer.get_json()["@odata.context"] == "http://localhost/v1.0/$metadata#users/$entity"
    assert "userType" not in answer.get_json()
    assert "secret-subject" not in answer.text
    shown = everything(both, guest)
    told = {
        "id": guest, "displayName": "Ada Fabrik", "mail": "ada@fabrikam.example", "userType": "Guest", "creationType": "Invitation",
        "userPrincipalName": "ada_fabrikam.example#EXT#@localhost", "externalUserState": "Accepted", "accountEnabled": True,
        "identities": [{"signInType": "federated", "issuer": "https://idp.fabrikam.example", "issuerAssignedId": None}],
    }  # fmt: skip
    assert shown | told == shown
    assert everything(both, quote(shown["userPrincipalName"])) == shown
    staff = everything(both, "alice@contoso.example")
    assert (staff["id"], staff["userType"], staff["creationType"], staff["externalUserState"]) == (member, "Member", None, None)
    waiting = everything(both, both.guest("eve", state=GuestState.INVITED, redeemed_at=None))
    assert (waiting["externalUserState"], waiting["identities"][0]["issuer"]) == ("PendingAcceptance", "localhost")
    for name in (NOBODY, "nobody@fabrikam.example", "x", "%2e%2e", "a_b#EXT#@evil.example".replace("#", "%23")):
        answer = both.get(f"/users/{name}")
        assert error_of(answer) == GONE, name
    for bad in ("?$select=password", "?$filter=x", "?$select=id&$select=mail", "?x=1", "?$top=1"):
        assert error_of(both.get(f"/users/{guest}{bad}"))[0] == 400, bad


def test_a_list_of_users(both: Api) -> None:
    """Pages by the address, the same on every page; filters and counts; a page costs four statements."""
    for number in range(5):
        both.guest(f"guest{number}")
    both.member("alice")
    both.guest("gone", state=GuestState.EXPIRED)
    first = both.get("/users?$select=mail,userType&$top=4")
    link = first.get_json()["@odata.nextLink"]
    assert link.startswith("http://localhost/v1.0/users?")
    rest = both.get(link.removeprefix("http://localhost/v1.0"))
    mails = [row["mail"] for page in (first, rest) for row in page.get_json()["value"]]
    assert mails == ["alice@contoso.example", *(f"guest{number}@fabrikam.example" for number in range(5))]
    assert "@odata.nextLink" not in rest.get_json()
    assert set(first.get_json()["value"][0]) == {"mail", "userType"}
    head = {"ConsistencyLevel": "eventual"}
    with statements(both.broker.core.db) as ran:
        page = both.get("/users?$filter=userType eq 'Guest'&$count=true&$top=2&$select=id,identities", headers=head)
    assert len(ran) <= 5, ran  # four, and one for the identities that were asked for
    assert (page.get_json()["@odata.count"], len(page.get_json()["value"])) == (5, 2)
    with statements(both.broker.core.db) as ran:
        both.get("/users?$top=100")
    assert len(ran) <= 4, ran
    assert both.get("/users/$count?$filter=userType eq 'Guest'", headers=head).text == "5"
    assert error_of(both.get("/users?$expand=memberOf")) == (501, "NotImplemented")


def test_page_tokens(api: Api) -> None:
    """AD-07: a token belongs to one program, one list and one query; a forged one is 400, never a fault or another page."""
    for number in range(3):
        api.guest(f"guest{number}")
    link = api.get("/users?$top=1&$select=mail").get_json()["@odata.nextLink"].removeprefix("http://localhost/v1.0")
    assert api.get(link).status_code == 200
    token = link.partition("skiptoken=")[2]
    for path, program in (
        (link, program_of(READ)),
        (link.replace("$top=1", "$top=2"), ALL),
        (f"/users?$skiptoken={token}", ALL),
        (f"/directory/deletedItems/microsoft.graph.user?$top=1&$select=mail&$skiptoken={token}", ALL),
        (link[:-3] + "xyz", ALL),
        ("/users?$skiptoken=1", ALL),
        ("/users?$skip=1", ALL),
        ("/users?$top=-1", ALL),
        ("/users?$top=1000000000", ALL),
        ("/users?$filter=mail eq 'x' or 1 eq 1--", ALL),
        ("/users?$orderby=id; drop table people", ALL),
    ):
        assert error_of(api.get(path, by=program))[0] == 400, path


def test_a_guest_is_changed(both: Api) -> None:
    """PATCH: all or nothing, with If-Match; the audit has before and after; the home organization's claims stay as they are."""
    guest = both.guest("ada", profile={"given_name": "Ada", "department": "theirs"})
    tag = both.get(f"/users/{guest}").headers["ETag"]
    body = {
        "displayName": "Ada P. Fabrik", "companyName": "Fabrikam BV", "department": "Joint project", "jobTitle": "Lead",
        "businessPhones": ["+31 20 123"], "preferredLanguage": "nl-NL", "accountEnabled": True,
    }  # fmt: skip
    answer = both.ask("PATCH", f"/users/{guest}", body, headers={"If-Match": tag})
    assert (answer.status_code, answer.data) == (204, b"")
    after = everything(both, guest)
    assert after | body | {"preferredLanguage": "nl", "givenName": "Ada"} == after
    stale = both.ask("PATCH", f"/users/{guest}", {"department": "x"}, headers={"If-Match": tag})
    assert error_of(stale) == (412, "PreconditionFailed")
    assert both.ask("PATCH", f"/users/{guest}", {"department": None}, headers={"If-Match": "*"}).status_code == 204
    assert everything(both, guest)["department"] is None
    rows = both.audited("guest.changed")
    assert {row["actor_id"] for row in rows} == {ALL}
    assert sorted(row["data"]["changed"] for row in rows) == [["details"], ["details", "language", "name"]]
    assert both.ask("PATCH", f"/users/{guest}", {}).status_code == 204  # nothing to do, and nothing said of it
    assert len(both.audited("guest.changed")) == len(rows)
    with both.broker.core.db.read() as tx:
        found = people.by_id(tx, guest)
    assert found is not None
    assert found.profile == {"given_name": "Ada", "department": "theirs"}


def test_a_guest_is_blocked_and_back(both: Api) -> None:
    """AccountEnabled is the block of the portal: sessions end, the earlier state returns."""
    guest, secret = both.guest("ada"), new_secret()
    with both.broker.core.db.write() as tx:
        sessions.add(tx, factories.session(guest, expires_at=both.clock() + 3600), digest(secret))
    assert both.ask("PATCH", f"/users/{guest}", {"accountEnabled": False}).status_code == 204
    assert everything(both, guest)["accountEnabled"] is False
    assert both.audited("guest.blocked")[0]["data"]["sessions"] == 1
    assert error_of(both.ask("DELETE", f"/users/{guest}"))[0] == 409
    assert both.ask("PATCH", f"/users/{guest}", {"accountEnabled": True}).status_code == 204
    assert everything(both, guest)["accountEnabled"] is True
    assert both.post(f"/users/{guest}/revokeSignInSessions").get_json()["value"] is True
    assert both.audited("guest.signed_out")[0]["actor_id"] == ALL


def test_properties_that_cannot_be_set(api: Api) -> None:
    """AD-02: what is read only, unknown, or of another type changes nothing."""
    guest = api.guest("ada")
    before = everything(api, guest)
    bodies: tuple[Any, ...] = (
        {"id": NOBODY}, {"mail": "eve@fabrikam.example"}, {"userType": "Member"}, {"userPrincipalName": "x"}, {"externalUserState": "Accepted"},
        {"identities": []}, {"kind": "member"}, {"state": "active"}, {"roles": ["administrator"]}, {"expires_at": None}, {"otherMails": []},
        {"displayName": 1}, {"displayName": "x" * 257}, {"displayName": "a\nb"}, {"department": "x" * 257}, {"department": ["x"]},
        {"department": "a\x00b"}, {"accountEnabled": "false"}, {"businessPhones": ["1", "2"]}, {"businessPhones": [1]}, {"preferredLanguage": "xx"},
        {"department": "fine", "mail": "x"}, [], "x", 7,
    )  # fmt: skip
    for body in bodies:
        assert error_of(api.ask("PATCH", f"/users/{guest}", body))[0] == 400, body
    assert everything(api, guest) == before


def test_deleted_and_restored(both: Api) -> None:
    """DELETE ends the access and can be undone for a time; then, or for good, the personal data goes."""
    guest = both.guest("ada")
    assert both.ask("DELETE", f"/users/{guest}").status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/memberOf"), ("POST", "/revokeSignInSessions")):
        assert error_of(both.ask(method, f"/users/{guest}{path}")) == GONE
    assert error_of(both.ask("PATCH", f"/users/{guest}", {"department": "x"})) == GONE
    listed = both.get("/directory/deletedItems/microsoft.graph.user?$select=id,mail&$top=1").get_json()["value"]
    assert listed == [{"id": guest, "mail": "ada@fabrikam.example"}]
    assert both.get(f"/directory/deletedItems/{guest}").get_json()["@odata.type"] == "#microsoft.graph.user"
    assert both.post(f"/directory/deletedItems/{guest}/restore").get_json()["id"] == guest
    assert everything(both, guest)["externalUserState"] == "Accepted"
    assert error_of(both.post(f"/directory/deletedItems/{guest}/restore")) == GONE
    assert error_of(both.ask("DELETE", f"/directory/deletedItems/{guest}")) == GONE  # only what is deleted already
    both.ask("DELETE", f"/users/{guest}")
    both.clock.advance(31 * 86_400)
    both.tokens.clear()
    assert error_of(both.post(f"/directory/deletedItems/{guest}/restore"))[0] == 409
    assert both.ask("DELETE", f"/directory/deletedItems/{guest}").status_code == 204
    assert error_of(both.get(f"/directory/deletedItems/{guest}")) == GONE
    assert {row["actor_id"] for row in both.audited("guest.deleted") + both.audited("guest.expired")} == {ALL}


def test_relations(both: Api) -> None:
    """Sponsors by reference, groups, and sign-in methods, each item with its type."""
    guest, alice, bob = both.guest("ada"), both.member("alice"), both.member("bob")
    group = both.broker.access.groups.create(ACTOR, "Finance")
    both.broker.access.groups.add_members(ACTOR, "Finance", [guest])
    (found,) = both.get(f"/users/{guest}/memberOf").get_json()["value"]
    assert (found["@odata.type"], found["id"], found["displayName"]) == ("#microsoft.graph.group", group.id, "Finance")
    (expanded,) = both.get(f"/users/{guest}?$expand=memberOf&$select=id").get_json()["memberOf"]
    assert expanded == found
    assert both.get(f"/users/{guest}?$expand=sponsors").get_json()["sponsors"] == []
    assert error_of(both.get(f"/users/{guest}?$expand=appRoleAssignments")) == (400, "Request_UnsupportedQuery")
    refs = f"/users/{guest}/sponsors/$ref"
    for address in (f"http://localhost/v1.0/users/{alice}", f"/v1.0/directoryObjects/{bob}"):
        assert both.post(refs, {"@odata.id": address}).status_code == 204
    assert error_of(both.post(refs, {"@odata.id": f"http://localhost/v1.0/users/{bob}"})) == (400, "Request_BadRequest")
    (found,) = both.get(f"/users/{guest}/sponsors").get_json()["value"]
    assert (found["@odata.type"], found["id"]) == ("#microsoft.graph.user", bob)
    for address in (
        f"https://evil.example/v1.0/users/{alice}", f"http://localhost/v1.0/groups/{group.id}", f"http://localhost/v1.0/users/{guest}",
        "http://localhost/v1.0/users/x", f"http://localhost.evil.example/v1.0/users/{alice}", "", f"/v1.0/users/../users/{alice}",
    ):  # fmt: skip
        assert error_of(both.post(refs, {"@odata.id": address}))[0] == 400, address
    assert error_of(both.post(refs, {"@odata.id": f"http://localhost/v1.0/users/{NOBODY}"})) == GONE
    assert error_of(both.ask("DELETE", f"/users/{guest}/sponsors/{bob}")) == DENIED
    assert error_of(both.ask("DELETE", f"/users/{guest}/sponsors/{alice}/$ref")) == GONE
    assert both.ask("DELETE", f"/users/{guest}/sponsors/{bob}/$ref").status_code == 204
    assert both.get(f"/users/{guest}/sponsors").get_json()["value"] == []
    assert [row["actor_id"] for row in both.audited("guest.sponsor_changed")] == [ALL] * 3
    with both.broker.core.db.write() as tx:
        factors.add(tx, factories.factor(guest, method=Method.TOTP))
        people.bind(tx, factories.identity(guest, partner="email", issuer="http://localhost", subject=guest))
    kinds = {
        row["@odata.type"].rpartition(".")[2] for row in both.get(f"/users/{guest}/authentication/methods").get_json()["value"]
    }
    assert kinds == {"softwareOathAuthenticationMethod", "emailAuthenticationMethod"}


def test_rights(api: Api) -> None:
    """AD-04: reading does not write, inviting does not read, and nobody's permission changes a member."""
    guest, member = api.guest("ada"), api.member("alice")
    reads = [("GET", path) for path in ("/users", f"/users/{guest}", f"/users/{guest}/memberOf", f"/users/{guest}/sponsors")]
    reads += [("GET", f"/users/{guest}/authentication/methods"), ("GET", "/directory/deletedItems/microsoft.graph.user")]
    writes = [("PATCH", f"/users/{guest}"), ("DELETE", f"/users/{guest}"), ("POST", f"/users/{guest}/revokeSignInSessions")]
    writes += [("POST", f"/users/{guest}/sponsors/$ref"), ("DELETE", f"/users/{guest}/sponsors/{member}/$ref")]
    writes += [("POST", f"/directory/deletedItems/{guest}/restore"), ("DELETE", f"/directory/deletedItems/{guest}")]
    bodies = {"PATCH": {"department": "x"}, "POST": {"@odata.id": f"http://localhost/v1.0/users/{member}"}}
    for program in ("User.Invite.All", "Group.ReadWrite.All", "AuditLog.Read.All", "Policy.Read.All", READ):
        for method, path in reads:
            answer = api.ask(method, path, by=program_of(program))
            assert (answer.status_code == 200) if program == READ else (error_of(answer) == DENIED), (program, path)
        for method, path in writes:
            body = None if path.endswith(("Sessions", "restore")) else bodies.get(method)
            assert error_of(api.ask(method, path, body, by=program_of(program))) == DENIED, (program, method, path)
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/revokeSignInSessions"), ("POST", "/sponsors/$ref")):
        body = None if path.endswith("Sessions") else bodies.get(method)
        answer = api.ask(method, f"/users/{member}{path}", body, by=program_of(WRITE))
        assert error_of(answer) == DENIED, path
        assert "home organization" in answer.get_json()["error"]["message"]
    assert everything(api, guest)["accountEnabled"] is True
