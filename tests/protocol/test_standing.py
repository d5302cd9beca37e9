"""Every use of a code or token asks again whether it still holds: guest, application, consent, assignment, session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.grant_status import Standing, objection
from broker.domain.guest import GuestState, PersonKind
from broker.domain.ids import new_id
from broker.storage.directory import assignments, consents, people
from broker.storage.oauth import grants, sessions
from tests import factories
from tests.clock import START
from tests.protocol.stage import Signed, Stage, oauth_error


def change(stage: Stage, who: Signed, **values: object) -> None:
    """Set columns of the person."""
    with stage.broker.core.db.write() as tx:
        people.change(tx, who.person.id, values)


def withdraw(stage: Stage, who: Signed) -> None:
    """The guest withdraws the consent."""
    with stage.broker.core.db.write() as tx:
        consents.withdraw(tx, who.person.id, "payroll", stage.clock())


def agree_to_less(stage: Stage, who: Signed) -> None:
    """The guest withdraws, then agrees to less."""
    withdraw(stage, who)
    with stage.broker.core.db.write() as tx:
        consents.record(tx, who.person.id, "payroll", ["openid"], stage.clock())


def log_out(stage: Stage, who: Signed) -> None:
    """The session is ended."""
    assert stage.broker.sessions.end(who.session.sid, Actor.system(), "logout")


def end_rows_only(stage: Stage, who: Signed) -> None:
    """The session's row says ended, whatever became of the grants'."""
    with stage.broker.core.db.write() as tx:
        sessions.end(tx, who.session.sid, stage.clock())


ENDS: dict[str, Callable[[Stage, Signed], None]] = {
    "blocked": lambda stage, who: change(stage, who, state=GuestState.BLOCKED.value),
    "deleted": lambda stage, who: change(stage, who, state=GuestState.DELETED.value, email=None),
    "expired": lambda stage, who: change(stage, who, expires_at=stage.clock()),
    "expired_by_staff": lambda stage, who: change(stage, who, state=GuestState.EXPIRED.value),
    "consent_withdrawn": withdraw,
    "consented_to_less": agree_to_less,
    "logged_out": log_out,
    "session_ended": end_rows_only,
    "application_removed": lambda stage, _who: stage.remove("applications/payroll.yaml"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_no_is_a_no_at_once(stage: Stage, name: str):
    """TK-07, UI-04, HP-36, HP-63, SC-06: code, refresh token, access token and introspection, offline_access too."""
    who = stage.person()
    body, (_, code) = stage.tokens(who), stage.grant(who)
    ENDS[name](stage, who)
    assert oauth_error(stage.userinfo(body["access_token"])) == (401, "invalid_token")
    expected = (401, "invalid_client") if name == "application_removed" else (400, "invalid_grant")
    assert oauth_error(stage.exchange(code)) == expected
    assert oauth_error(stage.refresh(body["refresh_token"])) == expected
    if name != "application_removed":
        assert stage.post("/introspect", {"token": body["access_token"]}).get_json() == {"active": False}
        assert stage.post("/introspect", {"token": body["refresh_token"]}).get_json() == {"active": False}


def test_a_session_that_merely_expired_is_no_refusal(stage: Stage):
    """HP-63, TK-07: the grant then lives by tokens.refresh and refresh_idle; also when the session's row is gone."""
    who = stage.person()
    token = stage.tokens(who)["refresh_token"]
    stage.clock.advance(3 * 86_400)
    token = stage.refresh(token).get_json()["refresh_token"]
    with stage.broker.core.db.write() as tx:
        assert sessions.purge(tx, stage.clock()) == 1
    assert stage.refresh(token).status_code == 200


def test_a_refused_exchange_has_burnt_the_code(stage: Stage):
    """HP-60, HP-32: unblocked a second later, the code is over all the same."""
    who = stage.person()
    _, code = stage.grant(who)
    change(stage, who, state=GuestState.BLOCKED.value)
    assert stage.exchange(code).status_code == 400
    change(stage, who, state=GuestState.ACTIVE.value)
    assert stage.exchange(code).status_code == 400


