"""An application gets a token for a person by the authorization code, and reads `/me` of the management API with it."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.journeys.world import ADA, World


def get(world: World, path: str, token: str) -> tuple[int, dict[str, object]]:
    """Status and body of a request with a token."""
    try:
        with urlopen(Request(f"{world.url}/v1.0{path}", headers={"Authorization": f"Bearer {token}"}), timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_a_guest_agrees_once_and_the_application_reads_their_entry(world: World) -> None:
    """RFC 6749 3.3, HP-61: the scope is asked for with the others, the page says so once, and the token opens `/me` alone."""
    world.write(
        "applications/travel.yaml",
        f"name: Travel\nredirect_uris: ['{world.callback}/callback']\nscopes: [openid, email]\ndelegated_permissions: [User.Read]\n",
    )
    ada = world.visitor(ADA)
    world.redeem(ada)
    plain = world.sign_in(ada, world.travel, scope="openid email")
    assert get(world, "/me", plain.access_token)[0] == 401
    scope = f"openid {world.url}/User.Read {world.url}/User.ReadWrite"  # the second one is not in the file
    ada.halt_at = ("review-permissions",)
    page = world.arrive(ada, world.travel, scope=scope)
    assert "Your entry in the directory of" in page.text
    ada.halt_at = ()
    ada.walk(page, stop_at=world.callback)
    tokens = world.sign_in(ada, world.travel, scope=scope)
    assert ada.seen == []
    status, me = get(world, "/me", tokens.access_token)
    assert (status, me["mail"], me["id"]) == (200, ADA.email, world.person(ADA.email).id)
    assert get(world, "/users", tokens.access_token)[0] == 403
    assert world.arrive(ada, world.travel, scope=f"{world.url}/User.Read").query["error"] == "invalid_scope"
