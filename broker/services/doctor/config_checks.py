"""Checks a valid partner's file for settings that are probably not intended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from broker.services.doctor.finding import Finding, Level, Side, ok
from broker.services.policies.group_uses import Naming
from broker.settings.federated_partner import FederatedPartner
from broker.settings.load import Settings
from broker.settings.model import OidcPartner, PartnerFile
from broker.settings.pending import PENDING

# Issuers at which anybody can have an account, and the claim that identifies one organization.
_SHARED = {"accounts.google.com": "hd", "login.microsoftonline.com": "tid"}
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"  # Microsoft's tenant of personal accounts


def look(settings: Settings, partner: PartnerFile, of_protocol: Iterable[Finding]) -> Iterator[Finding]:
    """Keys worth changing, each with its file. of_protocol: what the protocol's checks say of its section."""
    file = partner.file
    own = () if isinstance(partner, FederatedPartner) else (*_domains(partner, file), *_trust(partner, file))
    found = [*own, *of_protocol]
    found += [
        Finding(
            Level.PROBLEM,
            "protocol",
            f"{file}: {entry.missing}",
            "a section oidc:",
            Side.OURS,
            "use the partner's OpenID provider",
        )
        for entry in PENDING
        if (entry.kind, entry.path) == ("partner", partner.protocol)
    ]
    yield from found or [ok("file", f"{file}: nothing to change; config digest {settings.digest}")]


def oidc_section(partner: PartnerFile, oidc: OidcPartner) -> Iterator[Finding]:
    """Keys of the section `oidc:` worth changing."""
    file = partner.file
    yield from _scopes(partner, oidc, file)
    yield from _shared_issuer(partner, oidc, file)
    yield from _client(oidc, file)


def _domains(partner: PartnerFile, file: str) -> Iterator[Finding]:
    if not partner.domains:
        yield Finding(
            Level.WARNING,
            "domains",
            f"{file}: no domains: nobody finds this partner by an address, only by the list",
            "the mail domains that the partner is the authority for",
            Side.OURS,
            "write domains: [fabrikam.example]",
        )


def _trust(partner: PartnerFile, file: str) -> Iterator[Finding]:
    if partner.trust.email and not partner.domains:
        yield Finding(
            Level.PROBLEM,
            "trust.email",
            f"{file}: trust.email without domains: no address ever counts as verified",
            "trust.email counts inside `domains` only",
            Side.OURS,
            "write domains",
        )
    if partner.trust.step_up and not partner.trust.mfa:
        yield Finding(
            Level.WARNING,
            "trust.step_up",
            f"{file}: step_up asks the partner for more proof, but without trust.mfa no answer would count",
            "trust.mfa with the partner's acr or amr values",
            Side.OURS,
            "write trust.mfa",
        )


def _scopes(partner: PartnerFile, oidc: OidcPartner, file: str) -> Iterator[Finding]:
    for scope, what in (("email", "address"), ("profile", "name")):
        if scope not in oidc.scopes and scope not in partner.claims:
            yield Finding(
                Level.WARNING,
                "scopes",
                f"{file}: oidc.scopes lacks {scope}: most providers then send no {what}",
                f"the scope {scope}, or the {what} by another claim",
                Side.OURS,
                "write oidc.scopes: [openid, profile, email]",
            )


def _shared_issuer(partner: PartnerFile, oidc: OidcPartner, file: str) -> Iterator[Finding]:
    """An issuer at which anybody can have an account must not be the authority for a domain."""
    parts = urlsplit(oidc.issuer)
    claim = _SHARED.get(parts.hostname or "")
    personal = claim == "tid" and _PERSONAL in parts.path
    one_tenant = claim is None or (claim == "tid" and not personal)
    if one_tenant or claim in oidc.require_claims or not partner.domains:
        return
    yield Finding(
        Level.PROBLEM,
        "require_claims",
        f"{file}: anybody can have an account at {oidc.issuer}, and the file makes it the authority for {', '.join(partner.domains)}",
        f"oidc.require_claims with {claim}, or no domains (a social partner)",
        Side.OURS,
        f"write require_claims: {{{claim}: {partner.domains[0]}}}" if claim == "hd" else "remove domains and trust.email",
    )


def _client(oidc: OidcPartner, file: str) -> Iterator[Finding]:
    by_key = oidc.client_authentication == "private_key_jwt"
    if by_key and urlsplit(oidc.issuer).hostname == "login.microsoftonline.com" and oidc.client_assertion.certificate is None:
        yield Finding(
            Level.PROBLEM,
            "client_assertion",
            f"{file}: Entra ID knows our key by its certificate, and none is named",
            "oidc.client_assertion.certificate",
            Side.OURS,
            "write client_assertion: {certificate: FILE}, the one that was uploaded there",
        )


def missing_groups(missing: Iterable[Naming]) -> Iterator[Finding]:
    """Policies that name a group that does not exist (FC-03)."""
    for one in missing:
        yield Finding(
            Level.WARNING,
            "policy_group",
            f"config/policies/{one.policy}.yaml: {one.missing}",
            "a group that exists",
            Side.OURS,
            f"create it (broker groups create {one.group}), or correct users.{one.side}.groups",
        )
