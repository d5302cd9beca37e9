"""Shared by `broker check --online` and `broker doctor`: the provider's clock, and its offers against the partner's file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from broker.connectors.oidc.discovery import Discovery
from broker.connectors.outbound.client import HttpClient, HttpResponse
from broker.settings.model import OidcPartner

SKEW = 60  # seconds that clocks may differ (HO-7)

ADVICE: Mapping[str, str] = {
    "discovery_issuer": "write the issuer that the document names, if it is that one tenant's",
    "discovery_endpoint": "ask the partner for endpoints at https:",
    "discovery_pkce": "ask the partner to allow PKCE with S256",
    "discovery_format": "write the issuer of an OpenID provider; open its /.well-known/openid-configuration",
    "jwks_format": "ask the partner for a key set with signing keys",
    "url_not_allowed": "write a public https: URL that does not redirect, or list its host in network.allow_private_addresses",
    "upstream_busy": "too many calls to this host are under way: try again in a minute",
    "upstream_unavailable": "check address, network and certificate, and ask the partner whether it is up",
}


def wall_clock() -> float:
    """Seconds since 1970; servers' Date headers are compared with it."""
    return time.time()


class Watching(HttpClient):
    """The outbound client, which also compares clocks. skew: seconds that the first server's clock is ahead of ours."""

    skew: int | None = None

    def get(
        self,
        url: str,
        *,
        accept: str,
        max_bytes: int = 0,
        headers: Mapping[str, str] | None = None,
        see_redirect: bool = False,
    ) -> HttpResponse:
        """As HttpClient does."""
        before = wall_clock()
        answer = super().get(url, accept=accept, max_bytes=max_bytes, headers=headers, see_redirect=see_redirect)
        if self.skew is not None or "age" in answer.headers:  # a cached response has the time of its storing
            return answer
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except ValueError:
            return answer
        after = wall_clock()
        # the header has whole seconds and was written between our two readings: only a time outside them is skew
        self.skew = round(theirs - after) if theirs > after else -round(before - theirs - 1) if theirs < before - 1 else 0
        return answer


def whose_clock(skew: int) -> str:
    """A difference of clocks in words; positive means that the server's clock is ahead."""
    return f"its clock is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} ours"


def unlike(partner: OidcPartner, found: Discovery) -> Iterator[tuple[str, str, str]]:
    """(key of the section oidc, fact, advice) for each point in which the document does not offer what the file requires."""
    offered = f"the provider offers {', '.join(found.auth_methods)}"
    if partner.client_authentication == "private_key_jwt" and "private_key_jwt" not in found.auth_methods:
        yield "client_authentication", offered, "write a client_secret instead"
    by_secret = {"client_secret_basic", "client_secret_post"} & {*found.auth_methods}
    if (
        partner.client_authentication == "client_secret" and not by_secret
    ):  # a method that the file names is the administrator's decision
        yield (
            "client_secret" if partner.client_secret is not None else "client_secret_jwt",
            offered,
            "write client_authentication: private_key_jwt",
        )
