"""What partners publish, fetched once and judged by the connectors' own rules: nothing is kept, nothing is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from broker.connectors.http import HttpClient, HttpResponse
from broker.connectors.oidc.discovery import Discovery, check_discovery, fetch_discovery, fetch_jwks
from broker.domain.errors import PartnerFailed
from broker.settings.broker_file import BrokerFile
from broker.settings.errors import ConfigError, Loc
from broker.settings.model import ApplicationFile, OidcPartner, PartnerFile
from broker.settings.sources import Reading, Source

SKEW = 60  # seconds that clocks may differ (HO-7)
AT_ONCE = 8

_ADVICE = {
    "discovery_issuer": "write the issuer that the document names, if it is that one tenant's",
    "discovery_endpoint": "ask the partner for endpoints at https:",
    "discovery_pkce": "ask the partner to allow PKCE with S256",
    "discovery_format": "write the issuer of an OpenID provider; open its /.well-known/openid-configuration",
    "jwks_format": "ask the partner for a key set with signing keys",
    "url_not_allowed": "write a public https: URL that does not redirect, or list its host in network.allow_private_addresses",
    "upstream_unavailable": "check address, network and certificate, and ask the partner whether it is up",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One partner (or application with jwks_uri). redirect_uri: what is to be registered there. skew: seconds, or None."""

    partner: str
    file: str
    redirect_uri: str | None = None
    summary: str = ""
    skew: int | None = None
    errors: list[ConfigError] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        names = {"id": self.partner, "file": self.file, "redirect_uri": self.redirect_uri, "clock_skew": self.skew}
        return {**names, "ok": not self.errors, "errors": [str(error) for error in self.errors]}


def wall_clock() -> float:
    """Seconds since 1970: what the servers' Date headers are compared with."""
    return time.time()


class _Watching(HttpClient):
    """The outbound client, which also notes the servers' clocks."""

    skew: int | None = None

    def get(self, url: str, *, accept: str, max_bytes: int = 0, headers: Mapping[str, str] | None = None) -> HttpResponse:
        before = wall_clock()
        answer = super().get(url, accept=accept, max_bytes=max_bytes, headers=headers)
        if self.skew is not None or "age" in answer.headers:  # a stored answer tells the time of its storing
            return answer
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except ValueError:
            return answer
        after = wall_clock()
        # the header has whole seconds and was written between our two looks: only what lies outside is skew
        self.skew = round(theirs - after) if theirs > after else -round(before - theirs - 1) if theirs < before - 1 else 0
        return answer


def look(reading: Reading) -> list[Finding]:
    """Every OIDC partner, and every application with a jwks_uri, a few at a time. The reading has no errors."""
    broker = next(source.model for source in reading.sources if isinstance(source.model, BrokerFile))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [found for found in pool.map(lambda source: _source(source, broker), reading.sources) if found is not None]


def _source(source: Source, broker: BrokerFile) -> Finding | None:
    client = _Watching(broker.network.allow_private_addresses, "guest-broker")
    try:
        if isinstance(source.model, PartnerFile) and source.model.oidc is not None:
            return _partner(source, source.model.oidc, broker.issuer, client)
        if isinstance(source.model, ApplicationFile) and source.model.jwks_uri is not None:
            return _application(source, source.model.jwks_uri, client)
    finally:
        client.close()
    return None


def _partner(source: Source, partner: OidcPartner, issuer: str, client: _Watching) -> Finding:
    redirect_uri = f"{issuer}/oidc/{source.id}/callback"
    errors: list[ConfigError] = []
    keys = 0
    try:
        document, _ = fetch_discovery(client, partner.issuer)
        found = check_discovery(document, partner.issuer, allows_plain=client.allows_plain)
        errors += (_error(source, *problem) for problem in _unlike(partner, found))
        keys = len(fetch_jwks(client, found.jwks_uri)[0]["keys"])
    except PartnerFailed as error:
        errors.append(
            _error(source, ("oidc", "issuer"), error.reason, error.detail, _ADVICE.get(error.reason, "ask the partner"))
        )
    if client.skew is not None and abs(client.skew) > SKEW:
        whose = f"its clock is {abs(client.skew)} s {'ahead of' if client.skew > 0 else 'behind'} ours"
        errors.append(_error(source, ("oidc", "issuer"), "clock_skew", whose, "set the clock that is wrong, by NTP"))
    plain = " (http: on loopback, for development only)" if urlsplit(issuer).scheme == "http" else ""
    summary = (
        f"{partner.issuer} answers, {keys} {'key' if keys == 1 else 'keys'}; register the redirect URI {redirect_uri}{plain}"
    )
    return Finding(source.id, source.tree.file, redirect_uri, summary, client.skew, errors)


def _unlike(partner: OidcPartner, found: Discovery) -> Iterator[tuple[Loc, str, str, str]]:
    """What the file says and the document does not offer."""
    if partner.client_authentication == "private_key_jwt" and "private_key_jwt" not in found.auth_methods:
        detail = f"the provider offers {', '.join(found.auth_methods)}"
        yield ("oidc", "client_authentication"), "client_authentication", detail, "write a client_secret instead"
    if partner.client_authentication == "client_secret" and not {"client_secret_basic", "client_secret_post"} & {
        *found.auth_methods
    }:
        detail = f"the provider offers {', '.join(found.auth_methods)}"
        yield ("oidc", "client_secret"), "client_authentication", detail, "write client_authentication: private_key_jwt"


def _application(source: Source, uri: str, client: HttpClient) -> Finding:
    try:
        count = len(fetch_jwks(client, uri)[0]["keys"])
    except PartnerFailed as error:
        advice = _ADVICE.get(error.reason, "ask the application's team")
        return Finding(source.id, source.tree.file, errors=[_error(source, ("jwks_uri",), error.reason, error.detail, advice)])
    return Finding(source.id, source.tree.file, summary=f"{uri} answers, {count} {'key' if count == 1 else 'keys'}")


def _error(source: Source, at: Loc, reason: str, detail: str, advice: str) -> ConfigError:
    return source.tree.error(at, f"{reason}: {detail}; {advice}")
