"""An OpenID relying party by hand: what an application has to do to sign people in, and nothing else.

It is given the issuer's address and its own credentials; all else comes from discovery. Every check that OpenID Connect Core
3.1.3.7 asks of a client is made here, in the order of the login: state, `iss` of the answer (RFC 9207), signature, iss, aud, azp,
times, nonce, at_hash, auth_time under max_age, and the `sub` of userinfo. The standard library and broker.jose are all it uses.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.jose import claims as checks
from broker.jose.errors import JoseError
from broker.jose.keys import PublicKey, public_keys
from broker.jose.verify import verify

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class SignInFailed(Exception):
    """The answer was an error or failed a check. error: the protocol's word, or one of ours (`state`, `iss`, `id_token` ...)."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """What must be remembered from the request to the answer, in the browser's own session."""

    state: str
    nonce: str
    verifier: str
    max_age: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """A verified answer of the token endpoint. claims: of the ID token; raw: the whole JSON."""

    claims: Mapping[str, Any]
    access_token: str
    id_token: str
    refresh_token: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


class RelyingParty:
    """One application at one issuer.

    client_secret: None for a public client (then PKCE is all the proof; with a secret it is used as well).
    method: client_secret_basic or client_secret_post. clock: seconds since 1970.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        redirect_uri: str,
        *,
        client_secret: str | None = None,
        scope: str = "openid profile email offline_access",
        method: str = "client_secret_basic",
        clock: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self.issuer, self.client_id, self.redirect_uri, self.scope = issuer, client_id, redirect_uri, scope
        self._secret, self._method, self._clock = client_secret, method, clock
        self._metadata: Mapping[str, Any] | None = None
        self._ended: set[str] = set()  # the jti of each logout token

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The issuer's discovery document, fetched once. Its issuer must be ours (Discovery 4.3)."""
        if self._metadata is None:
            status, found = call("GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if status != 200 or found.get("issuer") != self.issuer:
                raise SignInFailed("discovery", f"status {status}, issuer {found.get('issuer')!r}")
            self._metadata = found
        return self._metadata

    def begin(self, **params: str) -> tuple[str, PendingRequest]:
        """The address to send the browser to, and what to remember. params: prompt, max_age, login_hint, acr_values, ... as they are."""
        verifier = secrets.token_urlsafe(32)
        max_age = int(params["max_age"]) if params.get("max_age", "").isdecimal() else None
        pending = PendingRequest(secrets.token_urlsafe(16), secrets.token_urlsafe(16), verifier, max_age, self._clock())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **params,
        }
        return f"{self.metadata['authorization_endpoint']}?{urllib.parse.urlencode(query)}", pending

    def complete(self, answer: Mapping[str, str], pending: PendingRequest | None) -> Tokens:
        """Verify the authorization response and fetch tokens. Raises SignInFailed."""
        if pending is None or answer.get("state") != pending.state:
            raise SignInFailed("state", "this answer belongs to no sign-in of this browser")
        advertised = self.metadata.get("authorization_response_iss_parameter_supported")
        if answer.get("iss", self.issuer) != self.issuer or (advertised and "iss" not in answer):  # RFC 9207 2.4
            raise SignInFailed("iss", "the answer comes from another issuer, or does not say from which")
        if "error" in answer:
            raise SignInFailed(answer["error"], answer.get("error_description", ""))
        raw = self._token({"grant_type": "authorization_code", "code": answer.get("code", ""), "redirect_uri": self.redirect_uri,
                           "code_verifier": pending.verifier})  # fmt: skip
        tokens = self._tokens(raw)
        try:
            checks.check_nonce(tokens.claims, pending.nonce)
        except JoseError as error:
            raise SignInFailed("id_token", error.reason) from error
        if pending.max_age is not None and not _is_fresh(tokens.claims, pending):
            raise SignInFailed("auth_time", "missing, or older than max_age allows")  # Core 3.1.3.7, 13
        return tokens

    def refresh(self, refresh_token: str, before: Tokens | None = None) -> Tokens:
        """New tokens. before: those of the sign-in, whose iss, sub and auth_time must not change (Core 12.2). Raises SignInFailed."""
        raw = self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})
        tokens = self._tokens(raw) if "id_token" in raw or before is None else Tokens(
            before.claims, raw.get("access_token", ""), before.id_token, raw.get("refresh_token"), raw
        )  # fmt: skip
        if before is not None and any(tokens.claims.get(name) != before.claims.get(name) for name in ("iss", "sub", "auth_time")):
            raise SignInFailed("id_token", "the refreshed ID token speaks of another sign-in")
        return tokens

    def userinfo(self, tokens: Tokens) -> Mapping[str, Any]:
        """The userinfo answer; its sub is the ID token's (Core 5.3.2). Raises SignInFailed."""
        status, found = call(
            "GET", self.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens.access_token}"}
        )
        if status != 200:
            raise SignInFailed(found.get("error", "userinfo"), f"userinfo answered {status}")
        if found.get("sub") != tokens.claims["sub"]:
            raise SignInFailed("userinfo", "sub differs from the ID token's")
        return found

    def end_session(self, tokens: Tokens, back: str) -> str | None:
        """Where to send the browser to sign out everywhere, or None if the issuer offers nothing (RP-Initiated Logout 2)."""
        target = self.metadata.get("end_session_endpoint")
        query = {"id_token_hint": tokens.id_token, "client_id": self.client_id, "post_logout_redirect_uri": back}
        return f"{target}?{urllib.parse.urlencode(query)}" if target else None

    def ended_session(self, logout_token: str) -> str:
        """The `sid` of a verified logout token, each once (Back-Channel Logout 2.6). Raises SignInFailed."""
        try:
            verified = verify(logout_token, self._keys(), ALGORITHMS, typ=("logout+jwt",))
            said = verified.claims
            checks.check_issuer(said, self.issuer)
            checks.check_audience(said, self.client_id)
            checks.check_times(said, self._clock())
        except JoseError as error:
            raise SignInFailed("logout_token", error.reason) from error
        events, sid, jti = said.get("events"), said.get("sid"), said.get("jti")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in said:
            raise SignInFailed("logout_token", "this is another kind of token")
        if not isinstance(sid, str) or not isinstance(jti, str) or jti in self._ended:
            raise SignInFailed("logout_token", "sid or jti is missing, or the token came before")
        self._ended.add(jti)
        return sid

    def _keys(self) -> tuple[PublicKey, ...]:
        status, keys = call("GET", self.metadata["jwks_uri"])
        if status != 200:
            raise SignInFailed("jwks", f"status {status}")
        return public_keys(keys)

    def _token(self, form: dict[str, str]) -> Mapping[str, Any]:
        headers = {}
        if self._secret is None:
            form["client_id"] = self.client_id
        elif self._method == "client_secret_post":
            form |= {"client_id": self.client_id, "client_secret": self._secret}
        else:  # RFC 6749 2.3.1: both parts form-encoded
            pair = f"{urllib.parse.quote_plus(self.client_id)}:{urllib.parse.quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        status, raw = call("POST", self.metadata["token_endpoint"], form=form, headers=headers)
        if status != 200:
            raise SignInFailed(raw.get("error", "token"), raw.get("error_description", f"the token endpoint answered {status}"))
        return raw

    def _tokens(self, raw: Mapping[str, Any]) -> Tokens:
        """Verify the ID token (Core 3.1.3.7)."""
        if raw.get("token_type", "").lower() != "bearer" or not raw.get("access_token"):
            raise SignInFailed("token", "token_type or access_token is not what it must be")
        keys = self._keys()
        try:
            verified = verify(raw.get("id_token", ""), keys, ALGORITHMS)
            checks.check_issuer(verified.claims, self.issuer)
            checks.check_audience(verified.claims, self.client_id)
            checks.check_times(verified.claims, self._clock())
            checks.check_at_hash(verified.claims, verified.alg, raw["access_token"])
            checks.subject(verified.claims)
        except JoseError as error:
            raise SignInFailed("id_token", error.reason) from error
        return Tokens(verified.claims, raw["access_token"], raw["id_token"], raw.get("refresh_token"), raw)


def _is_fresh(claims: Mapping[str, Any], pending: PendingRequest) -> bool:
    auth_time = claims.get("auth_time")
    return type(auth_time) is int and auth_time + (pending.max_age or 0) + checks.SKEW >= pending.at


def call(
    method: str, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """One request to a server; the JSON object of its answer, empty if it is none. Follows no redirect. Raises SignInFailed if nobody answers."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=15)
    body = urllib.parse.urlencode(form).encode() if form is not None else None
    sent = {"Accept": "application/json", **(headers or {})}
    if body is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body=body, headers=sent)
        with connection.getresponse() as response:
            found = json.loads(response.read() or b"{}")
            return response.status, found if isinstance(found, dict) else {}
    except (OSError, http.client.HTTPException) as error:
        raise SignInFailed("unreachable", f"{parts.netloc}: {error}") from error
    except ValueError:
        return response.status, {}
    finally:
        connection.close()
