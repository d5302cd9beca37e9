"""The three `acr` values and what they are compared with."""

from __future__ import annotations

import pytest

from broker.domain.assurance import plain, rank, satisfies

SFA, MFA, PHR = "https://refeds.org/profile/sfa", "https://refeds.org/profile/mfa", "phr"


def test_ranks() -> None:
    """HP-62: the contract's three values, rising; anything else is none."""
    assert [rank(value) for value in (SFA, MFA, PHR)] == [1, 2, 3]
    assert [rank(value) for value in (None, "", "mfa", f"{MFA}/", MFA.upper(), "phrh")] == [0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("acr", "wanted", "good"),
    [
        (SFA, (), True),
        (SFA, ("urn:x",), True),
        ("urn:x", ("urn:y",), True),
        (SFA, (SFA,), True),
        (SFA, (MFA,), False),
        (SFA, (PHR,), False),
        (SFA, ("urn:x", MFA), False),
        (MFA, (SFA,), True),
        (MFA, (MFA,), True),
        (MFA, (PHR,), False),
        (MFA, (PHR, MFA), True),
        (MFA, ("urn:x", PHR), False),
        (PHR, (SFA,), True),
        (PHR, (MFA,), True),
        (PHR, (PHR,), True),
        ("urn:x", (SFA,), False),
    ],
)
def test_a_higher_one_meets_a_lower(acr: str, wanted: tuple[str, ...], good: bool) -> None:
    """HP-62: one of the wanted values is enough; those that are none of ours ask for nothing."""
    assert satisfies(acr, wanted) is good


def test_methods_of_a_partner() -> None:
    """HO-15: single methods of RFC 8176 are told on; `mfa` and `mca` need our trust, other words mean nothing to anybody."""
    assert plain(("pwd", "mfa", "otp", "mca", "x", "wia", "face", "")) == ("pwd", "otp", "wia", "face")
    known = "face fpt geo hwk iris kba otp pin pop pwd rba retina sc sms swk tel user vbm wia".split()
    assert plain([*known, "mfa", "mca", "PWD"]) == tuple(known)
