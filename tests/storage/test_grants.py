"""Grants, codes and tokens as rows: what hangs off what, and what ends what (HT-8)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, delete, text

from broker.domain.login import Grant
from broker.domain.token import SpentCode
from broker.storage.directory import assignments, consents
from broker.storage.engine import Database
from broker.storage.oauth import grants, sessions, tokens
from broker.storage.tables import people as people_table
from tests import factories
from tests.clock import START

CALLBACK = "https://payroll.contoso.example/callback"


def granted(tx: Connection, **values: Any) -> Grant:
    """A grant with a session, a code, an access token and a refresh token."""
    person = factories.saved_person(tx)
    session = factories.session(person.id)
    sessions.add(tx, session, f"cookie-{session.sid}")
    grant = factories.grant(person.id, sid=session.sid, claims={"email": person.email}, nonce="n", **values)
    grants.add(tx, grant)
    grants.add_code(tx, f"code-{grant.id}", grant, redirect_uri=CALLBACK, challenge="c", expires_at=START + 60)
    tokens.add_access(tx, f"access-{grant.id}", grant.id, ["openid"], now=START, expires_at=START + 600)
    family = tokens.add_family(tx, grant.id, grant.client_id, START + 1000)
    tokens.add_refresh(tx, f"refresh-{grant.id}", family, START + 700)
    return grant


def test_code_is_bound_to_its_client_and_its_minute(database: Database):
    """HP-29, HP-30, HP-31: another client spends nothing; over is over; a spent one is recognised as such."""
    with database.write() as tx:
        grant = granted(tx)
        code = f"code-{grant.id}"
        assert grants.take_code(tx, code, "travel", START) is None
        assert grants.take_code(tx, code, "payroll", START + 60) is None
        assert grants.grant_of_spent_code(tx, code, "payroll") is None
        assert grants.take_code(tx, code, "payroll", START + 59) == SpentCode(grant.id, CALLBACK, "c")
        assert grants.take_code(tx, code, "payroll", START + 59) is None
        assert grants.grant_of_spent_code(tx, code, "payroll") == grant.id
        assert grants.grant_of_spent_code(tx, code, "travel") is None
        assert grants.purge_codes(tx, START + 60) == 0
        assert grants.purge_codes(tx, START + 61) == 1


def test_standing_is_grant_and_all_it_stands_on(database: Database):
    """HP-36: one statement tells person, session, assignment and consent as they are now."""
    with database.write() as tx:
        grant = granted(tx)
        standing = grants.standing(tx, grant.id, START)
        assert standing is not None
        assert standing.grant == grant
        assert (standing.session_ended, standing.assigned, standing.consented) == (False, False, None)
        assignments.open_for(tx, "a-1", grant.person_id, "payroll", "", START)
        consents.record(tx, grant.person_id, "payroll", ["openid"], START)
        sessions.end(tx, grant.sid, START)
        standing = grants.standing(tx, grant.id, START)
        assert standing is not None
        assert (standing.session_ended, standing.assigned, standing.consented) == (True, True, frozenset({"openid"}))
        consents.withdraw(tx, grant.person_id, "payroll", START)
        standing = grants.standing(tx, grant.id, START - 1)
        assert standing is not None
        assert (standing.assigned, standing.consented) == (False, None)
        assert grants.standing(tx, "unknown", START) is None


def test_access_token_lives_its_time(database: Database):
    """HT-4, HT-12: found by its hash while it lives; revoked by its own client only (HP-38)."""
    with database.write() as tx:
        grant = granted(tx)
        token = f"access-{grant.id}"
        found = tokens.access(tx, token, START + 599)
        assert found is not None
        assert (found.standing.grant, found.scopes, found.expires_at) == (grant, ("openid",), START + 600)
        assert tokens.access(tx, token, START + 600) is None
        assert tokens.access(tx, "unknown", START) is None
        assert tokens.revoke_access(tx, token, "travel", START) is None
        assert tokens.revoke_access(tx, token, "payroll", START) == grant.id
        assert tokens.access(tx, token, START) is None


def test_refresh_token_is_of_one_client_and_spent_once(database: Database):
    """HP-34, HP-35: another client spends nothing; a spent one names its family; a revoked family is over."""
    with database.write() as tx:
        grant = granted(tx)
        token = f"refresh-{grant.id}"
        seen = tokens.refresh(tx, token, START)
        assert seen is not None
        assert (seen.standing.grant, seen.expires_at) == (grant, START + 700)
        assert tokens.take_refresh(tx, token, "travel", START) is None
        assert tokens.take_refresh(tx, token, "payroll", START + 700) is None
        assert tokens.family_of_spent(tx, token, "payroll") is None
        family = tokens.take_refresh(tx, token, "payroll", START + 699)
        assert family is not None
        assert family.grant_id == grant.id
        assert tokens.family_of_spent(tx, token, "payroll") == family == tokens.family_of(tx, token, "payroll")
        assert tokens.family_of_spent(tx, token, "travel") is None
        assert tokens.family_of(tx, token, "travel") is None
        assert tokens.refresh(tx, token, START) is None
        tokens.add_refresh(tx, "next", family, START + 5000)
        following = tokens.refresh(tx, "next", START)
        assert following is not None
        assert following.expires_at == START + 1000  # never beyond its family
        assert tokens.revoke_family(tx, family.id, START)
        assert tokens.refresh(tx, "next", START) is None
        assert tokens.take_refresh(tx, "next", "payroll", START) is None


@pytest.mark.parametrize("way", ["session", "person", "application", "grant"])
def test_what_ends_a_grant(database: Database, way: str):
    """HP-43, HP-63, HT-8: the end of a session, a person's access or one application ends these grants and no others."""
    with database.write() as tx:
        grant, other = granted(tx), granted(tx)
        wiki = factories.grant(grant.person_id, sid=grant.sid, client_id="wiki")
        grants.add(tx, wiki)
        told = {
            "session": lambda: grants.end_of_session(tx, grant.sid, START + 1),
            "person": lambda: grants.end_of_person(tx, grant.person_id, START + 1),
            "application": lambda: grants.end_of_application(tx, grant.person_id, "payroll", START + 1),
            "grant": lambda: ["payroll"] if grants.end(tx, grant.id, START + 1) else [],
            "reused": lambda: ["payroll"] if grants.end_reused(tx, grant.id, START + 1) else [],
        }[way]()
        wide = way in {"session", "person"}
        assert told == (["payroll", "wiki"] if wide else ["payroll"])
        ended = {found.id: grants.standing(tx, found.id, START) for found in (grant, wiki, other)}
    assert {key: value.grant.ended_at for key, value in ended.items() if value} == {
        grant.id: START + 1,
        wiki.id: START + 1 if wide else None,
        other.id: None,
    }


