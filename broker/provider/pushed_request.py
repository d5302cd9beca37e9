"""Pushed authorization requests (RFC 9126): what is pushed, and what an authorization request that refers to it contains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.domain.errors import BadRequest, OAuthError
from broker.provider.parameters import Parameters

PREFIX = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 2.2
LIFE = 60  # seconds from the push to the authorization request; FAPI 2.0 5.3.2.2: less than 600
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def pushed_parameters(form: Mapping[str, str], client_id: str) -> list[tuple[str, str]]:
    """The authorization request in the form of an authenticated client, without its credentials.

    A client that its credential names may leave client_id out. Raises OAuthError(invalid_request) for a request_uri (RFC 9126 2.1).
    """
    if "request_uri" in form:
        raise OAuthError("invalid_request", "request_uri_pushed")
    kept = {name: value for name, value in form.items() if name not in _CREDENTIALS}
    return list({**kept, "client_id": client_id}.items())


def reference_of(pairs: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """(client_id, handle) of an authorization request by a request_uri of ours; None for any other request.

    Other parameters are not read (RFC 9101 6.3, RFC 9126 4). Raises BadRequest(duplicate_parameter) if one of
    the two is repeated.
    """
    given = Parameters.of(pairs)
    named = [value for name, value in pairs if name == "request_uri"]
    if not any(value.startswith(PREFIX) for value in named):
        return None
    if given.repeated & {"client_id", "request_uri"}:
        raise BadRequest("duplicate_parameter")
    return given.values.get("client_id", ""), named[0].removeprefix(PREFIX)
