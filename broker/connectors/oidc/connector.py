"""The code flow with one partner: builds the request, and turns the response into an Assertion (HO-9 to HO-17)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from broker.connectors.claim_paths import is_nothing
from broker.connectors.mapping import (
    ABSENT,
    Mapped,
    Wire,
    arrived,
    email_counts_as_verified,
    find,
    map_values,
    text_or_none,
    texts_or_none,
)
from broker.connectors.oidc.client_assertion import Sign, credentials
from broker.connectors.oidc.discovery import Discovery
from broker.connectors.oidc.id_token import IdToken, verify_id_token
from broker.connectors.oidc.logout_token import LogoutClaims, session_of, verify_logout_token
from broker.connectors.oidc.partner import PartnerView, Sources
from broker.connectors.outbound.client import HttpClient, HttpFailure, HttpResponse
from broker.domain.assertion import Assertion
from broker.domain.claims import PROTOCOL
from broker.domain.connector import Ask, Inbound, Outbound
from broker.domain.errors import CredentialsRefused, NoMoreProof, PartnerCancelled, PartnerFailed, PartnerUntrusted
from broker.jose.encoding import parse_object

__all__ = ["OidcConnector", "PartnerView", "Sources"]

MAX_ANSWER = 256 * 1024  # token and userinfo answers
MAX_CODE = 8192
MAX_HINT = 4096  # characters of an ID token that is kept for a sign-out there: it becomes a part of a URL
_BEARER = re.compile(r"[!-~]{1,16384}\Z")  # the most that an Authorization header can carry
_ERRORS = frozenset(  # RFC 6749 4.1.2.1, 5.2; Core 3.1.2.6: a receipt shows a word of this list and no other text
    "invalid_request unauthorized_client access_denied unsupported_response_type invalid_scope server_error "
    "temporarily_unavailable interaction_required login_required account_selection_required consent_required "
    "invalid_client invalid_grant unsupported_grant_type request_not_supported request_uri_not_supported "
    "registration_not_supported invalid_request_object invalid_request_uri unmet_authentication_requirements".split()
)
UNMET = "unmet_authentication_requirements"  # OpenID Connect Core Error Code unmet_authentication_requirements 1.0, 2


class OidcConnector:
    """One partner as an OpenID Provider. The state of a login is not kept here, but sealed in the login as `memory`.

    redirect_uri: `ISSUER/oidc/PARTNER/callback`. sign: for private_key_jwt. canonical_email: the broker's one rule for
    addresses; None if the text is no address.
    """

    def __init__(
        self,
        partner: PartnerView,
        redirect_uri: str,
        sources: Sources,
        http: HttpClient,
        sign: Sign,
        *,
        canonical_email: Callable[[str], str | None],
    ) -> None:
        self._partner = partner
        self._redirect_uri = redirect_uri
        self._sources = sources
        self._http = http
        self._sign = sign
        self._canonical_email = canonical_email

    def begin(self, ask: Ask) -> Outbound:
        """The authorization request (Core 3.1.2.1) with S256 PKCE and a nonce of 256 random bits each (HO-11).

        Raises PartnerFailed if the partner's discovery document cannot be fetched or is refused.
        """
        discovery = self._discovery()
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
        scopes = tuple(dict.fromkeys(("openid", *self._partner.scopes)))
        asked = _asked(ask, discovery, send_max_age=self._partner.send_max_age)
        query = {
            "response_type": "code",
            "client_id": self._partner.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(scopes),
            "state": ask.state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **asked,
        }
        if self._partner.form_post:
            query["response_mode"] = "form_post"  # OAuth 2.0 Form Post Response Mode 2
        if ask.login_hint:
            query["login_hint"] = ask.login_hint
        if ask.ui_locales:
            query["ui_locales"] = " ".join(ask.ui_locales)
        endpoint = discovery.authorization_endpoint
        joint = "&" if "?" in endpoint else "?"  # RFC 6749 3.1: a query of the endpoint is kept
        url = f"{endpoint}{joint}{urlencode(query, errors='replace')}"
        return Outbound(url=url, memory={"nonce": nonce, "code_verifier": verifier, **asked})

    def complete(self, inbound: Inbound) -> Assertion:
        """Redeem the code, verify the ID token, map the claims. The response may arrive by form_post or as a query.

        Raises PartnerUntrusted (upstream_iss, idtoken_*, userinfo_sub, claim_ambiguous) for a failed check and
        PartnerFailed, NoMoreProof (upstream_error, upstream_response, upstream_unavailable, url_not_allowed) for errors and missing answers.
        """
        params = inbound.params
        if "error" in params:
            kind = {UNMET: NoMoreProof, "access_denied": PartnerCancelled}.get(params["error"], PartnerFailed)
            said = kind("upstream_error", f"the provider answers {_word(params['error'])}")  # HO-17
            raise said.with_theirs(params.get("error_description"))
        discovery = self._discovery()
        self._check_iss(params, discovery)
        code = params.get("code", "")
        if not 0 < len(code) <= MAX_CODE:
            raise PartnerFailed("upstream_response", "the answer carries no code")
        answer = self._redeem(code, inbound, discovery)
        access_token = answer.get("access_token")
        token = verify_id_token(
            answer["id_token"],
            partner=self._partner,
            discovery=discovery,
            keys=self._sources.keys,
            held_back=self._sources.held_back,
            nonce=inbound.memory.get("nonce", ""),
            access_token=access_token if isinstance(access_token, str) else "",
            now=inbound.now,
        )
        kept = answer["id_token"] if discovery.signs_out and len(answer["id_token"]) <= MAX_HINT else None
        return self._assertion(token, kept, self._userinfo(token, access_token, discovery), inbound)

    def logout(self, token: str, now: int) -> LogoutClaims:
        """The verified claims of a logout token of this partner. Raises PartnerUntrusted, PartnerFailed."""
        return verify_logout_token(token, partner=self._partner, discovery=self._discovery(), keys=self._sources.keys, now=now)

    def _discovery(self) -> Discovery:
        return self._sources.judged(self._sources.discovery(), self._partner.issuer, self._http)

    def _check_iss(self, params: Mapping[str, str], discovery: Discovery) -> None:
        """RFC 9207 2.4: `iss` is compared if it arrived, and required if the provider says that it sends it (HO-9)."""
        if "iss" in params:
            if params["iss"] != self._partner.issuer:
                raise PartnerUntrusted("upstream_iss", f"iss of the answer is not {self._partner.issuer}")
        elif discovery.iss_parameter:
            raise PartnerUntrusted("upstream_iss", "the answer carries no iss although the provider announces it")

    def _redeem(self, code: str, inbound: Inbound, discovery: Discovery) -> dict[str, Any]:
        """The token response (Core 3.1.3.3): `id_token` is a text, and token_type is Bearer."""
        headers, fields = credentials(self._partner, discovery, self._sign, inbound.now)
        fields |= {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": inbound.memory.get("code_verifier", ""),
        }
        try:
            response = self._http.post_form(discovery.token_endpoint, fields, headers=headers, max_bytes=MAX_ANSWER)
        except HttpFailure as error:
            raise PartnerFailed(error.reason, f"token endpoint: {error.detail}") from error
        answer = _object(response)
        if response.status != 200:
            if 400 <= response.status < 500 and answer is not None:
                said = _word(answer.get("error"))
                refusal = CredentialsRefused if said == "invalid_client" else PartnerFailed
                detail = f"token endpoint: {response.status}, {said}{_advice(said)}"
                raise refusal("upstream_error", detail).with_theirs(answer.get("error_description"))
            raise PartnerFailed("upstream_unavailable", f"token endpoint: answers {response.status}")
        if answer is None:
            raise PartnerFailed("upstream_unavailable", "token endpoint: the answer is not a JSON object")
        kind = answer.get("token_type")
        if not isinstance(kind, str) or kind.lower() != "bearer":  # RFC 6749 5.1: in any case of letters
            raise PartnerFailed("upstream_response", "token endpoint: token_type is not Bearer")
        if not isinstance(answer.get("id_token"), str):
            raise PartnerFailed("upstream_response", "token endpoint: no id_token; is openid among the scopes?")
        return answer

    def _userinfo(self, token: IdToken, access_token: Any, discovery: Discovery) -> dict[str, Any]:
        """Userinfo without protocol claims, if the ID token lacks a claim that the file names; {} if it cannot be fetched.

        Userinfo is optional: only a different `sub` ends the login (Core 5.3.2, HO-13).
        """
        wanted = {"email": "email", "name": "name", **self._partner.claims}
        lacks = any(find(token.claims, source, Wire.OIDC) is ABSENT for source in wanted.values())
        usable = isinstance(access_token, str) and _BEARER.match(access_token)
        if not lacks or not usable or discovery.userinfo_endpoint is None:
            return {}
        try:
            response = self._http.get(
                discovery.userinfo_endpoint,
                accept="application/json",
                max_bytes=MAX_ANSWER,
                headers={"Authorization": f"Bearer {access_token}"},
            )
        except HttpFailure:
            return {}
        answer = _object(response) if response.status == 200 else None
        if answer is None:
            return {}
        if answer.get("sub") != token.subject:
            raise PartnerUntrusted("userinfo_sub", "sub of userinfo is not the sub of the ID token")
        return {name: value for name, value in answer.items() if name not in PROTOCOL}

    def _assertion(self, token: IdToken, hint: str | None, userinfo: Mapping[str, Any], inbound: Inbound) -> Assertion:
        """hint: the ID token itself, for a sign-out at a provider that takes one (RP-Initiated Logout 2)."""
        partner = self._partner
        mapped = self._mapped(token, userinfo, inbound)
        said = [source["email_verified"] for source in (token.claims, userinfo) if "email_verified" in source]
        verified = email_counts_as_verified(trusted=partner.trust_email, domains=partner.domains, email=mapped.email, said=said)
        return Assertion(
            partner=partner.id,
            issuer=partner.issuer,
            subject=token.subject,
            home_name=token.subject,
            home_session=session_of(token.claims),
            home_logout=hint,
            email=mapped.email,
            email_verified=verified,
            name=mapped.name,
            claims=mapped.claims,
            acr=text_or_none(token.claims.get("acr")),
            amr=texts_or_none(token.claims.get("amr")),
            auth_time=token.auth_time,
            arrived=arrived(token.claims, userinfo),
            skew=token.issued_at - inbound.now,
            left_out=mapped.left_out,
        )

    def _mapped(self, token: IdToken, userinfo: Mapping[str, Any], inbound: Inbound) -> Mapped:
        """Claims of the signed token win over userinfo; an empty claim of the token does not count."""
        signed = {name: value for name, value in token.claims.items() if not is_nothing(value)}
        return map_values(
            self._partner.claims,
            {**userinfo, **signed},
            Wire.OIDC,
            self._canonical_email,
            choose=lambda addresses: inbound.known(self._partner.issuer, token.subject, addresses),
            named=self._partner.ruled,
        )


def _asked(ask: Ask, discovery: Discovery, *, send_max_age: bool) -> dict[str, str]:
    """prompt, max_age and acr_values: for the request, and for the login's memory, to explain the response.

    prompt=login is always sent with max_age (HP-17, AZ-13): only max_age obliges the provider to return auth_time (Core
    3.1.2.1), and without auth_time we cannot tell that the person authenticated again. Its value is 0: the person must
    authenticate now, even if the application accepts an older sign-in; max_age=0 alone means the same, so the prompt is sent
    with it. A provider that lists its prompts without `login` gets max_age only, because it would refuse the prompt. A
    provider that refuses max_age (send_max_age) gets the prompt alone for any age, which asks for more, never for less
    (FC-14).
    """
    asked: dict[str, str] = {}
    if not send_max_age:
        asked |= {"prompt": "login"} if ask.force or ask.max_age is not None else {}
    elif ask.force or ask.max_age == 0:
        prompt = {"prompt": "login"} if discovery.prompts is None or "login" in discovery.prompts else {}
        asked |= {**prompt, "max_age": "0"}
    elif ask.max_age is not None:
        asked["max_age"] = str(ask.max_age)
    if ask.acr_values:
        asked["acr_values"] = " ".join(ask.acr_values)
    return asked


def _object(response: HttpResponse) -> dict[str, Any] | None:
    """The JSON object of a response, whatever its content type; None for anything else, such as HTML (OU-22)."""
    try:
        return parse_object(response.body, max_bytes=MAX_ANSWER, bom=True)
    except ValueError:
        return None


def _word(error: Any) -> str:
    """The standard's word for an error, or ours: the provider's own text is not passed on (HO-17, OU-19)."""
    return error if isinstance(error, str) and error in _ERRORS else "an error that no standard names"


def _advice(word: str) -> str:
    """The most frequent cause of a refusal of the token endpoint, for `doctor` and the receipt."""
    return {
        "invalid_client": ": client_id, secret or key is not what the provider has on file",
        "unauthorized_client": ": the provider does not allow this client the code flow",
        "invalid_grant": ": the code is over, or redirect_uri or code_verifier is not what it was issued for",
    }.get(word, "")
