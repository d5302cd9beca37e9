"""What the files say of each other: names that exist, domains with one authority, hosts that may be http.

All is read from the files' data, so that a file with errors of its own still takes part: every error in one run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from broker.domain.federation import split_id
from broker.domain.origin import origin_of
from broker.domain.private_addresses import PrivateAddresses
from broker.settings import names, translate, urls
from broker.settings.broker_file import NetworkRules
from broker.settings.errors import ConfigError, Loc, Problem, Wrong
from broker.settings.sources import Reading, Source

_NAMED: tuple[tuple[str, str, Loc], ...] = (  # in a file of this kind, a file of that kind is named at this place
    ("application", "application", ("audiences",)),
    ("policy", "application", ("applications", "include")),
    ("policy", "application", ("applications", "exclude")),
    ("policy", "partner", ("users", "include", "partners")),
    ("policy", "partner", ("users", "exclude", "partners")),
)
_CALLED: tuple[tuple[str, Loc], ...] = (  # what the broker itself calls
    ("partner", ("oidc", "issuer")),
    ("partner", ("oidc", "discovery")),
    ("partner", ("saml", "metadata")),
    ("federation", ("metadata",)),
    ("application", ("jwks_uri",)),
    ("application", ("backchannel_logout_uri",)),
    ("application", ("self_service", "connector", "url")),
)


def check(reading: Reading) -> list[ConfigError]:
    """Every finding."""
    known = {kind: sorted(source.id for source in reading.of(kind)) for kind in ("partner", "application", "federation")}
    reachable = allowed(reading)
    header = any(_at(source, ("network", "client_certificate_header")) is not None for source in reading.of("broker"))
    domains: dict[str, tuple[Source, int]] = {}
    clients: dict[tuple[str, str], Source] = {}
    errors: list[ConfigError] = []
    for source in reading.sources:
        problems = [*unknown(source, known), *_http(source, reachable)]
        if source.kind == "broker":
            problems += _no_proxy(source)
        if source.kind == "partner":
            problems += (*_same_domain(source, domains), *_same_client(source, clients))
        if source.kind == "federation" and source.id in known["partner"]:
            problems.append(Problem("belongs to a federation that has the name of a partner; rename one file", at=("metadata",)))
        if source.kind == "application":
            problems += (*_frame_elsewhere(source), *_no_encryption_key(source), *_no_certificate(source, header=header))
        errors += translate.of_problems(source.tree, problems)
    return errors + list(_below(domains))


def _at(source: Source, loc: Loc) -> Any:
    """The data at a place, None if there is none."""
    value = source.tree.data
    for key in loc:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _texts(source: Source, loc: Loc) -> Iterator[tuple[int, str]]:
    """(position, text) of a list at a place."""
    value = _at(source, loc)
    return ((n, item) for n, item in enumerate(value if isinstance(value, list) else ()) if isinstance(item, str))


def unknown(source: Source, known: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Names that no file has: each protects nothing and is a mistake (PO-01). known: kind -> ids of its files."""
    for kind, wanted, loc in _NAMED:
        if source.kind != kind:
            continue
        for number, name in _texts(source, loc):
            if wanted == "partner" and _is_federated(name, known["federation"]):
                continue
            if name not in known[wanted] and (wanted, name) != ("partner", "email"):  # those who sign in by a code by mail
                near = difflib.get_close_matches(name, known[wanted], 1, 0.6)

                hint = f"did you mean {near[0]}?" if near else f"write the name of a file of config/{wanted}s/ without .yaml"
                yield Problem(f"{{value}} is no {wanted} we have a file of; {hint}", name, (*loc, number))


def _is_federated(name: str, federations: Sequence[str]) -> bool:
    """Whether this is a federation or the id that an entity of it can have: any other name would be a rule about nobody."""
    entity = split_id(name)
    return name in federations or (entity is not None and entity[0] in federations)


def allowed(reading: Reading) -> tuple[str, ...] | None:
    """`network.allow_private_addresses`; None if it cannot be read, so that one mistake is not reported in every file."""
    raw = next((_at(source, ("network",)) for source in reading.of("broker")), None)
    try:
        return NetworkRules.model_validate({} if raw is None else raw).allow_private_addresses
    except ValidationError:
        return None


def _http(source: Source, reachable: tuple[str, ...] | None) -> Iterator[Problem]:
    """HO-16: the broker calls http: only where the operator listed the host."""
    for url, loc in _called(source):
        if reachable is None or not isinstance(url, str) or not url.startswith("http://"):
            continue
        try:
            urls.outbound(url)
        except Wrong:
            continue  # reported where the file itself was judged
        if not PrivateAddresses.of(reachable).holds_url(url):
            advice = "write https://, or list its host in network.allow_private_addresses of broker.yaml"
            yield Problem(f"{{value}} is http (url_not_allowed); {advice}", url, loc)


