"""HT-14, CF-10: after a restore nothing that was spent is fresh again."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from broker.cli import broker
from broker.domain.administrator_link import AdministratorLink
from broker.domain.audit import Actor
from broker.domain.expiry_rules import Rules
from broker.domain.guest import GuestState
from broker.domain.ids import digest, new_id
from broker.domain.invitation import Status
from broker.domain.job import JobState
from broker.services.operations.after_restore import Restored
from broker.storage.directory import consents, people
from broker.storage.engine import Database
from broker.storage.factors import factors as own_factors
from broker.storage.factors import single_use
from broker.storage.history import audit
from broker.storage.login import administrator_links, invitations, logins
from broker.storage.oauth import api_tokens, device_codes, grants, pushed_requests, sessions, tokens
from broker.storage.operations import after_restore, jobs
from broker.storage.partners import setup_links
from tests import factories
from tests.clock import START, Clock
from tests.storage.job_calls import JOB
from tests.storage.setup_link_calls import SETUP_LINK


def lived_in(database: Database):
    """A guest with all that a sign-in leaves, and a second one who is still invited."""
    with database.write() as tx:
        ada, bo = factories.saved_person(tx), factories.saved_person(tx, state=GuestState.INVITED)
        people.bind(tx, factories.identity(ada.id, subject="ada"))
        consents.record(tx, ada.id, "payroll", ["openid"], START)
        session = factories.session(ada.id)
        sessions.add(tx, session, digest("cookie"))
        grant = factories.grant(ada.id, sid=session.sid)
        grants.add(tx, grant)
        grants.add_code(tx, "code", grant, redirect_uri="https://payroll.contoso.example/", challenge=None, expires_at=START + 60)
        tokens.add_access(tx, "access", grant.id, ["openid"], now=START, expires_at=START + 600)
        pushed_requests.add(tx, "handle", "payroll", [("scope", "openid")], START + 600)
        device_codes.add(
            tx, device_code="device", user_code="user", client_id="payroll", scopes=(), pause=5, now=START, expires_at=START + 600
        )
        api_tokens.add(tx, "program", "payroll", now=START, expires_at=START + 600)
        tokens.add_refresh(tx, "refresh", tokens.add_family(tx, grant.id, "payroll", START + 600), START + 600)
        waiting = factories.login()
        logins.add(tx, waiting, browser=digest("browser"), address="192.0.2.1")
        invitation = factories.invitation(bo.id)
        invitations.add(tx, invitation, digest("ticket"))
        link = AdministratorLink(id=new_id(), email="ann@contoso.example", created_at=START, expires_at=START + 600)
        administrator_links.add(tx, link, digest("link"))
        setup_links.add(tx, SETUP_LINK, digest("setup"))
        own_factors.add(tx, factories.factor(ada.id, last_step=START // 30))
        own_factors.set_codes(tx, ada.id, [digest("one"), digest("two")], START)
        own_factors.take_code(tx, ada.id, digest("one"), START)
        jobs.add(tx, JOB)
    return ada, grant, waiting, invitation


def test_nothing_spent_is_fresh_again(database: Database):
    """HT-14: sessions, codes, tokens, logins and tickets end; the person, the binding and the consent stay."""
    ada, grant, waiting, invitation = lived_in(database)
    ended = Restored(database, Clock(START + 1), Rules()).run(Actor.command()).ended
    assert ended == {
        "sessions": 1, "grants": 1, "codes": 1, "access_tokens": 1, "api_tokens": 1, "refresh_families": 1, "pushed_requests": 1, "device_codes": 1, "logins": 1, "invitations": 1, "mails": 0,
        "administrator_links": 1, "setup_links": 1, "questions": 0, "factor_resets": 0, "recovery_codes": 2, "time_steps": 1, "jobs": 1,
    }  # fmt: skip
    with database.write() as tx:
        job = jobs.by_id(tx, JOB.id)
        assert job is not None
        assert (job.state, job.problem) == (JobState.STOPPED, "restored")
        assert sessions.by_cookie(tx, digest("cookie"), now=START + 1, idle=3600) is None
        assert grants.take_code(tx, "code", "payroll", START + 1) is None
        assert tokens.access(tx, "access", START + 1) is None
        assert api_tokens.holder(tx, "program", START + 1) is None
        assert pushed_requests.take(tx, "handle", "payroll", START + 1) is None
        assert device_codes.of_user_code(tx, "user", START + 1) is None
        assert tokens.take_refresh(tx, "refresh", "payroll", START + 1) is None
        assert logins.by_id(tx, waiting.id) is None
        assert administrator_links.living(tx, digest("link"), START + 1) is None
        assert setup_links.living(tx, digest("setup"), START + 1) is None
        assert not invitations.take(tx, invitation.id, START + 1)
        found = invitations.by_ticket(tx, digest("ticket"))
        assert found is not None
        assert found.status is Status.REVOKED
        identity = people.identities_of(tx, ada.id)[0]
        bound = people.by_identity(tx, identity.partner, identity.issuer, identity.subject)
        assert bound is not None
        assert bound.id == ada.id
        (factor,) = own_factors.of_person(tx, ada.id)
        assert not own_factors.take_step(tx, factor.id, START // 30 + 1, START + 1)
        assert not own_factors.take_code(tx, ada.id, digest("two"), START + 1)
        assert consents.given(tx, ada.id, "payroll") == frozenset({"openid"})
        standing = grants.standing(tx, grant.id, START + 1)
        assert standing is not None
        assert standing.grant.ended_at == START + 1
        (event,) = audit.newest(tx, name="database.restored")
        assert event["data"]["sessions"] == 1
        assert set(after_restore.end_everything(tx, START + 2).values()) == {0}


def test_what_was_made_before_the_restore_is_not_taken(database: Database):
    """HT-14: the backup is older than the first use of an assertion, so only the time when it was made tells; later ones are taken once."""
    with database.write() as tx:
        assert single_use.once(tx, "client_assertion", "early", START + 600, made_at=START)
        after_restore.end_everything(tx, START + 60)
        for made_at in (START, START + 60):
            assert not single_use.once(tx, "client_assertion", "unseen", START + 660, made_at=made_at)
        assert single_use.once(tx, "client_assertion", "unseen", START + 661, made_at=START + 61)
        assert not single_use.once(tx, "client_assertion", "unseen", START + 661, made_at=START + 61)
        after_restore.end_everything(tx, START + 120)
        assert not single_use.once(tx, "client_assertion", "between", START + 700, made_at=START + 90)


def test_the_command_says_what_it_ended(tmp_path: Path, sqlite_url: str):
    """`broker db restored`, for people and as one JSON document."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/broker.yaml").write_text(f"issuer: https://login.contoso.example\ndatabase: {sqlite_url}\n")
    database = Database(sqlite_url)
    lived_in(database)
    database.close()
    run = CliRunner().invoke
    done = run(broker, ["db", "restored", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "access tokens: 1" in done.output
    again = run(broker, ["db", "restored", "--home", str(tmp_path), "--json"])
    assert set(json.loads(again.output).values()) == {0}
