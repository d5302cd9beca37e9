"""How strongly a person was authenticated: the three `acr` values of the contract, in rising order (HP-62).

A partner's word counts as multi-factor authentication only where its file trusts that word, and only while it is young (HO-15).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from broker.domain.factor import Method, Proof

SFA = "https://refeds.org/profile/sfa"
MFA = "https://refeds.org/profile/mfa"
PHISHING_RESISTANT = "phr"
_SINGLE = frozenset("face fpt geo hwk iris kba otp pin pop pwd rba retina sc sms swk tel user vbm wia".split())
ACR_VALUES = (SFA, MFA, PHISHING_RESISTANT)
COARSE = 900  # seconds: how exactly applications are told when something was proven
_CLOCK_SKEW = 60  # seconds that a partner's clock may be ahead of ours


def rank(acr: str | None) -> int:
    """1, 2 or 3; 0 for a value that is none of ours."""
    return ACR_VALUES.index(acr) + 1 if acr in ACR_VALUES else 0


def satisfies(acr: str, wanted: Iterable[str]) -> bool:
    """Whether `acr` meets one of the wanted values; a higher one meets a lower."""
    ranks = [rank(value) for value in wanted if rank(value)]
    return not ranks or rank(acr) >= min(ranks)


def plain(amr: Iterable[str]) -> tuple[str, ...]:
    """The methods of RFC 8176 that a home organization named, without `mfa` and `mca`: those need our trust (HO-15)."""
    return tuple(dict.fromkeys(value for value in amr if value in _SINGLE))


def partner_did_mfa(proof: Proof | None, trusted: Collection[str], max_age: int, now: int) -> bool:
    """HO-15: acr or one of amr is a value that `trust.mfa` lists, and the sign-in is known to be younger than `mfa_max_age`.

    trusted, max_age (seconds): of the partner's file as it is now.
    """
    if proof is None or proof.method is not Method.PARTNER or proof.at is None:
        return False
    if not now - max_age < proof.at <= now + _CLOCK_SKEW:
        return False
    return proof.acr in trusted or any(value in trusted for value in proof.amr)


def reached(vouched: Proof | None, partner_mfa: bool, proofs: Iterable[Proof]) -> tuple[str, tuple[str, ...]]:
    """The acr and amr (RFC 8176) that are true: the home organization's sign-in, and what was proven to us.

    vouched: the partner's word. partner_mfa: `partner_did_mfa` of it. proofs: those with our factors that count now.
    """
    held = [_worth(proof) for proof in proofs]
    acr = max([MFA if partner_mfa else SFA, *(level for level, _ in held)], key=rank)
    amr = [*plain(vouched.amr if vouched else ()), *(value for _, values in held for value in values)]
    if rank(acr) > rank(SFA):
        amr.append("mfa")
    return acr, tuple(dict.fromkeys(amr))


def told(proofs: Iterable[Proof], *, partner_mfa: bool, ourselves: str) -> list[dict[str, Any]]:
    """Who proved what and when, as applications read it: the home organization by its id, our own factors by our issuer.

    partner_mfa: `partner_did_mfa` of its word. `at` is left out where the partner does not say when; it is the beginning of a
    quarter of an hour, so that two applications do not recognize a person by the second (FA-14).
    """
    said = []
    for proof in proofs:
        is_partner = proof.method is Method.PARTNER
        acr, amr = (MFA if partner_mfa else SFA, plain(proof.amr)) if is_partner else _worth(proof)
        one: dict[str, Any] = {"by": proof.by if is_partner else ourselves, "acr": acr, "amr": list(amr)}
        said.append(one if proof.at is None else {**one, "at": proof.at - proof.at % COARSE})
    return said


def _worth(proof: Proof) -> tuple[str, tuple[str, ...]]:
    """A passkey resists phishing; it is more than a second thing in the hand where it also checked who holds it."""
    if proof.method is not Method.PASSKEY:
        return MFA, ("otp",)
    key = "swk" if proof.synced else "hwk"
    return (PHISHING_RESISTANT, (key, "user")) if proof.verified else (MFA, (key,))
