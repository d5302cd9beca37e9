"""The token of a workload as client assertion: a pipeline or a cluster proves a program that has no secret (RFC 7521 4.2, RFC 7523 3).

RFC 7523 3 wants the client_id as sub. Here the application's file says which sub of which issuer is this client, so the request names
the client by client_id, as at Microsoft Entra and other servers with federated credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.errors import OAuthError
from broker.domain.ids import digest
from broker.domain.times import HOUR
from broker.jose import claims
from broker.jose.algorithms import OUR_ALGORITHMS
from broker.jose.errors import JoseError
from broker.jose.keys import PublicKey
from broker.jose.verify import parse, verify
from broker.provider.application import ApplicationView, Workload

OLDEST = 600  # seconds since iat
LONGEST = HOUR  # until exp

WorkloadKeys = Callable[[str, bool], Sequence[PublicKey]]


@dataclass(frozen=True, slots=True)
class WorkloadProof:
    """A valid token of a workload. value: of the token, to be used once. expires_at: from then on nobody accepts it; made_at: nobody did earlier."""

    workload: Workload
    value: str
    expires_at: int
    made_at: int


def check_workload(assertion: str, application: ApplicationView, keys: WorkloadKeys, now: int) -> WorkloadProof:
    """Verifies the token against the workloads of the application's file. Raises OAuthError(invalid_client).

    keys: (issuer of the file, whether to fetch again for an unknown key) -> its public keys. The issuer that the token claims only chooses
    among those of the file; its signature and claims are verified after that.
    """
    try:
        said = parse(assertion, OUR_ALGORITHMS).claims.get("iss")
        issuer = next((one.issuer for one in application.workloads if one.issuer == said), None)
        if issuer is None:
            raise JoseError("idtoken_iss", "iss is none of trusted_issuers")
        proven = verify(assertion, lambda refresh: keys(issuer, refresh), OUR_ALGORITHMS).claims
        claims.check_issuer(proven, issuer)
        workload = _workload(proven, application, issuer)
        claims.check_times(proven, now, oldest=OLDEST)
        made_at = _time(proven, "iat") - claims.SKEW
        expires_at = min(_time(proven, "exp"), _time(proven, "iat") + OLDEST) + claims.SKEW + 1
        if _time(proven, "exp") > now + LONGEST + claims.SKEW:
            raise JoseError("idtoken_time", "exp is too far away")
    except JoseError as error:
        reason = {"idtoken_key": "client_issuer_key", "idtoken_signature": "client_issuer_key"}.get(error.reason)
        raise OAuthError("invalid_client", reason or f"client_workload_{error.reason.removeprefix('idtoken_')}") from error
    return WorkloadProof(workload, f"{issuer}\n{digest(assertion.rpartition('.')[0])}", expires_at, made_at)


def _workload(proven: Mapping[str, Any], application: ApplicationView, issuer: str) -> Workload:
    """The entry whose three values are those of the token. A further audience would be a service that can use the token here."""
    subject, audiences = claims.subject(proven), claims.audiences(proven)
    same_subject = [one for one in application.workloads if (one.issuer, one.subject) == (issuer, subject)]
    if not same_subject:
        raise JoseError("idtoken_sub", "sub is none of trusted_issuers")
    found = next((one for one in same_subject if audiences == (one.audience,)), None)
    if found is None:
        raise JoseError("idtoken_aud", "aud is not the audience of trusted_issuers alone")
    return found


def _time(proven: Mapping[str, Any], name: str) -> int:
    return claims.integer(proven, name) or 0
