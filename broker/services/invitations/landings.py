"""The address to which an invitation leads, and the application that it belongs to (FA-17, FD-17).

The mail contains this address, so it must belong to the company: the origin of an application's redirect_uris or launch_url, our own
pages, or an origin that an administrator lists. It is checked when the invitation is made and again when the guest arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from broker.domain.errors import Invalid
from broker.domain.origin import DEFAULT_PORTS, Origin, origin_text
from broker.settings.load import Settings
from broker.settings.model import ApplicationFile


def checked(settings: Settings, url: str) -> str:
    """The address, if an invitation may lead there. Raises Invalid, which says what is allowed."""
    origin = _origin(url)
    if origin is None:
        raise Invalid("the redirect URL must be a plain https: URL (http: only on loopback)", "redirect_url")
    if origin not in _origins(settings):
        raise Invalid(
            f"an invitation may not lead to {origin_text(origin)}: no application has a redirect_uri or launch_url there; "
            "list it under invitations.redirect_origins in config/broker.yaml if it is yours",
            "redirect_url_foreign",
        )
    return url


def may_lead_to(settings: Settings, url: str) -> bool:
    """Whether `checked` accepts it now."""
    try:
        checked(settings, url)
    except Invalid:
        return False
    return True


def application_of(settings: Settings, url: str) -> ApplicationFile | None:
    """The application that this address belongs to: the nearest launch_url or redirect URI; None if there is no single one.

    Also None if that application requires an assignment: an invitation to an application assigns the guest, and an address alone
    must not decide about access.
    """
    here = _parts(url)
    if here is None:
        return None
    near: dict[str, int] = {}
    for application in settings.applications.values():
        depths = [_depth(base, here) for base in _addresses(application)]
        near[application.client_id] = max(depths, default=-1)
    best = max(near.values(), default=-1)
    found = [client_id for client_id, depth in near.items() if depth == best and best >= 0]
    if len(found) != 1 or settings.applications[found[0]].assignment_required:
        return None
    return settings.applications[found[0]]


def _depth(base: str, here: SplitResult) -> int:
    """The length of the path that an address shares with an application's address; -1 for another origin."""
    there = _parts(base)
    if there is None or _origin_of(there) != _origin_of(here):
        return -1
    whole, path = there.path.rstrip("/"), here.path or "/"
    if path == there.path or path.rstrip("/") == whole or path.startswith(f"{whole}/"):
        return len(whole) + 1  # escaped characters of the address itself
    folder = there.path.rpartition("/")[0]
    return len(folder) if path.startswith(f"{folder}/") else -1


def _addresses(application: ApplicationFile) -> Iterator[str]:
    if application.launch_url is not None:
        yield str(application.launch_url)
    yield from application.redirect_uris


def _origins(settings: Settings) -> set[Origin | None]:
    own = [settings.issuer, *settings.broker.invitations.redirect_origins]
    return {_origin(url) for url in own} | {
        _origin(url) for application in settings.applications.values() for url in _addresses(application)
    }


def _parts(url: str) -> SplitResult | None:
    """A plain https: URL, or http: on loopback; None for anything else."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    loopback = host in ("localhost", "::1") or host.startswith("127.")
    fine = parts.scheme == "https" or (parts.scheme == "http" and loopback)
    # a browser reads a backslash as a slash, and then it sees another host than this code
    odd = "@" in parts.netloc or "\\" in url or any(not 32 < ord(c) < 127 for c in url)
    dots = not {".", ".."}.isdisjoint(unquote(parts.path).split("/"))  # a browser would go to another address than this code sees
    return parts if fine and host and not odd and not dots else None


def _origin(url: str) -> Origin | None:
    parts = _parts(url)
    return None if parts is None else _origin_of(parts)


def _origin_of(parts: SplitResult) -> Origin:
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
