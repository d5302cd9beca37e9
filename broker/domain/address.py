"""E-mail addresses and their domains, compared exactly (IN-13, PO-04)."""

from __future__ import annotations

from collections.abc import Iterable


def domain_of(email: str) -> str:
    """The part after the last @, in lower case; empty without an @. email: canonical."""
    return email.rpartition("@")[2].lower() if "@" in email else ""


def in_domains(email: str, domains: Iterable[str]) -> bool:
    """Whether the address's domain is one of `domains`: exact labels; sub-domains only under an entry `.example.org`."""
    domain = domain_of(email)
    return bool(domain) and any(
        domain.endswith(entry) and domain != entry[1:] if entry.startswith(".") else domain == entry for entry in domains
    )