def test_purging_one_kind_leaves_the_others(database: Database):
    """HT-8: access tokens go at their end, families at theirs, with their tokens; the grant stays."""
    with database.write() as tx:
        grant = granted(tx)
        assert tokens.purge(tx, START + 601) == 1
        assert tokens.refresh(tx, f"refresh-{grant.id}", START) is not None
        assert tokens.purge(tx, START + 1001) == 1
        assert tx.execute(text("SELECT count(*) FROM refresh_tokens")).scalar() == 0
        assert grants.standing(tx, grant.id, START) is not None


def test_everything_goes_with_the_person(database: Database):
    """HT-8: the foreign keys delete sessions, grants, codes and tokens with a person; the `sub` stays taken (HT-6)."""
    with database.write() as tx:
        grant = granted(tx)
        tx.execute(text("INSERT INTO subjects (sector, person_id, sub) VALUES ('payroll', :p, 's')"), {"p": grant.person_id})
        tx.execute(delete(people_table).where(people_table.c.id == grant.person_id))
        left = {
            table: tx.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("sessions", "grants", "codes", "access_tokens", "refresh_families", "refresh_tokens", "subjects")
        }
    assert left == {
        "sessions": 0, "grants": 0, "codes": 0, "access_tokens": 0, "refresh_families": 0, "refresh_tokens": 0, "subjects": 1,
    }  # fmt: skip


def test_no_secret_stands_in_clear(database: Database):
    """HT-4, HP-23: neither code nor token nor cookie is in any row."""
    with database.write() as tx:
        grant = granted(tx)
        dump = "".join(
            str(tx.execute(text(f"SELECT * FROM {table}")).all()) for table in ("codes", "access_tokens", "refresh_tokens")
        )
    for secret in ("code", "access", "refresh"):
        assert f"{secret}-{grant.id}" not in dump
