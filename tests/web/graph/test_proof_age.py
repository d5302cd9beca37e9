"""An act for a person that a stolen token must not be enough for asks for a proof that is younger than ten minutes (MF-12)."""

from __future__ import annotations

from typing import Any

from broker.domain.factor import Method, Proof
from broker.domain.ids import digest, new_id, new_secret
from broker.storage.factors import factors
from broker.storage.oauth import grants, sessions, tokens
from tests import factories
from tests.web.graph.api import HOSTS, ISSUER, Api, error_of

PORTAL = "portal"
FILE = (
    "name: Our portal\nclient_secret: ${env:SECRET}\nredirect_uris: [https://portal.contoso.example/callback]\n"
    "scopes: [openid]\ndelegated_permissions: [User.ReadWrite.All]\n"
)
AGE = 600  # seconds


def token_of(api: Api, person: str, ago: int, **proof: Any) -> str:
    """The name of a token that the portal has for a member who signed in `ago` seconds ago."""
    now, secret, name = api.clock(), new_secret(), new_id()
    times = {"auth_time": now - ago, "created_at": now - ago}
    session = factories.session(
        person, sid=new_id(), partner="staff", issuer=HOSTS["staff"], last_seen_at=now, expires_at=now + 3600, **times
    )
    scopes = ("openid", f"{ISSUER}/User.ReadWrite.All")
    stored = {"issuer": HOSTS["staff"], "auth_time_known": True, **proof}
    grant = factories.grant(person, sid=session.sid, client_id=PORTAL, idp="staff", scopes=scopes, proof=stored, **times)
    with api.broker.core.db.write() as tx:
        sessions.add(tx, session, digest(new_secret()))
        grants.add(tx, grant)
        tokens.add_access(tx, secret, grant.id, scopes, now=now, expires_at=now + 600)
    api.tokens[name] = secret
    return name


CASES = (  # seconds since the sign-in, whether its time is known, seconds since a proof of their own, whether it is enough
    (AGE, True, None, True),
    (AGE + 1, True, None, False),
    (0, False, None, False),  # the home organization sends no auth_time
    (3600, True, AGE, True),
    (3600, True, AGE + 1, False),
)


def test_removing_a_method_needs_a_proof_of_ten_minutes(api: Api) -> None:
    """MF-12: the age counts at the moment of the act; a program that acts for itself is no person and is not asked."""
    api.write(f"applications/{PORTAL}.yaml", FILE)
    api.write("broker.yaml", (api.home / "config" / "broker.yaml").read_text() + "administrators: [alice@contoso.example]\n")
    alice, guest = api.member("alice", email_verified=True), api.guest("ada")
    mine = factories.factor(alice, id=new_id(), method=Method.TOTP)
    with api.broker.core.db.write() as tx:
        factors.add(tx, mine)
    left = []
    for number, (ago, known, own, enough) in enumerate(CASES):
        passkey = factories.factor(guest, id=new_id(), method=Method.PASSKEY, credential=f"credential {number}")
        with api.broker.core.db.write() as tx:
            factors.add(tx, passkey)
        by = [] if own is None else [Proof(method=Method.TOTP, at=api.clock() - own, by=mine.id, person=alice).to_json()]
        token = token_of(api, alice, ago, auth_time_known=known, by=by)
        assert api.get(f"/users/{guest}", by=token).status_code == 200
        answer = api.ask("DELETE", f"/users/{guest}/authentication/fido2Methods/{passkey.id}", by=token)
        if enough:
            assert answer.status_code == 204, number
            continue
        left.append(passkey.id)
        assert error_of(answer) == (403, "Authorization_RequestDenied"), number
        assert "ten minutes" in answer.get_json()["error"]["message"]
    with api.broker.core.db.read() as tx:
        assert {one.id for one in factors.of_person(tx, guest)} == set(left)
    assert len(api.audited("factor.removed")) == len(CASES) - len(left)
    assert api.ask("DELETE", f"/users/{guest}/authentication/fido2Methods/{left[0]}").status_code == 204
