"""For each reason of a refused application: which side can change it, the expected state, and the change (FC-02)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from broker.services.doctor.finding import Advice, Side

_A, _O = Side.APPLICATION, Side.OURS
_KEY = "the application signs with a private key of the key set in its file (jwks, jwks_uri)"

OF_APPLICATIONS: Final[Mapping[str, Advice]] = {
    # the authorization request
    "client": Advice(_A, "a client_id that is the name of a file in config/applications/", "set the client_id in the application; broker applications list shows those that exist"),
    "redirect_uri": Advice(_A, "a redirect_uri that stands in the application's file, character for character", "if the sent address is right, add it to redirect_uris in the file; otherwise correct it in the application"),
    "post_logout_redirect_uri": Advice(_A, "a post_logout_redirect_uri that stands in the application's file, character for character", "if the sent address is right, add it to post_logout_redirect_uris in the file; otherwise correct it in the application"),
    "scope": Advice(_A, "scopes with openid among them, which the application's file allows", "add openid to the scopes in the application, or to scopes in its file"),
    "response_type_missing": Advice(_A, "response_type=code", "use the authorization code flow"),
    "response_type": Advice(_A, "response_type=code", "use the authorization code flow; implicit and hybrid flows are not supported"),
    "response_mode": Advice(_A, "response_mode query or form_post", "set one of these in the application, or leave it out"),
    "pkce_missing": Advice(_A, "a code_challenge", "switch PKCE with S256 on in the application"),
    "pkce_method": Advice(_A, "code_challenge_method=S256", "set S256 in the application; plain is not accepted"),
    "pkce_challenge": Advice(_A, "a code_challenge of 43 characters: the SHA-256 of the verifier in base64url", "use the PKCE of a maintained library"),
    "prompt": Advice(_A, "prompt: none alone, or login, consent, select_account", "correct prompt in the application"),
    "max_age": Advice(_A, "max_age in whole seconds", "correct max_age in the application"),
    "acr_unknown": Advice(_A, "an acr value that the discovery document names", "ask for one of acr_values_supported"),
    "duplicate_parameter": Advice(_A, "each parameter once", "look for a parameter that is set in the address and again by the library"),
    "control_character": Advice(_A, "parameters without control characters", "look for a line break in a value of the application's settings"),
    "size": Advice(_A, "a request of at most 8 KiB", "keep state and claims short"),
    "request": Advice(_A, "plain parameters, or a key in the application's file (jwks, jwks_uri)", "switch request objects off in the application, or give it a key"),
    "request_uri": Advice(_A, "a request_uri of the pushed request endpoint", "push the request, or send its object in the request parameter; nothing is fetched from another address"),
    "request_idtoken_iss": Advice(_A, "the client_id as iss of the request object", "set it in the application"),
    "request_idtoken_aud": Advice(_A, "our issuer as aud of the request object", "set the audience in the application to the issuer"),
    "request_idtoken_time": Advice(_A, "a request object that ends within an hour", "set the clock by NTP, and the lifetime to some minutes"),
    "request_idtoken_sub": Advice(_A, "a request object without sub", "leave sub out: with it the object could authenticate the application"),
    "request_idtoken_alg": Advice(_A, "a request object signed by RS256, ES256, PS256 or EdDSA", "choose one of these in the application"),
    "request_idtoken_key": Advice(_A, _KEY, "publish the public key in the application's key set"),
    "request_idtoken_signature": Advice(_A, _KEY, "publish the public key that signs"),
    "request_client_id": Advice(_A, "the same client_id in the request object and outside", "set it in the application"),
    "request_claim": Advice(_A, "the parameters of the request as claims of the object, no request_uri and no credential", "use the request objects of a maintained library"),
    "request_uri_unknown": Advice(_A, "a request_uri of the pushed request endpoint, once, within a minute", "push a new request for each sign-in, and redirect at once"),
    "request_uri_pushed": Advice(_A, "the parameters themselves in a pushed request", "push the parameters, and send the request_uri of the answer to the authorization endpoint"),
    "par_missing": Advice(_A, "a pushed authorization request", "push the request first (pushed_authorization_request_endpoint), or remove require_pushed_authorization_requests from its file"),
    "registration": Advice(_A, "a registered client", "switch dynamic registration off in the application"),
    # client authentication
    "client_secret": Advice(_A, "the client_secret of the application's file", "set the same secret on both sides; the file reads it from ${env:...} or ${file:...}, so compare that value too"),
    "client_method": Advice(_A, "the method that the application's file stands for: client_secret, a key (jwks, jwks_uri), or no credential", "set this method in the application, or change the file"),
    "client_unknown": Advice(_A, "a client_id that is the name of a file in config/applications/", "set the client_id in the application; broker applications list shows those that exist"),
    "client_missing": Advice(_A, "a client_id", "set client_id and the way to authenticate in the application"),
    "client_basic": Advice(_A, "Basic with client_id and client_secret, each form-encoded", "let the library encode the secret (RFC 6749 2.3.1), or choose a secret of letters and digits: openssl rand -hex 32"),
    "client_scheme": Advice(_A, "Authorization: Basic", "use client_secret_basic or client_secret_post"),
    "client_two_methods": Advice(_A, "one way to authenticate", "send the credential in the header or in the form, not in both"),
    "client_two_names": Advice(_A, "one client_id", "send the same client_id in the header and in the form, or in one of the two"),
    "client_assertion_type": Advice(_A, "client_assertion with the type jwt-bearer", "use private_key_jwt of a maintained library"),
    "client_idtoken_aud": Advice(_A, "our issuer as the only aud of the client assertion (RFC 7523bis); Core 9 says the token endpoint", "set the audience in the application to the issuer; where it cannot be set, write client_assertion_audience: [issuer, token_endpoint] in its file"),
    "client_idtoken_time": Advice(_A, "a client assertion that ends within 10 minutes", "set the clock by NTP, and the lifetime to a minute or so"),
    "client_idtoken_key": Advice(_A, _KEY, "publish the public key in the application's key set"),
    "client_idtoken_signature": Advice(_A, _KEY, "publish the public key that signs"),
    "client_jti_replay": Advice(_A, "a new jti for each client assertion", "make a new assertion for each request"),
    "client_jwks_unavailable": Advice(_A, "the key set at jwks_uri", "let the broker reach jwks_uri"),
    "client_public": Advice(_A, "an application that proves itself", "give it a credential to introspect tokens"),
    # the token endpoint
    "code_unknown": Advice(_A, "a code of this application, within a minute", "redeem the code at once, with the client_id that asked for it"),
    "code_reused": Advice(_A, "each code once", "do not repeat a token request; look for two nodes that share a callback, or a page that reloads"),
    "code_proof": Advice(_A, "the redirect_uri of the authorization request, and its code_verifier", "send the same redirect_uri again, and keep the verifier in the same session"),
    "refresh_unknown": Advice(_A, "a refresh token of this application that is not over", "let the person sign in again"),
    "refresh_reused": Advice(_A, "the newest refresh token", "keep the refresh token of each answer and use it once; two nodes must share it"),
    "offline_access_taken_back": Advice(_O, "offline_access among the scopes of the file", "add offline_access to scopes, if it was not removed on purpose"),
    "scope_larger": Advice(_A, "scopes that were granted", "ask for the scopes of the sign-in, or leave scope out"),
    "dpop_missing": Advice(_A, "a DPoP proof", "switch DPoP on in the application, or remove dpop_bound_access_tokens from its file"),
    "dpop_request": Advice(_A, "the method and the address of the endpoint as htm and htu of the proof", "sign a proof for each request, with the addresses of the discovery document"),
    "dpop_idtoken_time": Advice(_A, "a proof that was made within five minutes", "set the clock by NTP, and sign a proof for each request"),
    "dpop_jti_replay": Advice(_A, "a new jti for each proof", "sign a new proof for each request, also for a repeated one"),
    "dpop_jkt": Advice(_A, "one key for the proof and dpop_jkt", "use the same key, or leave dpop_jkt out of a pushed request with a proof"),
    "dpop_at_the_api": Advice(_A, "bearer tokens for the management API", "switch DPoP off for client_credentials"),
    "code_key": Advice(_A, "a proof by the key that the authorization request named", "keep the key in the same session as the code_verifier"),
    "refresh_key": Advice(_A, "a proof by the key of the first token request", "keep the key as long as the refresh token"),
    "grant_type_missing": Advice(_A, "a grant_type", "send the form as application/x-www-form-urlencoded"),
    "grant_type": Advice(_A, "grant_type authorization_code or refresh_token", "use the authorization code flow"),
    "api_permissions": Advice(_O, "api_permissions in the file of a program that uses client_credentials", "write api_permissions, if the program may use the management API"),
    "content_type": Advice(_A, "a form: application/x-www-form-urlencoded", "set this content type in the application"),
    "query": Advice(_A, "parameters in the body", "send the form in the body, not in the address"),
    "session_ended": Advice(_A, "a session that lives", "let the person sign in again", rule=True),
    "grant_gone": Advice(_A, "a sign-in that lives", "let the person sign in again", rule=True),
    "application_removed": Advice(_O, "a file for the application", "restore the file, or switch the application off"),
}  # fmt: skip
