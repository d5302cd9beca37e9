"""Pushed authorization requests: validated when they are pushed, used once within a minute (RFC 9126)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from broker.domain.errors import BadRequest, OAuthError
from broker.domain.ids import new_secret
from broker.domain.network import counted
from broker.domain.times import HOUR
from broker.provider.application import PUBLIC, ApplicationView
from broker.provider.dpop import DpopProof, check_algorithm
from broker.provider.id_token_hint import HintClaims
from broker.provider.pushed_request import LIFE, PREFIX, pushed_parameters
from broker.provider.request import RequestObject, read_request
from broker.services.core import Core
from broker.services.oauth import proofs
from broker.services.rate_limits import RateLimits
from broker.storage.oauth import pushed_requests

PUSHED_PER_ADDRESS = 20_000  # per hour, by public clients: nobody proves to be one, and each push stores a row (RX-05)


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """The response to a push (RFC 9126 2.2). expires_in: seconds."""

    request_uri: str
    expires_in: int


class PushedRequests:
    """Stores the parameters of requests, and gives them to the authorization endpoint once."""

    def __init__(
        self,
        core: Core,
        applications: Callable[[str], ApplicationView | None],
        hint: Callable[[str], HintClaims],
        objects: RequestObject,
        rate_limits: RateLimits,
    ) -> None:
        """hint: verifies an id_token_hint. objects: the parameters of a signed request object."""
        self._db = core.db
        self._clock = core.clock
        self._applications = applications
        self._hint = hint
        self._objects = objects
        self._rate_limits = rate_limits

    def push(
        self, application: ApplicationView, form: Mapping[str, str], address: str, proof: DpopProof | None = None
    ) -> PushedRequest:
        """The response of the endpoint to an authenticated application (RFC 9126 2.2).

        The request passes every check of an authorization request, and again when it is used: the files may have changed.
        proof: of the key to which the code will be bound (RFC 9449 10.1). Raises OAuthError, TooManyAttempts.
        """
        check_algorithm(proof, application.signing_algorithms)
        pairs = pushed_parameters(form, application.client_id)
        if "request" in form:
            pairs = list(self._objects(form["request"], application))  # RFC 9126 3: nothing outside it is read
        if proof is not None:
            pairs = _bound(pairs, proof.jkt)
        try:
            read_request(pairs, applications=self._applications, hint=self._hint, pushed=True)
        except BadRequest as error:
            refusal = OAuthError("invalid_request", error.reason)
            refusal.mistake = error.mistake
            raise refusal from error
        if application.client_type == PUBLIC:
            self._rate_limits.hit(f"par:{counted(address)}", limit=PUSHED_PER_ADDRESS, window=HOUR)
        handle = new_secret()
        with self._db.write() as tx:
            proofs.take(tx, proof)
            pushed_requests.add(tx, handle, application.client_id, pairs, self._clock() + LIFE)
        return PushedRequest(PREFIX + handle, LIFE)

    def take(self, client_id: str, handle: str) -> Sequence[tuple[str, str]]:
        """The parameters of this client's request, once. Raises BadRequest: no redirect_uri is known yet (RFC 9126 4, HP-7)."""
        with self._db.write() as tx:
            found = pushed_requests.take(tx, handle, client_id, self._clock())
        if found is not None:
            return found
        if self._applications(client_id) is None:
            raise BadRequest("client").of_application("", client_id)
        raise BadRequest("request_uri_unknown").of_application(client_id)


def _bound(pairs: Sequence[tuple[str, str]], jkt: str) -> list[tuple[str, str]]:
    """The request with the key of the proof as its dpop_jkt. Raises OAuthError if it names another one (RFC 9449 10.1)."""
    if any(name == "dpop_jkt" and value != jkt for name, value in pairs):
        raise OAuthError("invalid_dpop_proof", "dpop_jkt")
    return [*(pair for pair in pairs if pair[0] != "dpop_jkt"), ("dpop_jkt", jkt)]
