"""Logout tokens: what an application receives when a session of one of its people ended (Back-Channel Logout 2.4; HP-56)."""

from __future__ import annotations

from broker.domain.ids import new_id
from broker.jose.keys import PrivateKey
from broker.jose.sign import sign

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYP = "logout+jwt"
LIFE = 120  # seconds; the section advises two minutes at most


def logout_token(*, issuer: str, client_id: str, sid: str, sub: str, key: PrivateKey, now: int) -> str:
    """A signed token with `sid` and `sub`, never a `nonce`; each call makes a `jti` of its own.

    sid: the one of the application's ID tokens. A further try is a new token, because the application may have seen the `jti`.
    """
    said = {
        "iss": issuer,
        "sub": sub,
        "aud": client_id,
        "iat": now,
        "exp": now + LIFE,
        "jti": new_id(),
        "events": {EVENT: {}},
        "sid": sid,
    }
    return sign(key, said, typ=TYP)
