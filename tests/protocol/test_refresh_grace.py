"""RFC 9700 4.14.2 and `tokens.refresh_grace`: the newest refresh token's predecessor gets the same response again for a short time."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from broker.domain.ids import digest
from broker.storage.tables import refresh_answers, refresh_families, refresh_tokens
from tests.protocol.stage import ISSUER, Stage, oauth_error
from tests.race import race


def grace(stage: Stage, value: str) -> None:
    """Write `tokens.refresh_grace` into broker.yaml."""
    path = stage.home / "config" / "broker.yaml"
    stage.write("broker.yaml", path.read_text("utf-8") + f"tokens: {{refresh_grace: {value}}}\n")


def test_the_same_response_again(both: Stage):
    """HP-35: within 30 seconds the token that was just replaced gets every member of the same response, as often as it asks."""
    token = both.tokens()["refresh_token"]
    first = both.refresh(token).get_json()
    both.clock.advance(29)
    assert [both.refresh(token).get_json() for _ in range(2)] == [first, first]
    assert both.userinfo(first["access_token"]).status_code == 200
    assert both.refresh(first["refresh_token"]).status_code == 200
    assert "refresh_token.reused" not in both.audited()


def test_beyond_the_grace_reuse_ends_the_grant(both: Stage):
    """TK-05, HP-35: after 30 seconds the same request is a reuse."""
    token = both.tokens()["refresh_token"]
    first = both.refresh(token).get_json()
    both.clock.advance(30)
    assert oauth_error(both.refresh(token)) == (400, "invalid_grant")
    assert oauth_error(both.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert both.userinfo(first["access_token"]).status_code == 401
    assert both.audited().count("refresh_token.reused") == 1


def test_only_the_newest_token_has_a_predecessor(both: Stage):
    """TK-05: once the successor was used, the older token is a reuse, also within 30 seconds."""
    token = both.tokens()["refresh_token"]
    second = both.refresh(token).get_json()["refresh_token"]
    third = both.refresh(second).get_json()["refresh_token"]
    assert oauth_error(both.refresh(token)) == (400, "invalid_grant")
    assert oauth_error(both.refresh(third)) == (400, "invalid_grant")


def test_twenty_tabs_at_once(both: Stage):
    """TK-06: one token is used up, everybody gets its one successor, and the login goes on."""
    token = both.tokens()["refresh_token"]
    answers = [answer.get_json() for answer in race(lambda _: both.refresh(token))]
    assert answers == [answers[0]] * 20
    with both.broker.core.db.read() as tx:
        live = tx.execute(
            select(refresh_tokens.c.token)
            .join(refresh_families, refresh_families.c.id == refresh_tokens.c.family_id)
            .where(refresh_tokens.c.spent_at.is_(None), refresh_families.c.revoked_at.is_(None))
        ).scalars()
        assert list(live) == [digest(answers[0]["refresh_token"])]
    assert both.refresh(answers[0]["refresh_token"]).status_code == 200


@pytest.mark.parametrize("value", ["0", "0s", "'0'"])
def test_no_grace(stage: Stage, value: str):
    """`refresh_grace: 0`: a replaced token ends the grant at once, and no response is stored."""
    grace(stage, value)
    token = stage.tokens()["refresh_token"]
    assert stage.refresh(token).status_code == 200
    assert stage.counts()["refresh_answers"] == 0
    assert oauth_error(stage.refresh(token)) == (400, "invalid_grant")
    assert stage.audited().count("refresh_token.reused") == 1


def test_public_clients_have_none(stage: Stage):
    """RFC 9700 4.14.2: without client authentication the token alone would repeat the response for a thief."""
    token = stage.tokens(stage.person("openid offline_access", "spa"), "spa", scopes=("openid", "offline_access"))[
        "refresh_token"
    ]
    assert stage.refresh(token, "spa").status_code == 200
    assert oauth_error(stage.refresh(token, "spa")) == (400, "invalid_grant")


def test_another_client_gets_nothing(both: Stage):
    """TK-04, HP-34: the response is its own client's."""
    token = both.tokens()["refresh_token"]
    first = both.refresh(token).get_json()
    assert oauth_error(both.refresh(token, "travel")) == (400, "invalid_grant")
    assert both.refresh(token).get_json() == first


def test_another_scope_is_another_request(calm: Stage):
    """RFC 6749 6: the response of a larger scope is not given to a request of a smaller one; nothing ends."""
    token = calm.tokens()["refresh_token"]
    first = calm.refresh(token).get_json()
    assert oauth_error(calm.refresh(token, scope="openid")) == (400, "invalid_scope")
    assert calm.refresh(token).get_json() == first


def test_a_grant_that_ended_repeats_nothing(calm: Stage):
    """HP-36, RFC 7009 2.1: revocation ends the grace, too."""
    token = calm.tokens()["refresh_token"]
    first = calm.refresh(token).get_json()
    assert calm.post("/revoke", {"token": first["refresh_token"]}).status_code == 200
    assert oauth_error(calm.refresh(token)) == (400, "invalid_grant")


def test_a_blocked_guest_repeats_nothing(both: Stage):
    """HP-36: the guest is checked again before the response is repeated."""
    who = both.person()
    token = both.tokens(who)["refresh_token"]
    assert both.refresh(token).status_code == 200
    with both.broker.core.db.write() as tx:
        from broker.storage.directory import people

        people.change(tx, who.person.id, {"state": "blocked"})
    assert oauth_error(both.refresh(token)) == (400, "invalid_grant")


def test_the_response_is_stored_sealed_and_no_longer_than_the_grace(stage: Stage):
    """HT-4: no token is readable in the row, and housekeeping deletes it when its time is over."""
    token = stage.tokens()["refresh_token"]
    first = stage.refresh(token).get_json()
    with stage.broker.core.db.read() as tx:
        row = tx.execute(select(refresh_answers)).one()
    assert row.expires_at == stage.clock() + 30
    assert not [value for value in (token, first["refresh_token"], first["access_token"], ISSUER) if value in repr(row)]
    stage.clock.advance(31)
    assert stage.broker.operations.housekeeping.run()["refresh_answers"] == 1
    assert stage.counts()["refresh_answers"] == 0
