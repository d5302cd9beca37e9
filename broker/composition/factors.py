"""Constructs the services of a person's own sign-in methods."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.factors.own_methods import Methods
from broker.services.factors.removal import MethodRemoval
from broker.services.factors.reset import FactorResets
from broker.services.login.context import LoginContexts
from broker.services.messages.outbox import Outbox
from broker.services.sessions.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorServices:
    """A person's own sign-in methods, the removal of one, and the reset of all."""

    own_methods: Methods
    removal: MethodRemoval
    reset: FactorResets


def wire_factors(core: Core, outbox: Outbox, sessions: Sessions, context: LoginContexts) -> FactorServices:
    """context: a reset can begin within a login."""
    return FactorServices(
        own_methods=Methods(core, sessions, outbox),
        removal=MethodRemoval(core, outbox),
        reset=FactorResets(core, context.open_login, outbox),
    )
