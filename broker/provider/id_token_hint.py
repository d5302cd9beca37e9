"""id_token_hint: one of our ID tokens, of any age, names the expected person or the session that ends (HP-15, HP-44)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from broker.jose import claims
from broker.jose.algorithms import OUR_ALGORITHMS
from broker.jose.errors import JoseError
from broker.jose.keys import PublicKey
from broker.jose.verify import verify


@dataclass(frozen=True, slots=True, kw_only=True)
class HintClaims:
    """The claims of a verified hint: the application it was made for, its subject and session."""

    client_id: str
    subject: str
    sid: str


def read_hint(token: str, *, issuer: str, keys: Sequence[PublicKey], now: int) -> HintClaims:
    """Verified by our keys, retired ones too; exp may be past (Core 3.1.2.1). Raises JoseError.

    Only an ID token has all of these claims and this `typ`, so that no other token passes as one (HT-5).
    """
    said = verify(token, keys, OUR_ALGORITHMS).claims
    claims.check_issuer(said, issuer)
    claims.check_times(said, now, oldest=None, may_be_expired=True)
    client_id, sid = said.get("aud"), said.get("sid")
    if not isinstance(client_id, str) or not isinstance(sid, str) or "auth_time" not in said:
        raise JoseError("idtoken_claim", "no ID token of ours")
    return HintClaims(client_id=client_id, subject=claims.subject(said), sid=sid)
