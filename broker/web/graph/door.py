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
from broker.web.graph.bodies import Properties
from broker.web.graph.operation import Operation, OptionsKind
from broker.web.graph.query import refuse_all
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.responses import Responses, request_id
from broker.web.program import bearer_token, object_of, pairs_of
from broker.web.request import client_address, client_certificate

if TYPE_CHECKING:
    from broker.app import Broker

_log = logging.getLogger("broker.graph")

Values = ParamSpec("Values")


@dataclass(frozen=True, slots=True)
class Caller:
    """The application that calls, for itself or for a person. actor: for the use case and its audit. operation: what this request may hold."""

    client_id: str
    actor: Actor
    operation: Operation

    @property
    def name(self) -> str:
        """To whom a page token belongs: the application, or the person at it."""
        return self.client_id if self.actor.permissions is None else f"{self.client_id} {self.actor.id}"

    def body(self) -> Properties:
        """The body of the request, checked as a whole against the operation's record. Raises ApiRefused, BadRequest."""
        if self.operation.body is None:
            raise TypeError(f"{self.operation.summary!r} has no body")
        return Properties(object_of(request), self.operation.body)


Handler = Callable[Concatenate[Caller, Values], Response]


class ApiDoor:
    """Registers paths. A handler gets the caller and the values of its path. operations: (method, path) -> what it takes and gives."""

    def __init__(self, broker: Broker, routes: Blueprint) -> None:
        self.operations: dict[tuple[str, str], Operation] = {}
        self._broker = broker
        self._routes = routes

    @property
    def responses(self) -> Responses:
        """With the issuer of the files in force."""
        return Responses(self._broker.core.settings().issuer, self._broker.core.clock)

    def opens(self, method: str, path: str, operation: Operation) -> Callable[[Handler[Values]], Handler[Values]]:
        """One method of one path below `/v1.0`. A path with GET has HEAD, too; OPTIONS is refused: no browser calls this API (AD-08).

        operation: a request with a query that it does not name is refused here; the document describes what it says.
        """
        self.operations[method, path] = operation

        def register(handler: Handler[Values]) -> Handler[Values]:
            @wraps(handler)
            def view(*args: Values.args, **values: Values.kwargs) -> Response:
                try:
                    return handler(self._caller(operation), *args, **values)
                except (CommandError, PageError, OAuthError, ApiRefused) as error:
                    return self._refuse(error)

            self._routes.add_url_rule(
                path, f"{method} {path}".replace(".", "_"), view, methods=[method], provide_automatic_options=False
            )
            return handler

        return register

    def opens_to_all(self, path: str, operation: Operation) -> Callable[[Callable[[], Response]], Callable[[], Response]]:
        """GET of a path that needs no token and takes no query."""
        self.operations["GET", path] = operation

        def register(handler: Callable[[], Response]) -> Callable[[], Response]:
            @wraps(handler)
            def view() -> Response:
                try:
                    refuse_all(pairs_of(request.query_string))
                    return handler()
                except (PageError, ApiRefused) as error:
                    return self._refuse(error)

            self._routes.add_url_rule(
                path, f"GET {path}".replace(".", "_"), view, methods=["GET"], provide_automatic_options=False
            )
            return handler

        return register

    def _caller(self, operation: Operation) -> Caller:
        """Raises OAuthError (no token of this API), TooManyAttempts (too many requests of this application), ApiRefused (query)."""
        network = self._broker.core.settings().broker.network
        found = self._broker.oauth.api_access.admit(bearer_token(), client_certificate(request, network))
        address = client_address(request, network.trusted_proxies)
        if operation.query.kind is OptionsKind.NONE:
            refuse_all(pairs_of(request.query_string))
        actor = Actor.application(found.client_id, address=address, request_id=request_id())
        if found.person_id is not None:
            actor = Actor.person(found.person_id, address=address, request_id=request_id())
            actor = actor.through(found.permissions, found.proven_at)
        return Caller(found.client_id, actor, operation)

    def _refuse(self, error: BrokerError) -> Response:
        self._broker.meter.refusal("api", error.reason)
        _log.info(
            "api_refused path=%s reason=%s reference=%s detail=%s",
            printable(request.path),
            error.reason,
            request_id(),
            printable(error.detail if isinstance(error, ApiRefused | PageError) else ""),
        )
        return self.responses.error(error)
