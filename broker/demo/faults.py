"""What a partner can get wrong on purpose: one switch each, with the page that a careful relying party ends at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNTRUSTED, FAILED = "partner_untrusted", "partner_failed"
SKEW = 2 * 3600  # seconds; far beyond the 60 s that HO-7 allows


@dataclass(frozen=True, slots=True)
class Fault:
    """One switch.

    page: the broker's error code for a guest who is known already; empty where such a guest still gets in, because what is
    wrong only matters when an invitation is redeemed. attack: the case of the list of attacks.
    """

    name: str
    title: str
    page: str = UNTRUSTED
    attack: str = ""


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("none", "everything is right", ""),
        Fault("skewed_clock", "the clock is two hours slow: the ID token is over before it arrives", attack="OU-06"),
        Fault("wrong_audience", "the ID token was made for another client", attack="OU-04"),
        Fault("wrong_issuer", "the ID token names another issuer", attack="OU-03"),
        Fault("missing_mail", "neither ID token nor userinfo holds an address", ""),
        Fault("unverified_mail", "email_verified is false", ""),
        Fault("no_auth_time", "the ID token does not say when the person signed in", "", "AZ-13"),
        Fault("unsigned", "the ID token is not signed: alg none", attack="OU-01"),
        Fault("replayed", "the ID token of an earlier login is sent again", attack="OU-05"),
        Fault("other_keys", "the ID token is signed by a key that the partner does not publish", attack="OU-09"),
        Fault("wrong_nonce", "the nonce is that of another login", attack="OU-05"),
        Fault("wrong_at_hash", "at_hash belongs to another access token", attack="OU-24"),
        Fault("mixed_up", "the answer names another issuer in the browser (mix-up)", attack="OU-15"),
        Fault("other_userinfo", "name and address come by userinfo only, which speaks of somebody else", attack="OU-17"),
        Fault("no_id_token", "the token answer holds no ID token", FAILED, "OU-23"),
        Fault("error", "the partner refuses, with markup in its error text", FAILED, "OU-19"),
        Fault("down", "the token endpoint, the keys, discovery and userinfo answer 503", FAILED, "OU-22"),
    )
}
UNREACHABLE = ("discovery", "jwks", "token", "userinfo")


def distort(fault: str, claims: Mapping[str, Any], *, nonce: str, at_hash: str) -> dict[str, Any]:
    """The claims of an ID token as this fault has them. nonce, at_hash: values of another login."""
    wrong: Mapping[str, Mapping[str, Any]] = {
        "skewed_clock": {name: claims[name] - SKEW for name in ("iat", "exp")},
        "wrong_audience": {"aud": "another-client"},
        "wrong_issuer": {"iss": "https://login.somebody-else.example"},
        "wrong_nonce": {"nonce": nonce},
        "wrong_at_hash": {"at_hash": at_hash},
        "unverified_mail": {"email_verified": False},
    }
    changed = {**claims, **wrong.get(fault, {})}
    if fault == "no_auth_time":
        del changed["auth_time"]
    return without_mail(changed) if fault == "missing_mail" else changed


def without_mail(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The same without an address in any claim that a relying party might take for one."""
    return {name: value for name, value in claims.items() if name not in ("email", "email_verified", "preferred_username")}
