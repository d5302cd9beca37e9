"""The one refusal of this package."""

from __future__ import annotations

from broker.domain.errors import BrokerError


class JoseError(BrokerError):
    """A token or key that fails a check. `reason`, for log and receipt, is one of:

    idtoken_format (not a compact JWS of canonical parts, or not a JSON object), idtoken_header (a member that is not
    allowed or has the wrong type, a `typ` that is not due), idtoken_alg, idtoken_key (no or no single fitting key),
    idtoken_signature; and of claims.py: idtoken_iss, idtoken_aud, idtoken_nonce, idtoken_time, idtoken_sub,
    idtoken_at_hash, idtoken_claim. The caller maps them where the token is not an ID token. `detail` holds no input.
    """
