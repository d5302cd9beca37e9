"""Constructs the service that says what needs a person."""

from __future__ import annotations

from broker.services.attention import NeedsAttention
from broker.services.core import Core


def wire_attention(core: Core) -> NeedsAttention:
    """What needs a person, for the first page of the portal."""
    return NeedsAttention(core)
