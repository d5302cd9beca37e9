"""What the files say of each other: names that exist, domains with one authority, hosts that may be http."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pydantic import ValidationError

from broker.settings import translate, urls
from broker.settings.application_file import ApplicationFile
from broker.settings.broker_file import NetworkRules
from broker.settings.errors import ConfigError, Loc, Problem
from broker.settings.partner_file import PartnerFile
from broker.settings.policy_file import PolicyFile
from broker.settings.sources import Reading, Source


def check(reading: Reading) -> list[ConfigError]:
    """Every finding. Files with errors of their own count by their names only."""
    names = {kind: {source.id for source in reading.of(kind)} for kind in ("partner", "application")}
    allowed = _allowed(reading)
    domains: dict[str, Source] = {}
    clients: dict[tuple[str, str], Source] = {}
    errors: list[ConfigError] = []
    for source in reading.sources:
        problems: Iterable[Problem] = ()
        if isinstance(source.model, PartnerFile):
            problems = (*_one_client(source, source.model, clients), *_partner_urls(source.model, allowed))
            _collect(source, source.model, domains, errors)
        elif isinstance(source.model, ApplicationFile):
            problems = (*_known(source.model.audiences, ("audiences",), "application", names), *_calls(source.model, allowed))
        elif isinstance(source.model, PolicyFile):
            problems = _policy(source.model, names)
        errors += translate.of_problems(source.tree, problems)
    return errors + list(_below(domains))


def _allowed(reading: Reading) -> tuple[str, ...] | None:
    """`network.allow_private_addresses`; None if it cannot be told, so that one mistake is not reported in every file."""
    raw = next((source.tree.data for source in reading.of("broker")), None)
    if not isinstance(raw, dict):
        return None
    try:
        return NetworkRules.model_validate(raw.get("network", {})).allow_private_addresses
    except ValidationError:
        return None


def _collect(source: Source, partner: PartnerFile, domains: dict[str, Source], errors: list[ConfigError]) -> None:
    """A domain has one authority."""
    for number, domain in enumerate(partner.domains):
        first = domains.setdefault(domain, source)
        if first is not source:
            problem = Problem(f"{{value}} belongs to partner {first.id} already; keep it in one of the two files", domain)
            errors.extend(translate.of_problems(source.tree, [problem], ("domains", number)))


def _below(domains: dict[str, Source]) -> Iterator[ConfigError]:
    """Nor may one partner's domain lie below another's `.example.org`: both would vouch for the same addresses."""
    for domain, source in domains.items():
        for parent in _parents(domain):
            other = domains.get(parent)
            if other is None or other is source or not isinstance(source.model, PartnerFile):
                continue
            problem = Problem(f"{{value}} lies below {parent} of partner {other.id}; keep it in one of the two files", domain)
            yield from translate.of_problems(source.tree, [problem], ("domains", source.model.domains.index(domain)))


def _parents(domain: str) -> Iterator[str]:
    """`.b.org` and `.org` for `a.b.org` and `.a.b.org`."""
    rest = domain.removeprefix(".")
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f".{rest}"


def _one_client(source: Source, partner: PartnerFile, clients: dict[tuple[str, str], Source]) -> Iterator[Problem]:
    """Two partners that are one client of one issuer would share their people."""
    if partner.oidc is not None:
        first = clients.setdefault((partner.oidc.issuer, partner.oidc.client_id), source)
        if first is not source:
            message = f"is, with this issuer, partner {first.id}'s already; register a client of its own, or keep one file"
            yield Problem(message, at=("oidc", "client_id"))


def _partner_urls(partner: PartnerFile, allowed: tuple[str, ...] | None) -> Iterator[Problem]:
    if partner.oidc is not None:
        yield from _http(partner.oidc.issuer, ("oidc", "issuer"), allowed)
    if partner.saml is not None and "://" in partner.saml.metadata:
        yield from _http(partner.saml.metadata, ("saml", "metadata"), allowed)


def _calls(application: ApplicationFile, allowed: tuple[str, ...] | None) -> Iterator[Problem]:
    for key in ("jwks_uri", "backchannel_logout_uri"):
        url = getattr(application, key)
        if url is not None:
            yield from _http(url, (key,), allowed)


def _http(url: str, at: Loc, allowed: tuple[str, ...] | None) -> Iterator[Problem]:
    """HO-16: the broker calls http: only where the operator listed the host."""
    parts = urlsplit(url)
    if parts.scheme == "http" and allowed is not None and not urls.http_allowed(parts.hostname or "", allowed):
        message = "{value} is http (url_not_allowed); write https://, or list its host in network.allow_private_addresses of broker.yaml"
        yield Problem(message, url, at)


def _policy(policy: PolicyFile, names: dict[str, set[str]]) -> Iterator[Problem]:
    yield from _known(policy.users.include.partners, ("users", "include", "partners"), "partner", names)
    yield from _known(policy.users.exclude.partners, ("users", "exclude", "partners"), "partner", names)
    include = policy.applications.include
    yield from _known(() if include == "all" else include, ("applications", "include"), "application", names)
    yield from _known(policy.applications.exclude, ("applications", "exclude"), "application", names)


def _known(wanted: Iterable[str], at: Loc, kind: str, names: dict[str, set[str]]) -> Iterator[Problem]:
    """A name that no file has protects nothing: it is a mistake (PO-01)."""
    for number, name in enumerate(wanted):
        if name not in names[kind]:
            near = difflib.get_close_matches(name, sorted(names[kind]), 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else f"write the name of a file of config/{kind}s/ without .yaml"
            yield Problem(f"{{value}} is no {kind} we have a file of; {hint}", name, (*at, number))
