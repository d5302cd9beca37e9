"""What partners publish, fetched once and judged by the connectors' own rules: nothing is kept, nothing is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broker.cli import check_saml
from broker.connectors.oidc.discovery import check_discovery, fetch_discovery, fetch_jwks
from broker.connectors.outbound.client import HttpClient
from broker.connectors.registry import callback_url
from broker.domain.errors import PartnerFailed
from broker.domain.private_addresses import counting
from broker.services.partners.oidc.view import oidc_of
from broker.services.partners.provider_probe import ADVICE, SKEW, Watching, unlike, whose_clock
from broker.services.partners.saml.view import saml_of
from broker.settings.broker_file import BrokerFile
from broker.settings.errors import ConfigError, Loc
from broker.settings.model import ApplicationFile, PartnerFile
from broker.settings.sources import Reading, Source

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class OnlineFinding:
    """One partner (or application with jwks_uri). redirect_uri: what is to be registered there (over SAML: where answers go). skew: seconds, or None."""

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


def look(reading: Reading) -> list[OnlineFinding]:
    """Every partner, and every application with a jwks_uri, a few at a time: those whose own file is good.

    Nothing where broker.yaml is not good: it says which addresses may be visited.
    """
    broker = next((source.model for source in reading.sources if isinstance(source.model, BrokerFile)), None)
    if broker is None:
        return []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda source: _source(source, broker, reading.home), reading.sources)
        return [finding for finding in found if finding is not None]


def _source(source: Source, broker: BrokerFile, home: Path) -> OnlineFinding | None:
    listed, own = broker.network.allow_private_addresses, _addresses(source)
    client = Watching(counting(listed, own) if own else listed, "guest-broker")
    try:
        if isinstance(source.model, PartnerFile):
            return PARTNERS[source.model.protocol](source, source.model, broker.issuer, home, client)
        if isinstance(source.model, ApplicationFile) and source.model.jwks_uri is not None:
            return _application(source, source.model.jwks_uri, client)
    finally:
        client.close()
    return None


def _addresses(source: Source) -> tuple[str, ...]:
    """The URLs of a file that the broker calls; a partner whose metadata is a file of ours has none."""
    if isinstance(source.model, PartnerFile):
        return source.model.addresses
    uri = source.model.jwks_uri if isinstance(source.model, ApplicationFile) else None
    return (uri,) if uri is not None else ()


def _oidc(source: Source, file: PartnerFile, issuer: str, _home: Path, client: Watching) -> OnlineFinding:
    partner = oidc_of(file)
    redirect_uri = _callback(file, issuer)
    errors: list[ConfigError] = []
    keys = 0
    try:
        document, _ = fetch_discovery(client, partner.issuer, partner.discovery)
        found = check_discovery(document, partner.issuer, allows_plain=client.allows_plain)
        for key, detail, advice in unlike(partner, found):
            errors.append(_error(source, ("oidc", key), "client_authentication", detail, advice))
        keys = len(fetch_jwks(client, found.jwks_uri)[0]["keys"])
    except PartnerFailed as error:
        errors.append(_error(source, ("oidc", "issuer"), error.reason, error.detail, ADVICE.get(error.reason, "ask the partner")))
    if client.skew is not None and abs(client.skew) > SKEW:
        errors.append(
            _error(source, ("oidc", "issuer"), "clock_skew", whose_clock(client.skew), "set the clock that is wrong, by NTP")
        )
    plain = " (http: on loopback, for development only)" if urlsplit(issuer).scheme == "http" else ""
    summary = (
        f"{partner.issuer} answers, {keys} {'key' if keys == 1 else 'keys'}; register the redirect URI {redirect_uri}{plain}"
    )
    return OnlineFinding(source.id, source.tree.file, redirect_uri, summary, client.skew, errors)


def _saml(source: Source, file: PartnerFile, issuer: str, home: Path, client: Watching) -> OnlineFinding:
    partner, answers = saml_of(file), _callback(file, issuer)
    summary, errors = "", []
    try:
        idp = check_saml.metadata(home, partner, client)
    except PartnerFailed as error:
        errors.append(check_saml.refusal(source, error))
    else:
        keys = f"{len(idp.keys)} {'key' if len(idp.keys) == 1 else 'keys'}"
        over = f"; {check_saml.ENDED}" if check_saml.has_ended(idp) else ""  # SM-14
        spare = f"; {check_saml.left_out(idp)}" if idp.left_out else ""
        summary = f"{idp.entity_id}, {keys}{over}{spare}; register our metadata {issuer}/saml/{source.id}/metadata"
    if client.skew is not None and abs(client.skew) > SKEW:
        advice = "set the clock that is wrong, by NTP"
        errors.append(_error(source, ("saml", "metadata"), "clock_skew", whose_clock(client.skew), advice))
    return OnlineFinding(source.id, source.tree.file, answers, summary, client.skew, errors)


PARTNERS = {"oidc": _oidc, "saml": _saml}  # one line a protocol, as in connectors/registry.py


def _callback(partner: PartnerFile, issuer: str) -> str:
    return callback_url(issuer, partner.protocol, partner.id, own=partner.section.own_callback)


def _application(source: Source, uri: str, client: HttpClient) -> OnlineFinding:
    try:
        count = len(fetch_jwks(client, uri)[0]["keys"])
    except PartnerFailed as error:
        advice = ADVICE.get(error.reason, "ask the application's team")
        return OnlineFinding(
            source.id, source.tree.file, errors=[_error(source, ("jwks_uri",), error.reason, error.detail, advice)]
        )
    return OnlineFinding(source.id, source.tree.file, summary=f"{uri} answers, {count} {'key' if count == 1 else 'keys'}")


def _error(source: Source, at: Loc, reason: str, detail: str, advice: str) -> ConfigError:
    return source.tree.error(at, f"{reason}: {detail}; {advice}")
