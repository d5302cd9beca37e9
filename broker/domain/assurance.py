"""How strongly a person was authenticated: the three `acr` values of the contract, in rising order (HP-62)."""

from __future__ import annotations

from collections.abc import Iterable

SFA = "https://refeds.org/profile/sfa"
MFA = "https://refeds.org/profile/mfa"
PHISHING_RESISTANT = "phr"
_SINGLE = frozenset("face fpt geo hwk iris kba otp pin pop pwd rba retina sc sms swk tel user vbm wia".split())
ACR_VALUES = (SFA, MFA, PHISHING_RESISTANT)


def rank(acr: str | None) -> int:
    """1, 2 or 3; 0 for a value that is none of ours."""
    return ACR_VALUES.index(acr) + 1 if acr in ACR_VALUES else 0


def satisfies(acr: str, wanted: Iterable[str]) -> bool:
    """Whether `acr` meets one of the wanted values; a higher one meets a lower."""
    ranks = [rank(value) for value in wanted if rank(value)]
    return not ranks or rank(acr) >= min(ranks)


def plain(amr: Iterable[str]) -> tuple[str, ...]:
    """The methods of RFC 8176 that a home organization named, without `mfa` and `mca`: those need our trust (HO-15)."""
    return tuple(value for value in amr if value in _SINGLE)
