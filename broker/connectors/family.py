"""The record in which a protocol describes itself; `registry` lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.connectors.mapping import Wire


def _no_heads(_source: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A protocol that partners speak, as far as the rest of the broker has to know it.

    kind: the section of a partner's file. title: the protocol's name for people. wire: which of a claim's names arrive. heads:
    further names under which a claim with a path as its source may arrive. callback: the path below our issuer where a
    partner's responses arrive, from the partner's id and whether the partner has an address of its own. exact_contexts: a
    requested authentication context must be met exactly, so that a request that the partner may not know ends the sign-in.
    """

    kind: str
    title: str
    wire: Wire
    callback: Callable[[str, bool], str]
    heads: Callable[[str], tuple[str, ...]] = _no_heads
    exact_contexts: bool = False