def test_assignment(stage: Stage):
    """HP-36, SC-06: where the application asks for one, an assignment that ended is a no; a member needs none."""
    who = stage.person(application="tight")
    with stage.broker.core.db.write() as tx:
        assignments.open_for(tx, new_id(), who.person.id, "tight", "viewer", START)
    body = stage.tokens(who, "tight")
    assert stage.userinfo(body["access_token"]).get_json()["roles"] == ["viewer"]
    with stage.broker.core.db.write() as tx:
        for held in assignments.of(tx, Principal.PERSON, who.person.id):
            assignments.put(tx, replace(held, ends_at=stage.clock()))
    assert stage.userinfo(body["access_token"]).status_code == 401
    assert oauth_error(stage.refresh(body["refresh_token"], "tight")) == (400, "invalid_grant")
    member = stage.person(application="tight", kind=PersonKind.MEMBER, email="cleo@contoso.example")
    assert stage.userinfo(stage.tokens(member, "tight")["access_token"]).status_code == 200


def test_scope_that_the_file_takes_back(stage: Stage):
    """HP-33, HP-36: dropped from what the tokens open; without offline_access nothing is refreshed."""
    who = stage.person()
    body = stage.tokens(who)
    path = stage.home / "config" / "applications" / "payroll.yaml"
    text = path.read_text()
    stage.write("applications/payroll.yaml", text.replace("email, ", ""))
    assert "email" not in stage.userinfo(body["access_token"]).get_json()
    assert "email" not in stage.post("/introspect", {"token": body["access_token"]}).get_json()["scope"]
    second = stage.refresh(body["refresh_token"]).get_json()
    assert "email" not in second["scope"].split()
    assert "email" not in stage.claims(second["id_token"])
    stage.write("applications/payroll.yaml", text.replace(", offline_access", ""))
    assert oauth_error(stage.refresh(second["refresh_token"])) == (400, "invalid_grant")
    stage.write("applications/payroll.yaml", text)
    assert stage.refresh(second["refresh_token"]).status_code == 200


def test_ending_takes_every_grant(both: Stage):
    """HP-43, HT-8: by session under every `sub`, by person, by application; what belongs to others stays."""
    ada, bo = both.person(), both.person()
    with both.broker.core.db.write() as tx:
        consents.record(tx, ada.person.id, "travel", "openid offline_access".split(), both.clock())
    at_payroll, at_travel = both.tokens(ada), both.tokens(ada, "travel", scopes=("openid", "offline_access"))
    of_bo = both.tokens(bo)
    with both.broker.core.db.write() as tx:
        assert grants.end_of_session(tx, ada.session.sid, both.clock()) == ["payroll", "travel"]
        assert grants.end_of_session(tx, ada.session.sid, both.clock()) == []
    assert both.userinfo(at_payroll["access_token"]).status_code == 401
    assert both.userinfo(at_travel["access_token"]).status_code == 401
    assert both.userinfo(of_bo["access_token"]).status_code == 200
    with both.broker.core.db.write() as tx:
        assert grants.end_of_application(tx, bo.person.id, "travel", both.clock()) == []
        assert grants.end_of_application(tx, bo.person.id, "payroll", both.clock()) == ["payroll"]
        assert grants.end_of_person(tx, bo.person.id, both.clock()) == []
    assert both.userinfo(of_bo["access_token"]).status_code == 401


def standing(**values: object) -> Standing:
    """A guest's grant that holds."""
    grant = factories.grant("person", scopes=("openid",))
    plain = {"grant": grant, "kind": PersonKind.GUEST, "state": GuestState.ACTIVE, "expires_at": None, "session_ended": False}
    return Standing(**{**plain, "assigned": False, "consented": frozenset({"openid", "email"}), **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"session_ended": True}, "session_ended"),
        ({"state": GuestState.INVITED}, "guest_invited"),
        ({"expires_at": START}, "guest_expired"),
        ({"expires_at": START + 1}, None),
        ({"consented": None}, "consent_withdrawn"),
        ({"consented": frozenset()}, "consent_withdrawn"),
        ({"consented": None, "kind": PersonKind.MEMBER}, None),
    ],
)
def test_objections(values: dict[str, object], reason: str | None):
    """HP-36, HT-12: the pure rule."""
    assert objection(standing(**values), assignment_required=False, now=START) == reason


def test_objection_for_want_of_an_assignment():
    """HP-36: only where the application asks for one, only of guests."""
    assert objection(standing(), assignment_required=True, now=START) == "not_assigned"
    assert objection(standing(assigned=True), assignment_required=True, now=START) is None
    assert objection(standing(kind=PersonKind.MEMBER), assignment_required=True, now=START) is None
