"""All of config/ as one immutable object, or every error of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from broker.settings import cross, sources
from broker.settings.application_file import ApplicationFile
from broker.settings.broker_file import BrokerFile
from broker.settings.errors import ConfigError, ConfigErrors, in_order
from broker.settings.federation_file import FederationFile
from broker.settings.partner_file import PartnerFile
from broker.settings.policy_file import PolicyFile
from broker.settings.sources import Reading

__all__ = ["ConfigError", "ConfigErrors", "Settings", "load", "read"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What may federate and by which rules. digest: of the files' bytes, the same on nodes that hold the same files.

    domains: mail domain -> partner id, so that the number of partners has no effect on a login. partners_by_name: in
    the order that a page lists them.
    """

    home: Path
    broker: BrokerFile
    partners: Mapping[str, PartnerFile]
    applications: Mapping[str, ApplicationFile]
    policies: Mapping[str, PolicyFile]
    federations: Mapping[str, FederationFile]
    digest: str
    domains: Mapping[str, str] = field(repr=False)
    partners_by_name: tuple[PartnerFile, ...] = field(repr=False)

    @property
    def issuer(self) -> str:
        """Our issuer, exactly as written."""
        return self.broker.issuer

    def path(self, relative: str) -> Path:
        """A path of a config file: relative ones start at the home."""
        return self.home / relative

    def partner_of_domain(self, domain: str) -> PartnerFile | None:
        """The authority for a mail domain (canonical form): its exact entry, else the nearest `.example.org` above it."""
        found = self.domains.get(domain)
        rest = domain
        while found is None and "." in rest:
            rest = rest.partition(".")[2]
            found = self.domains.get(f".{rest}")
        return self.partners[found] if found is not None else None


def read(home: Path, environ: Mapping[str, str]) -> Reading:
    """Every file and every error, for `broker check`: nothing is raised."""
    reading = sources.read(home.absolute(), environ)
    reading.errors = in_order([*reading.errors, *cross.check(reading)])
    return reading


def load(home: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of a home. Raises ConfigErrors with all that is wrong; environ: as `os.environ`."""
    return settled(read(home, environ))


def settled(reading: Reading) -> Settings:
    """The settings of a reading without errors. Raises ConfigErrors."""
    if reading.errors:
        raise ConfigErrors(reading.errors)
    models = {kind: {source.id: source.model for source in reading.of(kind)} for kind in ("broker", *sources.FOLDERS)}
    partners = {name: model for name, model in models["partner"].items() if isinstance(model, PartnerFile)}
    return Settings(
        home=reading.home,
        broker=next(model for model in models["broker"].values() if isinstance(model, BrokerFile)),
        partners=MappingProxyType(partners),
        applications=MappingProxyType({n: m for n, m in models["application"].items() if isinstance(m, ApplicationFile)}),
        policies=MappingProxyType({n: m for n, m in models["policy"].items() if isinstance(m, PolicyFile)}),
        federations=MappingProxyType({n: m for n, m in models["federation"].items() if isinstance(m, FederationFile)}),
        digest=reading.digest,
        domains=MappingProxyType({domain: partner.id for partner in partners.values() for domain in partner.domains}),
        partners_by_name=tuple(sorted(partners.values(), key=lambda partner: (partner.name.casefold(), partner.id))),
    )
