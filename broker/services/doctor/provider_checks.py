"""Visits an OpenID provider: checks documents, certificates, clock, our credentials and our redirect URI. Nobody is signed in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from broker.connectors.oidc.client_assertion import Sign, credentials
from broker.connectors.oidc.discovery import Discovery, check_discovery, discovery_url, fetch_discovery, fetch_jwks
from broker.connectors.oidc.partner import PartnerView
from broker.connectors.outbound.client import HttpFailure, HttpResponse
from broker.domain.errors import PartnerFailed
from broker.domain.ids import new_secret
from broker.jose.keys import public_keys, thumbprint, unusable_keys
from broker.services.doctor import advice
from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.doctor.tls_checks import certificates, clock
from broker.services.partners import provider_probe
from broker.services.partners.provider_probe import Watching
from broker.settings.model import OidcPartner

_MAX = 256 * 1024


@dataclass
class ProviderVisit:
    """One visit to a provider. keys: the published key set, after the visit."""

    partner: OidcPartner
    view: PartnerView
    redirect_uri: str
    http: Watching
    sign: Sign
    now: int
    keys: Mapping[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)

    def look(self) -> list[Finding]:
        """All checks, in the order in which a login needs the documents; a document that cannot be fetched ends the visit."""
        try:
            url = self.partner.discovery or discovery_url(self.partner.issuer)
            document, age = fetch_discovery(self.http, self.partner.issuer, url)
            discovery = check_discovery(document, self.partner.issuer, allows_plain=self.http.allows_plain)
            self.findings.append(ok("discovery", f"{url} answers, for {age} s"))
            self.findings += [
                *clock(self.http),
                *self._offers(discovery, document),
                *certificates(self.http, _urls(discovery, self.partner), self.now),
            ]
            self.findings += self._keys(discovery)
            self.findings += [*self._redirect_uri(discovery), *self._credentials(discovery)]
        except PartnerFailed as error:
            said = advice.of(error.reason, error.detail)
            self.findings.append(
                Finding(Level.PROBLEM, "reachable", f"{error.reason}: {error.detail}", said.expected, said.side, said.change)
            )
        return self.findings

    def _offers(self, discovery: Discovery, document: Mapping[str, Any]) -> Iterator[Finding]:
        for key, detail, change in provider_probe.unlike(self.partner, discovery):
            yield Finding(
                Level.PROBLEM,
                "client_authentication",
                f"oidc.{key}: {detail}",
                "a method that the file provides for",
                Side.OURS,
                change,
            )
        scopes = document.get("scopes_supported")
        if isinstance(scopes, list) and (unknown := sorted({*self.partner.scopes} - {s for s in scopes if isinstance(s, str)})):
            yield Finding(
                Level.WARNING,
                "scopes",
                f"scopes_supported does not name {', '.join(unknown)}",
                "scopes that the provider knows",
                Side.OURS,
                "remove them from oidc.scopes, unless the partner confirms them",
            )
        if discovery.oddities:
            yield Finding(
                Level.WARNING,
                "discovery",
                f"{', '.join(discovery.oddities[:10])}: null, empty, or not of the type that the standard gives it",
                "members as Discovery 3 and RFC 8414 2 have them, or none; no sign-in depends on these",
                Side.PARTNER,
                "correct them when convenient: other applications may be stricter",
            )
        if discovery.userinfo_endpoint is None:
            yield ok("userinfo", "there is no userinfo endpoint: every claim must be in the ID token")
        algorithms = ", ".join(discovery.id_token_algs)
        answers = (
            "names its issuer in every answer" if discovery.iss_parameter else "does not name its issuer in answers (RFC 9207)"
        )
        yield ok(
            "offers", f"ID tokens signed by {algorithms}; {answers}; client authentication: {', '.join(discovery.auth_methods)}"
        )

    def _keys(self, discovery: Discovery) -> Iterator[Finding]:
        self.keys, age = fetch_jwks(self.http, discovery.jwks_uri)
        usable, listed = public_keys(self.keys), len(self.keys["keys"])
        names = ", ".join(key.kid or "without kid" for key in usable)
        faults = unusable_keys(self.keys)
        others = (
            f"; of no use here: {'; '.join(faults[:5])}"
            if faults
            else f"; {listed} with repetitions"
            if listed > len(usable)
            else ""
        )
        yield ok("keys", f"{len(usable)} usable: {names}{others}; for {age} s")
        doubled = sorted(
            {key.kid for key in usable if key.kid and len({thumbprint(k.key) for k in usable if k.kid == key.kid}) > 1}
        )
        if doubled:
            yield Finding(
                Level.WARNING,
                "keys",
                f"different keys have the same kid: {', '.join(doubled)}",
                "a kid of its own for each key",
                Side.PARTNER,
                "give each key a kid of its own: a token with this kid fits no single key (idtoken_key)",
            )
        if len(usable) > 1 and any(key.kid is None for key in usable):
            yield Finding(
                Level.WARNING,
                "keys",
                "several keys, and not all have a kid",
                "a kid for each key, as soon as there are two",
                Side.PARTNER,
                "give each key a kid: a token without kid fits no single key (idtoken_key)",
            )

    def _redirect_uri(self, discovery: Discovery) -> Iterator[Finding]:
        """Send a request with prompt=none: a provider that knows our redirect URI answers there that nobody is signed in (Core 3.1.2.6)."""
        secret = new_secret()
        query = {
            "response_type": "code",
            "client_id": self.partner.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.partner.scopes),
            "state": secret,
            "nonce": secret,
            "prompt": "none",
            **({"response_mode": "form_post"} if self.view.form_post else {}),
            "code_challenge": secret,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in discovery.authorization_endpoint else "?"
        url = f"{discovery.authorization_endpoint}{joint}{urlencode(query)}"
        try:
            answer = self.http.get(url, accept="text/html", max_bytes=_MAX, see_redirect=True)
        except HttpFailure as error:
            yield ok("redirect_uri", f"the authorization endpoint could not be asked: {error.detail}")
            return
        target = answer.headers.get("location", "")
        if 300 <= answer.status < 400 and target.split("?")[0].split("#")[0] == self.redirect_uri:
            error_word = parse_qs(urlsplit(target).query).get("error", [""])[0]
            if error_word in ("unauthorized_client", "invalid_scope", "invalid_request", "unsupported_response_type"):
                said = advice.of("upstream_error", error_word)
                yield Finding(
                    Level.PROBLEM,
                    "redirect_uri",
                    f"a request is answered with {error_word}",
                    said.expected,
                    said.side,
                    said.change,
                )
            else:
                yield ok("redirect_uri", f"{self.redirect_uri} is registered for {self.partner.client_id}")
        elif 400 <= answer.status < 500:
            yield Finding(
                Level.PROBLEM,
                "redirect_uri",
                f"the authorization endpoint answers our request with {answer.status} instead of sending the browser back",
                f"{self.redirect_uri} registered, exactly so, for the client {self.partner.client_id}",
                Side.PARTNER,
                "register the redirect URI; where it is, compare client_id in the file",
            )
        else:
            yield ok("redirect_uri", f"whether {self.redirect_uri} is registered cannot be seen from here ({answer.status})")

    def _credentials(self, discovery: Discovery) -> Iterator[Finding]:
        """Redeem an invalid code: a provider that accepts our credentials refuses the code, else it refuses our client (RFC 6749 5.2)."""
        try:
            answer = self._redeem(discovery, self.view, self.sign)
        except HttpFailure as error:
            said = advice.of(error.reason)
            yield Finding(Level.PROBLEM, "credentials", f"token endpoint: {error.detail}", said.expected, said.side, said.change)
            return
        word = _error_word(answer.body)
        if word == "invalid_grant" and self._looks_at_the_code_first(discovery):
            seen = "whether our credentials are right cannot be seen from here: wrong ones get the same answer (invalid_grant)"
            yield ok("credentials", seen)
        elif word == "invalid_grant":
            yield ok("credentials", "the token endpoint takes our client_id and credentials")
        elif word in ("invalid_client", "unauthorized_client") or answer.status == 401:
            said = advice.of("upstream_error", word if word in advice.WORDS else "invalid_client")
            yield Finding(
                Level.PROBLEM, "credentials", f"token endpoint: {answer.status}, {word}", said.expected, said.side, said.change
            )
        elif answer.status >= 500:
            said = advice.of("upstream_unavailable")
            yield Finding(Level.PROBLEM, "credentials", f"token endpoint: {answer.status}", said.expected, said.side, said.change)
        else:
            yield ok("credentials", f"whether our credentials are right cannot be seen from here ({answer.status}, {word})")

    def _redeem(self, discovery: Discovery, view: PartnerView, sign: Sign) -> HttpResponse:
        headers, fields = credentials(view, discovery, sign, self.now)
        fields |= {
            "grant_type": "authorization_code",
            "code": f"broker-doctor-{new_secret()}",
            "redirect_uri": self.redirect_uri,
            "code_verifier": new_secret(),
        }
        return self.http.post_form(discovery.token_endpoint, fields, headers=headers, max_bytes=_MAX)

    def _looks_at_the_code_first(self, discovery: Discovery) -> bool:
        """Repeat with wrong credentials: a provider that still refuses the code only did not check the credentials (FC-14)."""
        wrong = replace(self.view, client_secret=None if self.view.client_secret is None else new_secret(), secret_jwt=None)
        if self.view.secret_jwt is not None:
            wrong = replace(wrong, client_secret=new_secret())
        try:
            answer = self._redeem(discovery, wrong, lambda *given: self.sign(*given)[:-8] + "AAAAAAAA")
        except HttpFailure:
            return False
        return _error_word(answer.body) == "invalid_grant"


def _urls(discovery: Discovery, partner: OidcPartner) -> list[str]:
    """Every address that we or browsers request."""
    found = [partner.discovery or partner.issuer, discovery.authorization_endpoint, discovery.token_endpoint, discovery.jwks_uri]
    return [*found, discovery.userinfo_endpoint] if discovery.userinfo_endpoint else found


def _error_word(body: bytes) -> str:
    """The standard's error code, or ours: the provider's own text is not passed on (HO-17)."""
    try:
        found = json.loads(body)
    except ValueError:
        return "no JSON"
    word = found.get("error") if isinstance(found, dict) else None
    return (
        word
        if isinstance(word, str) and (word in advice.WORDS or word == "unsupported_grant_type")
        else "no word of the standard"
    )
