"""A query that is refused. A message names the option and what is possible, never a stored value."""

from __future__ import annotations

from broker.web.graph.refusals import BAD_REQUEST, UNSUPPORTED, ApiRefused


def bad(target: str, message: str) -> ApiRefused:
    """The option is not well formed, or names what does not exist. target: the option, as the client wrote its name."""
    return ApiRefused(400, BAD_REQUEST, message, target=target)


def unsupported(target: str, message: str) -> ApiRefused:
    """The option is well formed, but no index answers it here."""
    return ApiRefused(400, UNSUPPORTED, message, target=target)


def unlisted(target: str, message: str) -> ApiRefused:
    """The property is there for one entity, and not for a list."""
    return ApiRefused(501, "NotImplemented", message, target=target)
