"""The door of the API: who calls, how often, and what becomes of a refusal. Every path goes through it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from flask import Blueprint, Response, request

from broker.domain.audit import Actor
from broker.domain.errors import BrokerError, CommandError, OAuthError, PageError
from broker.domain.text import printable
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.responses import Responses, request_id
from broker.web.program import bearer_token
from broker.web.request import client_address

if TYPE_CHECKING:
    from broker.app import Broker

_log = logging.getLogger("broker.graph")

Values = ParamSpec("Values")


@dataclass(frozen=True, slots=True)
class Caller:
    """The application that calls. actor: for the use case and its audit."""

    client_id: str
    actor: Actor


Handler = Callable[Concatenate[Caller, Values], Response]


class ApiDoor:
    """Registers paths. A handler gets the caller and the values of its path."""

    def __init__(self, broker: Broker, routes: Blueprint) -> None:
        self._broker = broker
        self._routes = routes

    @property
    def responses(self) -> Responses:
        """With the issuer of the files in force."""
        return Responses(self._broker.core.settings().issuer, self._broker.core.clock)

    def opens(self, method: str, path: str) -> Callable[[Handler[Values]], Handler[Values]]:
        """One method of one path below `/v1.0`. A path with GET has HEAD, too; OPTIONS is refused: no browser calls this API (AD-08)."""

        def register(handler: Handler[Values]) -> Handler[Values]:
            @wraps(handler)
            def view(*args: Values.args, **values: Values.kwargs) -> Response:
                try:
                    return handler(self._caller(), *args, **values)
                except (CommandError, PageError, OAuthError, ApiRefused) as error:
                    return self._refuse(error)

            self._routes.add_url_rule(
                path, f"{method} {path}".replace(".", "_"), view, methods=[method], provide_automatic_options=False
            )
            return handler

        return register

    def _caller(self) -> Caller:
        """Raises OAuthError (no token of this API), TooManyAttempts (too many requests of this application)."""
        client_id = self._broker.oauth.api_access.admit(bearer_token())
        proxies = self._broker.core.settings().broker.network.trusted_proxies
        address = client_address(request, proxies)
        return Caller(client_id, Actor.application(client_id, address=address, request_id=request_id()))

    def _refuse(self, error: BrokerError) -> Response:
        _log.info(
            "api_refused path=%s reason=%s reference=%s detail=%s",
            printable(request.path),
            error.reason,
            request_id(),
            printable(error.detail if isinstance(error, ApiRefused | PageError) else ""),
        )
        return self.responses.error(error)
