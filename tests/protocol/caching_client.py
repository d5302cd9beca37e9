"""A client that keeps the JWKS as long as the headers allow, while keys rotate."""

from __future__ import annotations

from broker.domain.audit import Actor
from broker.jose.keys import public_keys
from broker.jose.verify import verify
from tests.protocol.stage import CALLBACK, VERIFIER, Stage

MAX_AGE = 300  # seconds, as the JWKS' Cache-Control says


def sign_ins_over_a_rotation(stage: Stage, count: int, *, seconds: int) -> set[str]:
    """So many sign-ins, `seconds` apart, each ID token verified, a rotation after the fifth part; the kids that signed."""
    who, payroll = stage.person(), stage.broker.access.applications.view("payroll")
    assert payroll is not None
    cached, fetched_at, kids = public_keys(stage.get("/jwks").get_json()), stage.clock(), set()
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK["payroll"], "code_verifier": VERIFIER}
    for number in range(count):
        if stage.clock() >= fetched_at + MAX_AGE:
            cached, fetched_at = public_keys(stage.get("/jwks").get_json()), stage.clock()
        if number == count // 5:
            stage.broker.keys.rotate(Actor.system(), now_active=False)
        _, code = stage.grant(who)
        token = stage.broker.oauth.grants.tokens(payroll, {**form, "code": code})["id_token"]
        kids.add(str(verify(token, cached, {"RS256"}).header["kid"]))
        stage.clock.advance(seconds)
    return kids