def _called(source: Source) -> Iterator[tuple[Any, Loc]]:
    """What a file lets the broker call, and where it says so."""
    for kind, loc in _CALLED:
        if source.kind == kind:
            yield _at(source, loc), loc
    trusted = _at(source, ("trusted_issuers",)) if source.kind == "application" else None
    for number, one in enumerate(trusted if isinstance(trusted, list) else ()):
        if isinstance(one, dict):
            yield one.get("issuer"), ("trusted_issuers", number, "issuer")
    webhooks = _at(source, ("webhooks",)) if source.kind == "broker" else None
    for number, one in enumerate(webhooks if isinstance(webhooks, list) else ()):
        if isinstance(one, dict):
            yield one.get("url"), ("webhooks", number, "url")


def _no_encryption_key(source: Source) -> Iterator[Problem]:
    """A response that must be encrypted needs a key for it: one in the file is there, or nothing could be sent."""
    from broker.jose.encrypt import encryption_key  # commands that read no such file do without it

    model = source.model
    for what in ("userinfo", "id_token"):
        name = f"{what}_encrypted_response_alg"
        alg, jwks = getattr(model, name, None), getattr(model, "jwks", None)
        if alg is not None and jwks is not None and encryption_key(jwks, alg) is None:
            message = "finds no key in jwks that is for encryption; add a public key of {value} with `use: enc`"
            yield Problem(message, alg, at=(name,))


def _no_proxy(source: Source) -> Iterator[Problem]:
    """The header of a certificate is believed from a trusted proxy only."""
    header, proxies = (_at(source, ("network", name)) for name in ("client_certificate_header", "trusted_proxies"))
    if header is not None and not proxies:
        message = "is believed from trusted proxies only; write their addresses in network.trusted_proxies"
        yield Problem(message, at=("network", "client_certificate_header"))


def _no_certificate(source: Source, *, header: bool) -> Iterator[Problem]:
    """RFC 8705: without the proxy's header no certificate arrives; a certificate that nobody issued must be in the key set."""
    for name in ("tls_client_auth", "self_signed_tls_client_auth", "tls_client_certificate_bound_access_tokens"):
        if _at(source, (name,)) and not header:
            message = "needs the certificate of the connection; write network.client_certificate_header in broker.yaml"
            yield Problem(message, at=(name,))
    jwks = getattr(source.model, "jwks", None)
    if getattr(source.model, "self_signed_tls_client_auth", False) and jwks is not None:
        from broker.jose.certificates import registered  # commands that read no such file do without it

        if not registered(jwks):
            yield Problem("finds no certificate in jwks; add x5c to a key", at=("self_signed_tls_client_auth",))


def _frame_elsewhere(source: Source) -> Iterator[Problem]:
    """Front-Channel Logout 2: scheme, host and port of `frontchannel_logout_uri` are those of a redirect URI."""
    loc = ("frontchannel_logout_uri",)
    url = _at(source, loc)
    origin = origin_of(url) if isinstance(url, str) else None
    if origin is not None and origin not in {origin_of(one) for _, one in _texts(source, ("redirect_uris",))}:
        template = "{value} has another scheme, host or port than every redirect URI; write an address of the same server"
        yield Problem(template, url, loc)


def _same_domain(source: Source, domains: dict[str, tuple[Source, int]]) -> Iterator[Problem]:
    """A domain has one authority."""
    for number, text in _texts(source, ("domains",)):
        try:
            domain = names.domain(text)
        except Wrong:
            continue
        first, _ = domains.setdefault(domain, (source, number))
        if first is not source:
            template = f"{{value}} belongs to partner {first.id} already; keep it in one of the two files"
            yield Problem(template, domain, ("domains", number))


def _below(domains: dict[str, tuple[Source, int]]) -> Iterator[ConfigError]:
    """Nor may one partner's domain lie below another's `.example.org`: both would vouch for the same addresses."""
    for domain, (source, number) in domains.items():
        for parent in _parents(domain):
            other, _ = domains.get(parent, (source, 0))
            if other is not source:
                template = f"{{value}} lies below a domain of partner {other.id}; keep it in one of the two files"
                yield from translate.of_problems(source.tree, [Problem(template, domain, ("domains", number))])


def _parents(domain: str) -> Iterator[str]:
    """`.b.org` and `.org` for `a.b.org` and `.a.b.org`."""
    rest = domain.removeprefix(".")
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f".{rest}"


def _same_client(source: Source, clients: dict[tuple[str, str], Source]) -> Iterable[Problem]:
    """Two partners that are one client of one issuer would share their people."""
    issuer, client_id = _at(source, ("oidc", "issuer")), _at(source, ("oidc", "client_id"))
    if not isinstance(issuer, str) or not isinstance(client_id, str):
        return ()
    first = clients.setdefault((issuer, client_id), source)
    if first is source:
        return ()
    message = f"is, with this issuer, partner {first.id}'s already; register a client of its own, or keep one file"
    return (Problem(message, at=("oidc", "client_id")),)
