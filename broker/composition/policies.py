"""Constructs the service of policies."""

from __future__ import annotations

from broker.services.core import Core
from broker.services.policies.policies import Policies


def wire_policies(core: Core) -> Policies:
    """The policies in force, and questions about them. It needs no keys."""
    return Policies(core)
