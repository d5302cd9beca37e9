"""Resource indicators (RFC 8707): which resources an access token is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.domain.errors import OAuthError
from broker.provider.application import ApplicationView
from broker.provider.parameters import RESOURCE


def requested(values: Mapping[str, str], application: ApplicationView) -> tuple[str, ...]:
    """The resources of an authorization or token request, each once.

    Raises OAuthError(invalid_target) for one that the application's file does not list, character for character: that includes a
    relative URI and one with a fragment (RFC 8707 2).
    """
    asked = tuple(dict.fromkeys(values.get(RESOURCE, "").split()))
    unknown = [resource for resource in asked if resource not in application.resources]
    if unknown:
        raise OAuthError("invalid_target", "resource").of_application(
            application.client_id, unknown[0], tuple(application.resources)
        )
    return asked


def audience(asked: Sequence[str], granted: Sequence[str], application: ApplicationView) -> tuple[str, ...]:
    """The resources of one access token: those of the token request, else those of the authorization request (RFC 8707 2.2).

    Raises OAuthError(invalid_target) for one that the authorization request did not name, if it named any, and for one that the
    file does not list any more (HP-36).
    """
    chosen = tuple(asked) or tuple(granted)
    if granted and not set(chosen) <= set(granted):
        raise OAuthError("invalid_target", "resource_not_granted")
    if not set(chosen) <= set(application.resources):
        raise OAuthError("invalid_target", "resource_removed")
    return chosen
