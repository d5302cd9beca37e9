"""userPrincipalName: how Graph names a person in addition to the id. A guest's holds their address and our host, a member's is their address."""

from __future__ import annotations

from urllib.parse import urlsplit

_EXTERNAL = "#EXT#@"


def tenant_of(issuer: str) -> str:
    """The host that stands for this directory."""
    return urlsplit(issuer).hostname or ""


def principal_name(email: str, tenant: str, *, guest: bool) -> str:
    """`ada_fabrikam.example#EXT#@login.contoso.example` for a guest."""
    return f"{email.replace('@', '_')}{_EXTERNAL}{tenant}" if guest else email


def address_in(name: str, tenant: str) -> str:
    """The address in a userPrincipalName: a domain has no underscore, so the last one stands for the @. Any other name is returned as it is."""
    end = f"{_EXTERNAL}{tenant}".lower()
    if not name.lower().endswith(end):
        return name
    local, _, domain = name[: -len(end)].rpartition("_")
    return f"{local}@{domain}"
