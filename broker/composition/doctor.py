"""Constructs the doctor."""

from __future__ import annotations

from broker.services.core import Core
from broker.services.doctor import Doctor
from broker.services.keys.ring import Keys
from broker.services.operations.nodes import Nodes
from broker.services.partners.families import Partners


def wire_doctor(core: Core, partners: Partners, nodes: Nodes, keys: Keys) -> Doctor:
    """The checks of partners and applications."""
    return Doctor(core, partners, nodes, keys)
