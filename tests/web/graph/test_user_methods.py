"""`/users/ID/authentication`: a method is removed by its kind, and nothing that it opened stays open."""

from __future__ import annotations

from broker.domain.factor import Method
from broker.domain.ids import digest, new_id, new_secret
from broker.storage.directory import people
from broker.storage.factors import factors, resets
from broker.storage.oauth import sessions
from broker.storage.operations import outbox
from tests import factories
from tests.web.graph.api import ALL, Api, error_of, program_of

GONE, DENIED = (404, "Request_ResourceNotFound"), (403, "Authorization_RequestDenied")


def with_methods(api: Api, name: str) -> tuple[str, str, str]:
    """A guest with a passkey and an authenticator app; the ids."""
    guest = api.guest(name)
    passkey = factories.factor(guest, id=new_id(), method=Method.PASSKEY, credential=f"credential of {name}")
    app = factories.factor(guest, id=new_id(), method=Method.TOTP)
    with api.broker.core.db.write() as tx:
        factors.add(tx, passkey)
        factors.add(tx, app)
        sessions.add(tx, factories.session(guest, sid=new_id(), expires_at=api.clock() + 3600), digest(new_secret()))
    return guest, passkey.id, app.id


def listed(api: Api, guest: str) -> list[str]:
    return [row["id"] for row in api.get(f"/users/{guest}/authentication/methods").get_json()["value"]]


def test_a_method_is_removed(both: Api) -> None:
    """The path names the kind; sessions end, the guest gets an e-mail, the audit names the program; codes and an agreed reset go with the last one."""
    guest, passkey, app = with_methods(both, "ada")
    path = f"/users/{guest}/authentication"
    assert sorted(listed(both, guest)) == sorted([passkey, app])
    for wrong in (f"{path}/fido2Methods/{app}", f"{path}/softwareOathMethods/{passkey}", f"{path}/fido2Methods/{new_id()}"):
        assert error_of(both.ask("DELETE", wrong)) == GONE
    assert both.ask("DELETE", f"{path}/fido2Methods/{passkey}").status_code == 204
    assert error_of(both.ask("DELETE", f"{path}/fido2Methods/{passkey}")) == GONE
    assert listed(both, guest) == [app]
    with both.broker.core.db.write() as tx:
        assert sessions.live_of(tx, guest, both.clock()) == []
        held = people.by_id(tx, guest)
        factors.set_codes(tx, guest, ["a-hash"], both.clock())
        resets.schedule(tx, guest, both.clock() + 60, both.clock())
    assert held is not None
    assert held.vouched_until is None
    (row,) = both.audited("factor.removed")
    assert (row["actor_id"], row["subject"], row["data"]["factor"]) == (ALL, guest, passkey)
    assert both.ask("DELETE", f"{path}/softwareOathMethods/{app}").status_code == 204
    with both.broker.core.db.read() as tx:
        held = people.by_id(tx, guest)
        assert factors.codes_left(tx, guest) == 0
        assert resets.due_at(tx, guest) is None  # it would remove the method that they add next
        mails = outbox.of_person(tx, guest, limit=10)
    assert held is not None
    assert held.vouched_until == both.clock() + 7 * 86_400
    assert len(mails) == 2


def test_who_may_remove_a_method(api: Api) -> None:
    """AD-01, AD-04: by the path of another guest nothing goes; members and codes by e-mail stay; reading does not remove."""
    guest, passkey, app = with_methods(api, "ada")
    eve, member = api.guest("eve"), api.member("alice")
    assert error_of(api.ask("DELETE", f"/users/{eve}/authentication/fido2Methods/{passkey}")) == GONE
    assert error_of(api.ask("DELETE", f"/users/{member}/authentication/fido2Methods/{passkey}")) == DENIED
    assert error_of(api.ask("DELETE", f"/users/{guest}/authentication/emailMethods/{guest}")) == DENIED
    for program in ("User.Read.All", "User.Invite.All", "AuditLog.Read.All"):
        answer = api.ask("DELETE", f"/users/{guest}/authentication/fido2Methods/{passkey}", by=program_of(program))
        assert error_of(answer) == DENIED, program
    assert sorted(listed(api, guest)) == sorted([passkey, app])
