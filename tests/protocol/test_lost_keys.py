"""CF-11: after `broker keys rotate --now --revoke`, nothing that a lost key signed is worth anything."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from broker.domain.audit import Actor
from broker.jose.errors import JoseError
from broker.jose.verify import parse
from broker.services.keys.ring import Keys
from broker.storage.operations.lost_keys import end_what_was_signed
from broker.storage.tables import logout_notices, sessions
from tests.protocol.stage import Stage, oauth_error


def test_everything_that_began_under_the_keys_ends(both: Stage):
    """CF-11, HP-42, HP-43, HP-51: keys, sessions, grants, codes and tokens; applications are notified; the audit says it."""
    who = both.person()
    body = both.tokens(who)
    _, code = both.grant(who)
    old = {key["kid"] for key in both.get("/jwks").get_json()["keys"]}
    done = both.broker.keys.replace_lost(Actor.system(), end_what_was_signed)
    assert set(done.revoked) == old
    assert done.ended == {"sessions": 1, "grants": 2}

    published = {key["kid"] for key in both.get("/jwks").get_json()["keys"]}
    assert len(published) == 4
    assert not published & old
    with pytest.raises(JoseError) as refusal:
        both.broker.oauth.grants.hint(body["id_token"])
    assert refusal.value.reason == "idtoken_key"

    assert oauth_error(both.refresh(body["refresh_token"])) == (400, "invalid_grant")
    assert oauth_error(both.exchange(code)) == (400, "invalid_grant")
    assert both.userinfo(body["access_token"]).status_code == 401
    assert both.post("/introspect", {"token": body["access_token"]}).get_json() == {"active": False}
    assert both.silent(who)[1]["error"] == "login_required"
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(sessions.c.ended_at)).scalars().all() == [both.clock()]
        assert tx.execute(select(logout_notices.c.client_id)).scalars().all() == ["payroll"]
    assert both.audited().count("keys.revoked") == 4
    assert "keys.lost" in both.audited()


def test_nothing_is_kept_for_a_sign_out_at_home(stage: Stage):
    """HP-43: what signs out at the home organization, the ID token of a partner, goes with the session, as at every other end."""
    who = stage.person()
    with stage.broker.core.db.write() as tx:
        tx.execute(update(sessions).values(home_logout="sealed"))
    stage.broker.keys.replace_lost(Actor.system(), end_what_was_signed)
    with stage.broker.core.db.read() as tx:
        row = tx.execute(select(sessions.c.home_logout, sessions.c.ended_at).where(sessions.c.sid == who.session.sid)).one()
    assert tuple(row) == ("", stage.clock())


def test_the_next_sign_in_has_a_new_key(stage: Stage):
    """CF-11, HP-51: it signs immediately, and the key set verifies it."""
    stage.broker.keys.replace_lost(Actor.system(), end_what_was_signed)
    token = stage.tokens()["id_token"]
    assert stage.claims(token)["aud"] == "payroll"
    assert parse(token).header["kid"] in {key["kid"] for key in stage.get("/jwks").get_json()["keys"]}


def test_another_node_follows(stage: Stage):
    """CF-11, HT-15: another process sees new keys even if they replaced the old ones within the second of their making."""
    other = Keys(stage.broker.core.db, stage.broker.sealer, stage.clock)
    before = other.ring().jwks(stage.clock())
    stage.broker.keys.replace_lost(Actor.system(), end_what_was_signed)
    stage.clock.advance(5)
    assert other.ring().jwks(stage.clock()) == stage.broker.keys.ring().jwks(stage.clock()) != before
