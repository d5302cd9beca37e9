"""Constructs the services of policies. They need no keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broker.composition.core import system_clock, wire_core
from broker.services.core import Core
from broker.services.policies.file_policies import FilePolicies
from broker.services.policies.policies import Policies
from broker.settings.reload import CurrentSettings

if TYPE_CHECKING:
    from broker.services.policies.catalog import PolicyCatalog
    from broker.services.policies.drafts import PolicyDrafts
    from broker.services.rate_limits import RateLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyServices:
    """What the portal shows of policies: the list with its effect, and drafts; and what programs read of them."""

    catalog: PolicyCatalog
    drafts: PolicyDrafts
    file_policies: FilePolicies


def wire_policies(core: Core) -> Policies:
    """The policies in force, and questions about them."""
    return Policies(core)


def wire_policy_views(core: Core, rate_limits: RateLimits) -> PolicyServices:
    """For the portal; no command loads them."""
    from broker.services.policies.catalog import PolicyCatalog
    from broker.services.policies.drafts import PolicyDrafts

    return PolicyServices(catalog=PolicyCatalog(core), drafts=PolicyDrafts(core, rate_limits), file_policies=FilePolicies(core))


@contextmanager
def open_policies(home: Path) -> Iterator[Policies]:
    """The policies of a home; it needs no keys. Raises ConfigErrors."""
    core = wire_core(CurrentSettings(home, os.environ), home, system_clock)
    try:
        yield wire_policies(core)
    finally:
        core.db.close()
