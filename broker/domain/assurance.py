"""How strongly a person was authenticated: the three `acr` values of the contract, in rising order (HP-62).

A partner's acr or amr counts as multi-factor authentication only if its file trusts that value, and only for a limited time (HO-15).
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
COARSE = 900  # seconds: the precision of the times of proofs in ID tokens
_CLOCK_SKEW = 60  # seconds that a partner's clock may be ahead of ours


def rank(acr: str | None) -> int:
    """1, 2 or 3; 0 for a value that is none of ours."""
    return ACR_VALUES.index(acr) + 1 if acr in ACR_VALUES else 0


def satisfies(acr: str, wanted: Iterable[str]) -> bool:
    """Whether `acr` meets one of the wanted values; a higher one meets a lower."""
    ranks = [rank(value) for value in wanted if rank(value)]
    return not ranks or rank(acr) >= min(ranks)


def plain(amr: Iterable[str]) -> tuple[str, ...]:
    """The methods of RFC 8176 that a home organization sent, without `mfa` and `mca`: those count only where we trust them (HO-15)."""
    return tuple(dict.fromkeys(value for value in amr if value in _SINGLE))


def partner_did_mfa(proof: Proof | None, trusted: Collection[str], max_age: int, now: int) -> bool:
    """HO-15: acr or one of amr is a value that `trust.mfa` lists, and the sign-in is known to be younger than `mfa_max_age`.

    trusted, max_age (seconds): of the partner's current file.
    """
    if proof is None or proof.method is not Method.PARTNER or proof.at is None:
        return False
    if not now - max_age < proof.at <= now + _CLOCK_SKEW:
        return False
    return proof.acr in trusted or any(value in trusted for value in proof.amr)


def reached(home_proof: Proof | None, partner_mfa: bool, proofs: Iterable[Proof]) -> tuple[str, tuple[str, ...]]:
    """The acr and amr (RFC 8176) that the home organization's sign-in and the person's own methods give.

    home_proof: the home organization's. partner_mfa: `partner_did_mfa` of it. proofs: those with own methods that count now.
    """
    held = [_acr_and_amr(proof) for proof in proofs]
    acr = max([MFA if partner_mfa else SFA, *(level for level, _ in held)], key=rank)
    amr = [*plain(home_proof.amr if home_proof else ()), *(value for _, values in held for value in values)]
    if rank(acr) > rank(SFA):
        amr.append("mfa")
    return acr, tuple(dict.fromkeys(amr))


def released_proofs(proofs: Iterable[Proof], *, partner_mfa: bool, ourselves: str) -> list[dict[str, Any]]:
    """Who proved what and when, as an ID token carries it: `by` is the partner's id, or our issuer for the person's own methods.

    partner_mfa: `partner_did_mfa` of the partner's proof. `at` is absent where the partner sends no auth_time. It is rounded down
    to a quarter of an hour, so that two applications cannot recognize a person by the second (FA-14).
    """
    released = []
    for proof in proofs:
        is_partner = proof.method is Method.PARTNER
        acr, amr = (MFA if partner_mfa else SFA, plain(proof.amr)) if is_partner else _acr_and_amr(proof)
        one: dict[str, Any] = {"by": proof.by if is_partner else ourselves, "acr": acr, "amr": list(amr)}
        released.append(one if proof.at is None else {**one, "at": proof.at - proof.at % COARSE})
    return released


def _acr_and_amr(proof: Proof) -> tuple[str, tuple[str, ...]]:
    """Of one proof with an own method: a passkey that verified its user is phishing-resistant, any other method is MFA."""
    if proof.method is not Method.PASSKEY:
        return MFA, ("otp",)
    key = "swk" if proof.synced else "hwk"
    return (PHISHING_RESISTANT, (key, "user")) if proof.verified else (MFA, (key,))
