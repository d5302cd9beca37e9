"""What a proof is worth: the partner's trusted word, and our own factors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.domain import assurance
from broker.domain.assurance import partner_did_mfa, reached
from broker.domain.factor import Method, Proof

NOW = 1_800_000_000
SFA, MFA, PHR = "https://refeds.org/profile/sfa", "https://refeds.org/profile/mfa", "phr"
WORD = Proof(method=Method.PARTNER, at=NOW - 100, by="fabrikam", acr=MFA, amr=("pwd", "hwk"))
TOTP = Proof(method=Method.TOTP, at=NOW, by="f1", person="p")
KEY = Proof(method=Method.PASSKEY, at=NOW, by="f2", person="p", verified=True)


def test_a_partners_word() -> None:
    """HO-15: acr, or any one of amr, is a value that the partner's file trusts; nothing is trusted where it lists none."""
    for trusted, good in (
        ((MFA,), True),
        (("hwk",), True),
        (("pwd",), True),
        (("mfa", "hwk"), True),
        ((), False),
        (("otp",), False),
    ):
        assert partner_did_mfa(WORD, trusted, 3600, NOW) is good
    silent = replace(WORD, acr=None, amr=())
    assert not partner_did_mfa(silent, (MFA,), 3600, NOW)
    assert not partner_did_mfa(None, (MFA,), 3600, NOW)
    for method in Method:
        assert partner_did_mfa(replace(WORD, method=method), (MFA,), 3600, NOW) is (method is Method.PARTNER)


@pytest.mark.parametrize(
    ("at", "good"),
    [(NOW - 3599, True), (NOW - 3600, False), (NOW, True), (NOW + 60, True), (NOW + 61, False), (None, False)],
)
def test_how_old_it_may_be(at: int | None, good: bool) -> None:
    """HO-15: younger than mfa_max_age, at most a minute ahead of our clock, and not without a time."""
    assert partner_did_mfa(replace(WORD, at=at), (MFA,), 3600, NOW) is good


@pytest.mark.parametrize(
    ("vouched", "partner_mfa", "proofs", "acr", "amr"),
    [
        (None, False, (), SFA, ()),
        (WORD, False, (), SFA, ("pwd", "hwk")),
        (WORD, True, (), MFA, ("pwd", "hwk", "mfa")),
        (replace(WORD, amr=("mfa", "x")), False, (), SFA, ()),
        (WORD, False, (TOTP,), MFA, ("pwd", "hwk", "otp", "mfa")),
        (None, False, (KEY,), PHR, ("hwk", "user", "mfa")),
        (None, False, (replace(KEY, synced=True),), PHR, ("swk", "user", "mfa")),
        (None, False, (replace(KEY, verified=False),), MFA, ("hwk", "mfa")),
        (None, False, (replace(KEY, verified=False, synced=True),), MFA, ("swk", "mfa")),
        (WORD, True, (TOTP, KEY), PHR, ("pwd", "hwk", "otp", "user", "mfa")),
        (WORD, True, (KEY, TOTP), PHR, ("pwd", "hwk", "user", "otp", "mfa")),
    ],
)
def test_what_is_reached(
    vouched: Proof | None, partner_mfa: bool, proofs: tuple[Proof, ...], acr: str, amr: tuple[str, ...]
) -> None:
    """HP-62, HO-15, MF-01: the highest of what was proven; `mfa` is said where it is true, each method once."""
    assert reached(vouched, partner_mfa, proofs) == (acr, amr)


def test_what_applications_are_told() -> None:
    """A partner's word is `mfa` only where it counts as that, its untrusted words are left out, and an unknown time is not made up."""
    word = Proof(method=Method.PARTNER, at=None, by="fabrikam", acr="https://fabrikam.example/strong", amr=("pwd", "mfa", "x"))
    key = Proof(method=Method.PASSKEY, at=1807, by="factor", person="ada", verified=True)
    at = "https://login.contoso.example"
    assert assurance.released_proofs([word, key], partner_mfa=False, ourselves=at) == [
        {"by": "fabrikam", "acr": SFA, "amr": ["pwd"]},
        {
            "by": at,
            "acr": PHR,
            "amr": ["hwk", "user"],
            "at": 1800,
        },  # FA-14: a quarter of an hour is all that two applications can compare
    ]
    assert [said["acr"] for said in assurance.released_proofs([word], partner_mfa=True, ourselves=at)] == [MFA]


@pytest.mark.parametrize(("at", "shown"), [(0, 0), (899, 0), (900, 900), (1799, 900), (1800, 1800)])
def test_fa_14_a_proof_shows_its_quarter_of_an_hour(at: int, shown: int) -> None:
    """FA-14: two applications do not recognize a person by the second of a proof."""
    key = Proof(method=Method.PASSKEY, at=at, by="factor", person="ada", verified=True)
    (said,) = assurance.released_proofs([key], partner_mfa=False, ourselves="https://login.contoso.example")
    assert said["at"] == shown
