"""OAuth errors: status and fixed description of each."""

from __future__ import annotations

# RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 8707 2, RFC 9126 2.3, RFC 9396 5, Core 3.1.2.6: one fixed description an error (HP-27).
OAUTH: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "The request is missing a parameter, repeats one, or has one with a value that cannot be used."),
    "invalid_client": (401, "Client authentication failed."),
    "invalid_grant": (400, "The code or refresh token is invalid, expired, used or was issued to somebody else."),
    "unauthorized_client": (400, "This client may not use this grant or response type."),
    "unsupported_grant_type": (400, "This grant type is not supported."),
    "unsupported_response_type": (400, "This response type is not supported."),
    "invalid_scope": (400, "A requested scope is unknown or not allowed for this client."),
    "invalid_target": (400, "A requested resource is unknown, malformed or not allowed for this client."),
    "request_not_supported": (400, "The request parameter is not supported for a client without a key."),
    "invalid_request_object": (400, "The request object is malformed, expired or not signed by a key of this client."),
    "invalid_authorization_details": (400, "Authorization details are not supported."),
    "request_uri_not_supported": (400, "The request_uri parameter is only supported for pushed requests."),
    "registration_not_supported": (400, "The registration parameter is not supported."),
    "access_denied": (400, "Access was denied."),
    "login_required": (400, "The person must sign in."),
    "consent_required": (400, "The person must agree first."),
    "interaction_required": (400, "The person must answer a page first."),
    "account_selection_required": (400, "The person must choose an account."),
    "unmet_authentication_requirements": (400, "The requested level of authentication was not reached."),
    "invalid_token": (401, "The access token is invalid, expired or revoked."),
    "invalid_dpop_proof": (400, "The DPoP proof is missing, malformed, used before, or of another request or key."),
    "use_dpop_nonce": (400, "The DPoP proof needs the nonce of this response."),
    "insufficient_scope": (403, "The access token does not allow this."),
    "authorization_pending": (400, "The person has not answered yet."),
    "slow_down": (400, "Too many requests."),  # RFC 8628 3.5; a limit of ours answers 429
    "expired_token": (400, "The device code has expired."),
    "server_error": (500, "The server could not answer; the cause is in its log."),
    "temporarily_unavailable": (503, "The server cannot answer at the moment."),
}
