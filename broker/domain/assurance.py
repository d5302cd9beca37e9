"""How strongly a person was authenticated: the three `acr` values of the contract, in rising order (HP-62)."""

from __future__ import annotations

from collections.abc import Iterable

SFA = "https://refeds.org/profile/sfa"
MFA = "https://refeds.org/profile/mfa"
PHISHING_RESISTANT = "phr"
ACR_VALUES = (SFA, MFA, PHISHING_RESISTANT)


def rank(acr: str | None) -> int:
    """1, 2 or 3; 0 for a value that is none of ours."""
    return ACR_VALUES.index(acr) + 1 if acr in ACR_VALUES else 0


def satisfies(acr: str, wanted: Iterable[str]) -> bool:
    """Whether `acr` meets one of the wanted values; a higher one meets a lower."""
    ranks = [rank(value) for value in wanted if rank(value)]
    return not ranks or rank(acr) >= min(ranks)
