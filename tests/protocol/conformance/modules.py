"""The modules of the conformance suite that concern us, each with the test of ours that checks the same without the suite.

A test is `FILE::FUNCTION`, the file below tests/. Modules of a plan that is only the Basic one with another response mode are not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping

_REQUEST, _TOKENS = "protocol/test_oidc_core_request.py", "protocol/test_oidc_core_tokens.py"
_AUTHORIZE, _CODE = "protocol/test_rfc6749_authorize.py", "protocol/test_rfc6749_token.py"
_USERINFO, _DISCOVERY = "protocol/test_rfc6750_userinfo.py", "protocol/test_oidc_discovery.py"
_LOGOUT, _ASSERTION = "protocol/test_rp_initiated_logout.py", "protocol/test_rfc7523_client_assertion.py"
_PAR, _PKCE, _DPOP = "protocol/test_rfc9126_par.py", "protocol/test_rfc7636_pkce.py", "protocol/test_rfc9449_dpop.py"
_FAPI = "protocol/test_fapi2_security_profile.py"

BASIC: Mapping[str, str] = {
    "oidcc-server": f"{_TOKENS}::test_code_to_tokens_to_userinfo",
    "oidcc-response-type-missing": f"{_AUTHORIZE}::test_missing_response_type",
    "oidcc-userinfo-get": f"{_USERINFO}::test_get_and_post",
    "oidcc-userinfo-post-header": f"{_USERINFO}::test_get_and_post",
    "oidcc-userinfo-post-body": f"{_USERINFO}::test_get_and_post",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow": f"{_TOKENS}::test_without_nonce",
    "oidcc-scope-profile": f"{_TOKENS}::test_claims_of_a_scope",
    "oidcc-scope-email": f"{_TOKENS}::test_claims_of_a_scope",
    "oidcc-scope-address": f"{_TOKENS}::test_claims_of_a_scope",
    "oidcc-scope-phone": f"{_TOKENS}::test_claims_of_a_scope",
    "oidcc-scope-all": f"{_TOKENS}::test_values",
    "oidcc-ensure-other-scope-order-succeeds": "protocol/conformance/test_modules.py::test_ensure_other_scope_order_succeeds",
    "oidcc-display-page": f"{_DISCOVERY}::test_each_display_works",
    "oidcc-display-popup": f"{_DISCOVERY}::test_each_display_works",
    "oidcc-prompt-login": "journeys/test_flow.py::test_prompt_login_asks_anew",
    "oidcc-prompt-none-not-logged-in": f"{_REQUEST}::test_silent_without_session",
    "oidcc-prompt-none-logged-in": f"{_REQUEST}::test_silent_with_session",
    "oidcc-max-age-1": "journeys/test_flow.py::test_max_age",
    "oidcc-max-age-10000": f"{_REQUEST}::test_silent_with_max_age",
    "oidcc-ensure-request-with-unknown-parameter-succeeds": f"{_AUTHORIZE}::test_unknown_parameters_are_ignored",
    "oidcc-id-token-hint": f"{_REQUEST}::test_hint",
    "oidcc-login-hint": f"{_REQUEST}::test_hints_and_locales",
    "oidcc-ui-locales": f"{_REQUEST}::test_hints_and_locales",
    "oidcc-claims-locales": f"{_REQUEST}::test_hints_and_locales",
    "oidcc-ensure-request-with-acr-values-succeeds": f"{_REQUEST}::test_acr_values",
    "oidcc-codereuse": f"{_CODE}::test_code_is_spent_once",
    "oidcc-codereuse-30seconds": "protocol/conformance/test_modules.py::test_codereuse_30seconds",
    "oidcc-ensure-registered-redirect-uri": "protocol/test_redirect_uri.py::test_redirect_uri_is_compared_character_for_character",
    "oidcc-ensure-post-request-succeeds": f"{_AUTHORIZE}::test_post_with_the_cookie_begins_at_once",
    "oidcc-server-client-secret-post": "protocol/test_rfc6749_clients.py::test_each_its_own_way",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": f"{_REQUEST}::test_request_uri",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": f"{_REQUEST}::test_request_object",
    "oidcc-claims-essential": f"{_TOKENS}::test_requested_claims",
    "oidcc-ensure-request-object-with-redirect-uri": "protocol/test_rfc9101_jar.py::test_nothing_beside_the_object_is_read",
    "oidcc-refresh-token": "protocol/test_rfc6749_refresh.py::test_rotation",
    "oidcc-ensure-request-with-valid-pkce-succeeds": f"{_TOKENS}::test_code_to_tokens_to_userinfo",
}
CONFIG: Mapping[str, str] = {
    "oidcc-discovery-endpoint-verification": f"{_DISCOVERY}::test_golden_file",
    "oidcc-formpost": "protocol/test_oauth_form_post.py::test_success",
}
LOGOUT: Mapping[str, str] = {
    "oidcc-rp-initiated-logout-discovery-endpoint-verification": f"{_DISCOVERY}::test_golden_file",
    "oidcc-rp-initiated-logout": f"{_LOGOUT}::test_hint_of_this_session_ends_it_at_once",
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": f"{_LOGOUT}::test_a_verified_hint_and_an_unregistered_address",
    "oidcc-rp-initiated-logout-modified-id-token-hint": f"{_LOGOUT}::test_anything_else_asks_first",
    "oidcc-rp-initiated-logout-no-id-token-hint": f"{_LOGOUT}::test_nothing_unverified_redirects",
    "oidcc-rp-initiated-logout-no-params": f"{_LOGOUT}::test_anything_else_asks_first",
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri": f"{_LOGOUT}::test_without_redirect_there_is_a_page",
    "oidcc-rp-initiated-logout-no-state": "protocol/conformance/test_modules.py::test_rp_initiated_logout_no_state",
    "oidcc-rp-initiated-logout-only-state": "protocol/conformance/test_modules.py::test_rp_initiated_logout_only_state",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": f"{_LOGOUT}::test_nothing_unverified_redirects",
    "oidcc-rp-initiated-logout-bad-id-token-hint": f"{_LOGOUT}::test_anything_else_asks_first",
    "oidcc-frontchannel-logout-discovery-endpoint-verification": f"{_DISCOVERY}::test_golden_file",
    "oidcc-frontchannel-rp-initiated-logout": "protocol/test_frontchannel_logout.py::test_back_to_the_application_by_the_page",
    "oidcc-backchannel-logout-discovery-endpoint-verification": f"{_DISCOVERY}::test_golden_file",
    "oidcc-backchannel-rp-initiated-logout": "protocol/test_backchannel_logout.py::test_the_logout_token",
}
FAPI_2: Mapping[str, str] = {
    f"fapi2-security-profile-final-{name}": test
    for name, test in {
        "discovery-end-point-verification": f"{_DISCOVERY}::test_golden_file",
        "happy-flow": f"{_FAPI}::test_a_whole_sign_in",
        "user-rejects-authentication": "journeys/test_pages_say.py::test_fd_02_cancel_at_home_is_no_fault_of_the_organization",
        "ensure-unsigned-authorization-request-without-using-par-fails": f"{_FAPI}::test_only_pushed_requests",
        "ensure-response-type-token-fails": f"{_PAR}::test_refused_at_the_push",
        "ensure-response-type-code-idtoken-fails": f"{_AUTHORIZE}::test_response_type_is_code",
        "ensure-holder-of-key-required": f"{_FAPI}::test_only_bound_tokens",
        "ensure-authorization-code-is-bound-to-client": f"{_CODE}::test_code_of_another_client",
        "attempt-reuse-authorization-code-after-one-second": f"{_CODE}::test_code_is_spent_once",
        "ensure-token-endpoint-fails-with-expired-auth-code": f"{_CODE}::test_code_lives_sixty_seconds",
        "ensure-client-assertion-in-token-endpoint": f"{_ASSERTION}::test_incomplete_assertion",
        "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": f"{_ASSERTION}::test_claims_of_an_assertion",
        "ensure-client-assertion-with-wrong-aud-fails": f"{_ASSERTION}::test_claims_of_an_assertion",
        "ensure-client-assertion-with-no-sub-fails": f"{_ASSERTION}::test_claims_of_an_assertion",
        "dpop-negative-tests": f"{_DPOP}::test_claims_of_a_proof",
        "ensure-mismatched-dpop-jkt-fails": "protocol/test_dpop_refresh.py::test_a_pushed_request_binds_the_code",
        "ensure-token-endpoint-fails-with-mismatched-dpop-jkt": "protocol/test_dpop_refresh.py::test_a_bound_code",
        "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt": "protocol/test_dpop_refresh.py::test_a_pushed_request_binds_the_code",
        "refresh-token": f"{_FAPI}::test_no_rotation",
        "par-attempt-reuse-request_uri": f"{_PAR}::test_a_request_uri_is_used_once",
        "par-attempt-to-use-expired-request_uri": f"{_PAR}::test_its_life",
        "par-attempt-to-use-request_uri-for-different-client": f"{_PAR}::test_it_belongs_to_its_client",
        "par-authorization-request-containing-request_uri-form-param": f"{_PAR}::test_refused_at_the_push",
        "par-attempt-invalid-http-method": "protocol/conformance/test_modules.py::test_par_attempt_invalid_http_method",
        "par-ensure-pkce-required": f"{_FAPI}::test_only_with_pkce",
        "par-plain-pkce-rejected": f"{_PKCE}::test_challenge_that_proves_nothing",
        "ensure-pkce-code-verifier-required": f"{_PKCE}::test_wrong_verifier_burns_the_code",
        "incorrect-pkce-code-verifier-rejected": f"{_PKCE}::test_wrong_verifier_burns_the_code",
        "par-without-duplicate-parameters": f"{_PAR}::test_pushed_and_used",
    }.items()
}
MODULES = {**BASIC, **CONFIG, **LOGOUT, **FAPI_2}
