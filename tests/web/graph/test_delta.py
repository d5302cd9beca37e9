"""`/users/delta` and `/groups/delta`: pages, then a link for later; what is gone is said; tokens belong to their query (AD-07)."""

from __future__ import annotations

from typing import Any

from broker.domain.audit import Actor
from broker.domain.expiry_rules import Rules
from broker.services.operations.after_restore import Restored
from broker.storage.directory import people
from tests.journeys.counting import statements
from tests.web.graph.api import Api, error_of, program_of

BASE = "http://localhost/v1.0"


def round_of(api: Api, path: str) -> tuple[list[dict[str, Any]], str]:
    """The rows of all pages, and the link for later."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        page = answer.get_json()
        rows += page["value"]
        assert ("@odata.nextLink" in page) is not ("@odata.deltaLink" in page)
        if "@odata.deltaLink" in page:
            return rows, page["@odata.deltaLink"].removeprefix(BASE)
        path = page["@odata.nextLink"].removeprefix(BASE)


def test_changes_of_users(both: Api) -> None:
    """Everybody first; then who was changed, added, deleted, restored, or deleted for good."""
    ada, eve, bob = (both.guest(name) for name in ("ada", "eve", "bob"))
    gone = both.guest("gone")
    both.ask("DELETE", f"/users/{gone}")
    rows, link = round_of(both, "/users/delta?$select=displayName&$top=2")
    assert {row["id"] for row in rows} == {ada, eve, bob}
    assert set(rows[0]) == {"id", "displayName"}
    assert "$select=displayName" in link
    rows, link = round_of(both, link)
    assert rows == []
    both.ask("PATCH", f"/users/{ada}", {"department": "Sales"})
    both.ask("DELETE", f"/users/{eve}")
    both.ask("DELETE", f"/directory/deletedItems/{gone}")
    new = both.post(
        "/invitations", {"invitedUserEmailAddress": "new@fabrikam.example", "inviteRedirectUrl": "http://localhost/apps"}
    ).get_json()["invitedUser"]["id"]
    rows, link = round_of(both, link)
    found = {row["id"]: row.get("@removed", {}).get("reason") for row in rows}
    assert found == {ada: None, new: None, eve: "changed", gone: "deleted"}
    both.post(f"/directory/deletedItems/{eve}/restore")
    with both.broker.core.db.write() as tx:
        people.change(tx, bob, {"last_sign_in": both.clock()})  # no change of what the list shows
    rows, link = round_of(both, link)
    assert [(row["id"], "@removed" in row) for row in rows] == [(eve, False)]


def test_changes_of_groups(both: Api) -> None:
    """Created, renamed and deleted groups, also by the address with parentheses that the SDKs send."""
    ids = [both.post("/groups", {"displayName": name, "mailEnabled": False}).get_json()["id"] for name in "ABC"]
    rows, link = round_of(both, "/groups/delta()?$top=1")
    assert sorted(row["displayName"] for row in rows) == ["A", "B", "C"]
    both.ask("PATCH", f"/groups/{ids[0]}", {"displayName": "Renamed"})
    both.ask("DELETE", f"/groups/{ids[1]}")
    rows, link = round_of(both, link)
    found = {row["id"]: row.get("displayName") or row["@removed"]["reason"] for row in rows}
    assert found == {ids[0]: "Renamed", ids[1]: "deleted"}
    assert round_of(both, link)[0] == []


def test_only_what_comes(api: Api) -> None:
    """`latest` skips everything that is there."""
    api.guest("ada")
    rows, link = round_of(api, "/users/delta?$deltatoken=latest")
    assert rows == []
    eve = api.guest("eve")
    assert [row["id"] for row in round_of(api, link)[0]] == [eve]


def test_what_is_refused(api: Api) -> None:
    """AD-04, AD-07: other permissions, other options, and tokens of another query or program."""
    api.guest("ada")
    link = api.get("/users/delta?$top=5").get_json()["@odata.deltaLink"].removeprefix(BASE)
    token = link.partition("$deltatoken=")[2]
    for path, program in (
        (link, program_of("User.Read.All")),
        (link.replace("$top=5", "$top=6"), "robot"),
        (link.replace("/users/", "/groups/"), "robot"),
        (link.replace("delta?", "delta()?"), "robot"),
        (f"/users/delta?$top=5&$skiptoken={token}", "robot"),
        (f"/users/delta?$deltatoken={token}", "robot"),
        (link + "x", "robot"),
        ("/users/delta?$deltatoken=latest&$skiptoken=1", "robot"),
        ("/users/delta?$skiptoken=latest", "robot"),
        ("/users/delta?$filter=id eq 'x'", "robot"),
        ("/users/delta?$count=true", "robot"),
        ("/users/delta?$orderby=displayName", "robot"),
        ("/users/delta?$select=password", "robot"),
        ("/users?$deltatoken=latest", "robot"),
    ):
        assert error_of(api.get(path, by=program))[0] == 400, path
    assert error_of(api.get("/users/delta?$select=identities")) == (501, "NotImplemented")
    for path, permission in (("/users/delta", "Group.ReadWrite.All"), ("/groups/delta", "User.ReadWrite.All")):
        for end in ("", "?$deltatoken=latest"):
            assert error_of(api.get(path + end, by=program_of(permission))) == (403, "Authorization_RequestDenied")


def test_after_a_restore_everything_is_read_again(api: Api) -> None:
    """A link of before the restore is 410: what it has read may never have happened."""
    api.guest("ada")
    _, link = round_of(api, "/users/delta")
    Restored(api.broker.core.db, api.clock, Rules()).run(Actor.command())
    api.tokens.clear()
    assert error_of(api.get(link)) == (410, "syncStateNotFound")
    assert len(round_of(api, "/users/delta")[0]) == 1


def test_the_price_of_a_page(api: Api) -> None:
    """Without changes that wait for a number a page is the token, the limit of requests, the counter, and the rows."""
    for number in range(30):
        api.guest(f"guest{number}")
    _, link = round_of(api, "/users/delta")
    with statements(api.broker.core.db) as seen:
        assert api.get(link).status_code == 200
    assert len(seen) <= 5, seen
