"""The OpenID Provider of a partner: small, correct, honest about auth_time and acr - until a fault is switched on.

It knows no HTTP server; `partner` puts pages around it, tests may call it directly. What it speaks: OpenID Connect Discovery, the
code flow with PKCE S256 (RFC 7636), query and form_post, client_secret_basic and _post and public clients, `iss` in every answer
(RFC 9207), prompt (none, login, select_account, consent), max_age, login_hint, acr_values. All state is in memory.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from broker.demo.faults import FAULTS, UNREACHABLE, distort, without_mail
from broker.demo.protocol import MFA, SFA, Account, Client, Code, DemoSession, ProtocolError, Request, basic, check_verifier
from broker.jose.errors import JoseError
from broker.jose.keys import PrivateKey, generate
from broker.jose.sign import half_hash, sign
from broker.jose.verify import verify

__all__ = ["MFA", "SFA", "Account", "Client", "DemoSession", "IdentityProvider", "ProtocolError", "Request"]
CODE_LIFETIME, TOKEN_LIFETIME = 60, 600  # seconds


class IdentityProvider:
    """The people, the clients and the keys of one partner.

    issuer: its address. alg: RS256, PS256, ES256 or EdDSA. fault: a name of faults.FAULTS, also settable while it runs.
    lean: True sends name and address by userinfo only. second_factor: False never reaches the acr of MFA.
    clock: seconds since 1970.
    """

    def __init__(
        self,
        issuer: str,
        *,
        name: str,
        accounts: Sequence[Account],
        clients: Sequence[Client],
        alg: str = "RS256",
        fault: str = "none",
        lean: bool = False,
        second_factor: bool = True,
        require_pkce: bool = False,
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self.issuer, self.name, self.alg, self.lean, self.second_factor = issuer, name, alg, lean, second_factor
        self.accounts = {account.subject: account for account in accounts}
        self._clients = {client.client_id: client for client in clients}
        self._require_pkce, self._clock = require_pkce, clock
        self._keys: list[PrivateKey] = [generate(alg)]
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._access: dict[str, tuple[str, str, int]] = {}
        self._last: dict[str, str] = {}
        self.fault = fault
        self.calls: dict[str, int] = {}

    @property
    def fault(self) -> str:
        """The fault that is switched on; `none` for an honest partner."""
        return self._fault

    @fault.setter
    def fault(self, name: str) -> None:
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}: one of {', '.join(FAULTS)}")
        self._fault = name

    def add_client(self, client: Client) -> None:
        """Register one more relying party, or replace one."""
        self._clients[client.client_id] = client

    def rotate_key(self, *, keep: bool = True, kid: str | None = None) -> None:
        """Sign with a new key from now on; keep: go on publishing the old one. kid: its name, its thumbprint by default."""
        fresh = generate(self.alg, kid)
        self._keys = [fresh, *(self._keys if keep else [])]

    def metadata(self) -> dict[str, Any]:
        """The discovery document (OpenID Connect Discovery 3)."""
        self._count("discovery")
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/{path}" for name, path in ENDPOINTS.items()},
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.alg],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "claims_supported": ["sub", "name", "email", "email_verified", "auth_time", "acr", "amr"],
            "acr_values_supported": [SFA, MFA] if self.second_factor else [SFA],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        self._count("jwks")
        return {"keys": [key.public_jwk() for key in self._keys]}

    def request(self, params: Mapping[str, str]) -> Request:
        """Check an authorization request. Raises Refused; before redirect_uri is known to be good, without a request (RFC 6749 4.1.2.1)."""
        client = self._clients.get(params.get("client_id", ""))
        if client is None:
            raise ProtocolError("invalid_client", "this client is not registered here")
        if params.get("redirect_uri", "") not in client.redirect_uris:
            raise ProtocolError("invalid_request", "this redirect_uri is not registered here")
        request = Request(client, params["redirect_uri"], dict(params))
        if params.get("response_type") != "code":
            raise ProtocolError("unsupported_response_type", "only code", request=request)
        if "openid" not in params.get("scope", "").split():
            raise ProtocolError("invalid_scope", "openid is missing", request=request)
        if params.get("response_mode", "query") not in ("query", "form_post"):
            raise ProtocolError("invalid_request", "response_mode is query or form_post", request=request)
        if "request" in params or "request_uri" in params:
            raise ProtocolError("request_not_supported", "no request objects", request=request)
        self._check_challenge(request)
        if not params.get("max_age", "0").isdecimal() or ("none" in request.prompt and len(request.prompt) > 1):
            raise ProtocolError("invalid_request", "max_age or prompt makes no sense", request=request)
        if self.fault == "error":
            raise ProtocolError("access_denied", "<script>alert('partner')</script>", request=request)
        return request

    def _check_challenge(self, request: Request) -> None:
        challenge, method = request.params.get("code_challenge"), request.params.get("code_challenge_method")
        if challenge is None and (self._require_pkce or request.client.client_secret is None):
            raise ProtocolError("invalid_request", "code_challenge is required", request=request)
        if challenge is not None and (method != "S256" or len(challenge) != 43):  # RFC 7636 4.3
            raise ProtocolError("invalid_request", "code_challenge_method must be S256", request=request)

    def must_ask(self, request: Request, session: DemoSession | None) -> bool:
        """Whether the person has to prove himself now. Raises Refused login_required under prompt=none (Core 3.1.2.1)."""
        asks = session is None or bool({"login", "select_account", "consent"} & set(request.prompt))
        if session is not None and "max_age" in request.params:
            asks = asks or self._clock() - session.auth_time > int(request.params["max_age"])
        if session is not None and self.second_factor and request.wants_second_factor:
            asks = asks or not session.second_factor
        if asks and "none" in request.prompt:
            raise ProtocolError("login_required", "nobody is signed in here", request=request)
        return asks

    def sign_in(self, subject: str, *, second_factor: bool = False) -> DemoSession:
        """The person has proven himself at this moment."""
        proven = second_factor and self.second_factor
        return DemoSession(self.accounts[subject].subject, self._clock(), proven, secrets.token_urlsafe(16))

    def answer(self, request: Request, session: DemoSession) -> dict[str, str]:
        """The parameters of a successful authorization response."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._codes[code] = Code(request, session, self._clock() + CODE_LIFETIME)
        return self.addressed({"code": code}, request)

    def addressed(self, params: Mapping[str, str], request: Request) -> dict[str, str]:
        """`params` with state and iss (RFC 9207 2)."""
        iss = "https://login.somebody-else.example" if self.fault == "mixed_up" else self.issuer
        state = {"state": request.params["state"]} if "state" in request.params else {}
        return {**params, **state, "iss": iss}

    def token(self, form: Mapping[str, str], authorization: str | None) -> dict[str, Any]:
        """The token endpoint (RFC 6749 4.1.3). Raises Refused."""
        self._count("token")
        client = self._authenticate(form, authorization)
        if form.get("grant_type") != "authorization_code":
            raise ProtocolError("unsupported_grant_type", "only authorization_code")
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)  # a code is spent by showing it
        if code is None or code.expires_at <= self._clock() or code.request.client.client_id != client.client_id:
            raise ProtocolError("invalid_grant", "the code is unknown, spent, over, or another client's")
        if form.get("redirect_uri") != code.request.redirect_uri:
            raise ProtocolError("invalid_grant", "redirect_uri differs from that of the request")
        check_verifier(code.request.params.get("code_challenge"), form.get("code_verifier"))
        access = secrets.token_urlsafe(32)
        with self._lock:
            self._access[access] = (code.session.subject, code.request.params["scope"], self._clock() + TOKEN_LIFETIME)
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME,
            "scope": code.request.params["scope"],
        }
        return answer if self.fault == "no_id_token" else {**answer, "id_token": self._id_token(code, access)}

    def _authenticate(self, form: Mapping[str, str], authorization: str | None) -> Client:
        name, secret = form.get("client_id", ""), form.get("client_secret")
        if authorization is not None:
            name, secret = basic(authorization)
        client = self._clients.get(name)
        if client is None or (client.client_secret is None) != (secret is None):
            raise ProtocolError("invalid_client", "unknown client or wrong method", status=401)
        if client.client_secret is not None and not hmac.compare_digest(client.client_secret.encode(), (secret or "").encode()):
            raise ProtocolError("invalid_client", "wrong secret", status=401)
        return client

    def _id_token(self, code: Code, access: str) -> str:
        """The ID token of this login, or what the fault makes of it."""
        now, session, params = self._clock(), code.session, code.request.params
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": session.subject,
            "aud": code.request.client.client_id,
            "iat": now,
            "exp": now + TOKEN_LIFETIME,
            "auth_time": session.auth_time,
            "acr": MFA if session.second_factor else SFA,
            "amr": ["pwd", "otp", "mfa"] if session.second_factor else ["pwd"],
            "at_hash": half_hash(self.alg, access),
            **({"sid": session.sid} if session.sid else {}),
            **({} if self.lean or self.fault == "other_userinfo" else self._profile(session.subject, params["scope"])),
            **({"nonce": params["nonce"]} if "nonce" in params else {}),
        }
        if self.fault == "replayed":
            return self._last.get(session.subject) or self._sign({**claims, "nonce": secrets.token_urlsafe(32), "iat": now - 300})
        token = self._sign(distort(self.fault, claims, nonce=secrets.token_urlsafe(32), at_hash=half_hash(self.alg, "another")))
        if self.fault == "none":
            self._last[session.subject] = token
        return token

    def _sign(self, claims: Mapping[str, Any]) -> str:
        if self.fault == "unsigned":
            return f"{_segment({'alg': 'none'})}.{_segment(claims)}."
        key = self._keys[0]
        if self.fault == "other_keys":
            return sign(generate(self.alg, key.kid), claims)
        return sign(key, claims)

    def logout_token(self, client_id: str, *, typ: str = "logout+jwt", **claims: Any) -> str:
        """A logout token for a relying party (Back-Channel Logout 2.4). claims: replace ours; None leaves one out."""
        said = {
            "iss": self.issuer,
            "aud": client_id,
            "iat": self._clock(),
            "exp": self._clock() + 120,
            "jti": secrets.token_urlsafe(16),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **claims,
        }
        return sign(self._keys[0], {name: value for name, value in said.items() if value is not None}, typ=typ)

    def end_session(self, params: Mapping[str, str], session: DemoSession | None) -> tuple[bool, str]:
        """RP-Initiated Logout 2, 3: whether the session may end without a question, and where the browser goes then.

        "" for nowhere: an address that is not registered leads to no redirect. Raises Refused for a hint that is not ours.
        """
        hint, back = params.get("id_token_hint"), params.get("post_logout_redirect_uri", "")
        said: Mapping[str, Any] = {}
        if hint is not None:
            try:
                said = verify(hint, lambda _refresh: tuple(key.public() for key in self._keys), (self.alg,)).claims
            except JoseError as error:
                raise ProtocolError("invalid_request", "the hint is not ours") from error
        client_id = params.get("client_id", said.get("aud", ""))
        if said and said["aud"] != client_id:
            raise ProtocolError("invalid_request", "the hint is another client's")
        client = self._clients.get(client_id)
        if client is None or back not in client.post_logout_redirect_uris:
            back = ""
        joint = "&" if "?" in back else "?"
        target = f"{back}{joint}{urlencode({'state': params['state']})}" if back and "state" in params else back
        return session is not None and said.get("sid") == session.sid, target

    def _profile(self, subject: str, scope: str) -> dict[str, Any]:
        account, scopes = self.accounts[subject], scope.split()
        claims: dict[str, Any] = dict(account.claims)
        if "profile" in scopes:
            claims |= {"name": account.name, "preferred_username": account.email}
        if "email" in scopes:
            claims["email"] = account.email
            if account.email_verified is not None:
                claims["email_verified"] = account.email_verified
        return claims

    def userinfo(self, authorization: str | None) -> dict[str, Any]:
        """The userinfo endpoint (Core 5.3). Raises Refused."""
        self._count("userinfo")
        scheme, _, token = (authorization or "").partition(" ")
        subject, scope, expires_at = self._access.get(token, ("", "", 0))
        if scheme.lower() != "bearer" or not subject or expires_at <= self._clock():
            raise ProtocolError("invalid_token", "unknown or over", status=401)
        claims = {"sub": subject, **self._profile(subject, scope)}
        if self.fault == "other_userinfo":
            claims["sub"] = "somebody-else"
        if self.fault == "unverified_mail":
            claims["email_verified"] = False
        return without_mail(claims) if self.fault == "missing_mail" else claims

    def _count(self, call: str) -> None:
        """Count a call of a relying party's server, and answer none while the partner is down."""
        self.calls[call] = self.calls.get(call, 0) + 1
        if self.fault == "down" and call in UNREACHABLE:
            raise ProtocolError("temporarily_unavailable", "the partner is down", status=503)


ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "userinfo_endpoint": "userinfo",
    "jwks_uri": "jwks",
    "end_session_endpoint": "end-session",
}


def _segment(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
