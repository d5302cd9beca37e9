"""ID tokens and JWT access tokens: the frozen values of a grant, signed with the ring's key (HP-39, HP-40, HP-41)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from broker.domain import assurance
from broker.domain.claims import PROTOCOL
from broker.domain.ids import new_id
from broker.domain.login import Grant
from broker.domain.token import confirmation
from broker.jose.keys import PrivateKey
from broker.jose.sign import half_hash, sign


def id_token(
    grant: Grant,
    *,
    issuer: str,
    key: PrivateKey,
    claims: Mapping[str, Any],
    access_token: str,
    nonce: str | None,
    now: int,
    lifetime: int,
    with_proofs: bool = False,
) -> str:
    """A signed ID token (Core 2, 3.1.3.6). claims: the released ones; protocol claims are written last and replace them.

    with_proofs: adds the list of proofs, for an application that asks for it.
    """
    said = {name: value for name, value in claims.items() if name not in PROTOCOL}
    said |= {
        "iss": issuer,
        "sub": grant.sub,
        "aud": grant.client_id,
        "exp": now + lifetime,
        "iat": now,
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": list(grant.amr),
        "sid": grant.application_sid,
        "idp": grant.idp,
        "at_hash": half_hash(key.alg, access_token),
    }
    if grant.proofs and with_proofs:
        said["proofs"] = assurance.released_proofs(
            grant.proofs, partner_mfa=grant.proof.get("partner_mfa") is True, ourselves=issuer
        )
    if nonce is not None:
        said["nonce"] = nonce
    return sign(key, said, typ="JWT")


def access_token(
    grant: Grant,
    *,
    issuer: str,
    key: PrivateKey,
    scopes: Iterable[str],
    audience: Sequence[str],
    now: int,
    lifetime: int,
    jkt: str | None = None,
    x5t: str | None = None,
) -> str:
    """A JWT access token (RFC 9068 2): `typ` at+jwt, so that it never passes as an ID token. audience: the resources; at least one.

    It has no claim about the person but `sub`: the application's own, pairwise one, also at the resource. jkt, x5t: the
    thumbprints of the key and of the certificate that it is bound to.
    """
    said: dict[str, Any] = {
        "iss": issuer,
        "sub": grant.sub,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "exp": now + lifetime,
        "iat": now,
        "jti": new_id(),
        "client_id": grant.client_id,
        "scope": " ".join(scopes),
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": list(grant.amr),
        "sid": grant.application_sid,
    }
    if bound := confirmation(jkt, x5t):
        said["cnf"] = bound
    return sign(key, said, typ="at+jwt")
