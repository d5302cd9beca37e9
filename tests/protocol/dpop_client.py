"""A client with a key: signs proofs of possession for the tests of RFC 9449 and FAPI 2.0."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from broker.domain.ids import new_secret
from broker.jose.encoding import b64url_encode
from broker.jose.keys import PrivateKey, generate, public_members, thumbprint
from broker.jose.sign import sign
from tests.protocol.stage import ISSUER, Stage


@dataclass
class DpopClient:
    """nonce: the last one that the broker gave."""

    stage: Stage
    key: PrivateKey = field(default_factory=lambda: generate("ES256", ""))
    nonce: str = ""

    @property
    def jkt(self) -> str:
        """The thumbprint of the key."""
        return thumbprint(self.key.key.public_key())

    def proof(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "POST",
        header: Mapping[str, Any] | None = None,
        typ: str = "dpop+jwt",
        **claims: Any,
    ) -> str:
        """A proof that is right but for what is given; None leaves a claim out."""
        said = {"htm": method, "htu": ISSUER + path, "iat": self.stage.clock(), "jti": new_secret(), "nonce": self.nonce or None}
        if token is not None:
            said["ath"] = b64url_encode(hashlib.sha256(token.encode()).digest())
        said = {name: value for name, value in {**said, **claims}.items() if value is not None}
        return sign(self.key, said, typ=typ, header={"jwk": public_members(self.key.key.public_key()), **(header or {})})

    def post(self, path: str, form: Mapping[str, str], client_id: str | None = "payroll", **claims: Any) -> TestResponse:
        """A form with a proof; the nonce of the answer is remembered, and asked for if there is none yet."""
        if not self.nonce:
            self.nonce = self.stage.post(path, {}, None, headers={"DPoP": self.proof(path)}).headers["DPoP-Nonce"]
        answer = self.stage.post(path, form, client_id, headers={"DPoP": self.proof(path, **claims)})
        self.nonce = answer.headers["DPoP-Nonce"]
        return answer

    def exchange(self, code: str, client_id: str = "payroll", **more: str) -> TestResponse:
        """A code at the token endpoint, with a proof."""
        from tests.protocol.stage import CALLBACK, SECRETS, VERIFIER

        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK[client_id], "code_verifier": VERIFIER}
        confidential = client_id in SECRETS
        return self.post(
            "/token", {**form, **({} if confidential else {"client_id": client_id}), **more}, client_id if confidential else None
        )

    def refresh(self, token: str, client_id: str = "payroll") -> TestResponse:
        """A refresh token at the token endpoint, with a proof."""
        from tests.protocol.stage import SECRETS

        form = {"grant_type": "refresh_token", "refresh_token": token}
        confidential = client_id in SECRETS
        return self.post(
            "/token", {**form, **({} if confidential else {"client_id": client_id})}, client_id if confidential else None
        )

    def userinfo(self, token: str, *, scheme: str = "DPoP", proof: str | None = None) -> TestResponse:
        """Userinfo with the scheme DPoP and a proof."""
        proof = proof if proof is not None else self.proof("/userinfo", token, method="GET")
        return self.stage.get("/userinfo", headers={"Authorization": f"{scheme} {token}", "DPoP": proof})
