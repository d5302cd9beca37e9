"""Reads an authorization request with ordered checks, before pyop or other code sees a value (HP-3, HP-7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from broker.domain import assurance
from broker.domain.errors import BadRequest, OAuthError
from broker.domain.request import AuthorizationRequest
from broker.jose.errors import JoseError
from broker.provider import claims_parameter, pkce, resource_indicators
from broker.provider.application import PUBLIC, ApplicationView
from broker.provider.claims_parameter import ClaimsRequest, read_claims
from broker.provider.dpop import is_thumbprint
from broker.provider.id_token_hint import HintClaims
from broker.provider.parameters import MAX_BYTES, Parameters, is_printable
from broker.provider.redirect_uri import is_registered

READ_BYTES = 32 * 1024  # a larger request is not read at all, not even its redirect_uri
CAPS = {"state": 512, "nonce": 512, "scope": 1024, "claims": claims_parameter.MAX_BYTES}
PROMPTS = ("none", "login", "consent", "select_account")
RESPONSE_MODES = ("query", "form_post")
RequestObject = Callable[[str, ApplicationView], Sequence[tuple[str, str]]]
_MAX_AGE = re.compile(r"[0-9]{1,9}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)
_NOT_SUPPORTED = {
    "request_uri": "request_uri_not_supported",  # Core 6.2; nothing is fetched (AZ-10)
    "registration": "registration_not_supported",  # Core 7.2.1
    "authorization_details": "invalid_authorization_details",  # RFC 9396 5: no type is known here
}


_TOLD: Mapping[
    str, tuple[str, tuple[str, ...]]
] = {  # reason -> the parameter that the application's team sees, and the allowed values (FC-02)
    "response_type": ("response_type", ("code",)),
    "response_mode": ("response_mode", RESPONSE_MODES),
    "pkce_method": ("code_challenge_method", ("S256",)),
    "scope": ("scope", ()),
    "prompt": ("prompt", PROMPTS),
    "max_age": ("max_age", ()),
    "acr_unknown": ("claims", ()),
    "resource": ("resource", ()),
}


class RequestRefused(OAuthError):
    """The request is wrong; the application gets the error at its verified redirect_uri (RFC 6749 4.1.2.1)."""

    def __init__(self, error: str, *, reason: str, redirect_uri: str, response_mode: str, state: str | None) -> None:
        super().__init__(error, reason)
        self.redirect_uri = redirect_uri
        self.response_mode = response_mode
        self.state = state


def read_request(
    pairs: Sequence[tuple[str, str]],
    *,
    applications: Callable[[str], ApplicationView | None],
    hint: Callable[[str], HintClaims],
    objects: RequestObject | None = None,
    pushed: bool = False,
) -> AuthorizationRequest:
    """The request after every check, in the order of HP-7.

    applications: client_id -> application. hint: verifies an id_token_hint (raises JoseError). objects: the
    parameters of a signed request object (raises OAuthError); None where the request has none. pushed: the parameters are those
    of a pushed request, or are being pushed. Raises BadRequest (size,
    duplicate_parameter, client, redirect_uri) until redirect_uri is verified, and RequestRefused from then on.
    """
    given = Parameters.of(pairs)
    if given.size > READ_BYTES:
        raise BadRequest("size")
    if given.repeated & {"client_id", "redirect_uri"}:
        raise BadRequest("duplicate_parameter")
    application = applications(given.values.get("client_id", ""))
    if application is None:
        raise BadRequest("client").of_application("", given.values.get("client_id", ""))
    if "request" in given.values:
        given = _opened(given, application, objects)
    redirect_uri = given.values.get("redirect_uri", "")
    if not _is_registered(redirect_uri, application):
        raise BadRequest("redirect_uri").of_application(application.client_id, redirect_uri, application.redirect_uris)
    return _Reader(given, application, redirect_uri, pushed=pushed).read(hint)


def _opened(given: Parameters, application: ApplicationView, objects: RequestObject | None) -> Parameters:
    """The parameters of the request object; those outside it are not read (RFC 9101 6.3).

    Only a refusal is sent to the redirect_uri outside it, if that is registered; otherwise it is a page.
    """
    try:
        if "request" in given.repeated or "request_uri" in given.values:
            raise OAuthError("invalid_request", "duplicate_parameter")  # RFC 9101 5
        if objects is None:
            raise OAuthError("request_not_supported", "request")
        return Parameters.of(objects(given.values["request"], application))
    except OAuthError as error:
        redirect_uri = given.values.get("redirect_uri", "")
        if not _is_registered(redirect_uri, application):
            raise BadRequest(error.reason).of_application(application.client_id) from error
        return _Reader(given, application, redirect_uri, pushed=False).refuse(error.error, error.reason)


def _is_registered(redirect_uri: str, application: ApplicationView) -> bool:
    return is_registered(redirect_uri, application.redirect_uris, public=application.client_type == PUBLIC)


class _Reader:
    """The checks after redirect_uri is verified; every refusal is sent there."""

    def __init__(self, given: Parameters, application: ApplicationView, redirect_uri: str, *, pushed: bool) -> None:
        self._given = given
        self._values: Mapping[str, str] = given.values
        self._application = application
        self._redirect_uri = redirect_uri
        self._pushed = pushed
        mode = self._once("response_mode")
        self._response_mode = mode if mode in RESPONSE_MODES else "query"
        state = self._once("state")
        self._state = state if state and len(state) <= CAPS["state"] and is_printable(state) else None

    def read(self, hint: Callable[[str], HintClaims]) -> AuthorizationRequest:
        self._check_form()
        self._check_response()
        challenge = self._challenge()
        scopes = self._scopes()
        claims = self._claims()
        parameter_acr = tuple(value for value in self._words("acr_values") if assurance.rank(value))
        hinted = self._hint(hint)
        return AuthorizationRequest(
            client_id=self._application.client_id,
            redirect_uri=self._redirect_uri,
            scopes=scopes,
            state=self._state,
            nonce=self._values.get("nonce"),
            response_mode=self._response_mode,
            code_challenge=challenge,
            prompt=self._prompt(),
            max_age=self._max_age(),
            acr_values=claims.acr_values or parameter_acr,
            acr_essential=claims.acr_essential,
            login_hint=self._short("login_hint", 320),
            domain_hint=self._short("domain_hint", 253),
            ui_locales=tuple(tag for tag in self._words("ui_locales")[:10] if _LOCALE.fullmatch(tag)),
            claims=claims.names,
            hint_subject=hinted.subject if hinted else None,
            requested_subject=claims.subjects or (),
            dpop_jkt=self._thumbprint(),
            resources=self._resources(),
        )

    def refuse(self, error: str, reason: str) -> NoReturn:
        refused = RequestRefused(
            error, reason=reason, redirect_uri=self._redirect_uri, response_mode=self._response_mode, state=self._state
        )
        name, allowed = _TOLD.get(reason, ("", ()))
        if reason == "scope":
            allowed = tuple(sorted(self._application.scopes))
        if reason == "resource":
            allowed = self._application.resources
        raise refused.of_application(self._application.client_id, self._values.get(name, ""), allowed)

    def _once(self, name: str) -> str | None:
        return None if name in self._given.repeated else self._values.get(name)

    def _words(self, name: str) -> list[str]:
        return [word for word in self._values.get(name, "").split(" ") if word]

    def _short(self, name: str, limit: int) -> str | None:
        """A hint; one that is too long is ignored."""
        value = self._values.get(name)
        return value if value is not None and len(value) <= limit else None

    def _check_form(self) -> None:
        if self._given.size > MAX_BYTES:
            self.refuse("invalid_request", "size")
        if self._given.repeated:
            self.refuse("invalid_request", "duplicate_parameter")  # RFC 6749 3.1
        for name, cap in CAPS.items():
            if len(self._values.get(name, "")) > cap:
                self.refuse("invalid_request", f"{name}_size")
        if not all(is_printable(value) for value in self._values.values()):
            self.refuse("invalid_request", "control_character")

    def _check_response(self) -> None:
        for name, error in _NOT_SUPPORTED.items():
            if name in self._values:
                self.refuse(error, name)
        if self._application.require_pushed_requests and not self._pushed:
            self.refuse("invalid_request", "par_missing")  # RFC 9126 6
        if "response_type" not in self._values:
            self.refuse("invalid_request", "response_type_missing")
        if self._values["response_type"] != "code":  # HP-12: no application can allow more
            self.refuse("unsupported_response_type", "response_type")
        if self._values.get("response_mode", "query") not in RESPONSE_MODES:
            self.refuse("invalid_request", "response_mode")

    def _challenge(self) -> str | None:
        challenge, method = self._values.get("code_challenge"), self._values.get("code_challenge_method")
        if challenge is None and method is None:
            if self._application.client_type == PUBLIC or self._application.require_pkce:
                self.refuse("invalid_request", "pkce_missing")  # RFC 9700 2.1.1
            return None
        if method != "S256":  # RFC 7636 4.3: without a method it would be `plain`
            self.refuse("invalid_request", "pkce_method")
        if challenge is None or not pkce.is_challenge(challenge):
            self.refuse("invalid_request", "pkce_challenge")
        return challenge

    def _thumbprint(self) -> str | None:
        """RFC 9449 10: the key to which the code will be bound."""
        text = self._values.get("dpop_jkt")
        if text is not None and not is_thumbprint(text):
            self.refuse("invalid_request", "dpop_jkt")
        return text

    def _scopes(self) -> tuple[str, ...]:
        """HP-18: allowed by the application's file, which names known ones only; others are dropped (RFC 6749 3.3)."""
        asked = dict.fromkeys(self._words("scope"))
        granted = tuple(scope for scope in asked if scope in self._application.scopes)
        if "openid" not in granted:
            self.refuse("invalid_scope", "scope")
        return granted

    def _resources(self) -> tuple[str, ...]:
        try:
            return resource_indicators.requested(self._values, self._application)
        except OAuthError as error:
            self.refuse(error.error, error.reason)

    def _claims(self) -> ClaimsRequest:
        if "claims" not in self._values:
            return ClaimsRequest()
        try:
            claims = read_claims(self._values["claims"], self._application.claims)
        except ValueError:
            self.refuse("invalid_request", "claims")
        if claims.subjects == ():
            self.refuse("login_required", "subject_impossible")  # Core 5.5.1
        if claims.acr_essential and not claims.acr_known:
            self.refuse("unmet_authentication_requirements", "acr_unknown")  # Core 5.5.1.1
        return claims

    def _hint(self, hint: Callable[[str], HintClaims]) -> HintClaims | None:
        if "id_token_hint" not in self._values:
            return None
        try:
            hinted = hint(self._values["id_token_hint"])
        except JoseError as error:
            self.refuse("invalid_request", f"hint_{error.reason}")
        if hinted.client_id != self._application.client_id:
            self.refuse("invalid_request", "hint_audience")
        return hinted

    def _prompt(self) -> tuple[str, ...]:
        """Core 3.1.2.1: `none` must be the only value; an unknown value is an error."""
        prompts = tuple(dict.fromkeys(self._words("prompt")))
        if not set(prompts) <= set(PROMPTS) or ("none" in prompts and len(prompts) > 1):
            self.refuse("invalid_request", "prompt")
        return prompts

    def _max_age(self) -> int | None:
        text = self._values.get("max_age")
        if text is None:
            return None
        if not _MAX_AGE.fullmatch(text):
            self.refuse("invalid_request", "max_age")
        return int(text)
