"""The plans that we run, our applications for them, and what the suite gets to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.jose.encoding import b64url_encode
from broker.jose.keys import PrivateKey, generate

ALIAS = "guest-broker"
SCOPES = "openid profile email address phone offline_access"
STATIC = {"client_registration": "static_client"}
DISCOVERED = {"server_metadata": "discovery", **STATIC}
LOGOUT = {"response_type": "code", **STATIC}
FAPI = "fapi2-security-profile-final-test-plan"
ONE, TWO, POSTS, BANK_ONE, BANK_TWO = (f"conformance-{name}" for name in ("one", "two", "posts", "bank-one", "bank-two"))


@dataclass(frozen=True, slots=True)
class Plan:
    """title: in our table. name and variant: the suite's."""

    title: str
    name: str
    variant: Mapping[str, str]


PLANS = (
    Plan("Basic", "oidcc-basic-certification-test-plan", DISCOVERED),
    Plan("Config", "oidcc-config-certification-test-plan", {}),
    Plan("Form Post", "oidcc-formpost-basic-certification-test-plan", DISCOVERED),
    Plan("RP-Initiated Logout", "oidcc-rp-initiated-logout-certification-test-plan", LOGOUT),
    Plan("Front-Channel Logout", "oidcc-frontchannel-rp-initiated-logout-certification-test-plan", LOGOUT),
    Plan("Back-Channel Logout", "oidcc-backchannel-rp-initiated-logout-certification-test-plan", LOGOUT),
    Plan(
        "FAPI 2.0 Security Profile",
        FAPI,
        {
            "openid": "openid_connect",
            "client_auth_type": "private_key_jwt",
            "sender_constrain": "dpop",
            "fapi_profile": "plain_fapi",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Applications:
    """The suite's clients, with secrets and keys of this run. suite: its address."""

    suite: str
    secrets: Mapping[str, str]
    keys: Mapping[str, PrivateKey]

    @classmethod
    def made(cls, suite: str, secret: str) -> Applications:
        """New keys; secret: the beginning of each secret."""
        secrets = {name: f"{secret}-{name}" for name in (ONE, TWO, POSTS)}
        return cls(suite, secrets, {name: generate("ES256", name) for name in (BANK_ONE, BANK_TWO)})

    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """The content of config/applications/CLIENT_ID.yaml by client id."""
        base, scopes = f"{self.suite}/test/a/{ALIAS}", SCOPES.split()
        # The second address of FAPI 2.0 and of the logout modules has a query of its own.
        uris = [f"{base}/callback", f"{base}/callback?dummy1=lorem&dummy2=ipsum"]
        common = {"name": "Conformance suite", "redirect_uris": uris, "scopes": scopes}
        plain = {
            **common,
            "post_logout_redirect_uris": [f"{base}/post_logout_redirect"],
            "frontchannel_logout_uri": f"{base}/frontchannel_logout",
            "backchannel_logout_uri": f"{base}/backchannel_logout",
        }
        bank = {**common, "fapi": True, "id_token_signed_response_alg": "PS256"}
        return {
            **{name: {**plain, "client_secret": secret} for name, secret in self.secrets.items()},
            **{name: {**bank, "jwks": {"keys": [key.public_jwk()]}} for name, key in self.keys.items()},
        }

    def config(self, plan: Plan, issuer: str) -> Mapping[str, Any]:
        """The configuration of a plan."""
        base = issuer.rstrip("/")
        found: dict[str, Any] = {
            "alias": ALIAS,
            "description": "Guest Broker",
            "server": {"discoveryUrl": f"{base}/.well-known/openid-configuration"},
        }
        if plan.name == FAPI:
            banks = (self._bank(name) for name in (BANK_ONE, BANK_TWO))
            return (
                found | dict(zip(("client", "client2"), banks, strict=True)) | {"resource": {"resourceUrl": f"{base}/userinfo"}}
            )
        clients = {"client": ONE, "client2": TWO, "client_secret_post": POSTS}
        return found | {
            place: {"client_id": name, "client_secret": self.secrets[name], "scope": SCOPES} for place, name in clients.items()
        }

    def _bank(self, name: str) -> Mapping[str, Any]:
        return {
            "client_id": name,
            "scope": "openid offline_access",
            "jwks": {"keys": [_private_jwk(self.keys[name])]},
            "dpop_signing_alg": "ES256",
        }


def _private_jwk(key: PrivateKey) -> Mapping[str, Any]:
    """The suite signs as the application: it needs the private member (RFC 7518 6.2.2.1)."""
    number: int = key.key.private_numbers().private_value  # type: ignore[union-attr]  # ES256: an EC key
    return {**key.public_jwk(), "d": b64url_encode(number.to_bytes(32, "big"))}
