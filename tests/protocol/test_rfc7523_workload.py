"""RFC 7521 4.2, RFC 7523 3: the token of a pipeline proves a program that has no secret, as GitHub Actions issues it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from broker.jose.algorithms import ALGORITHMS
from broker.jose.encoding import b64url_encode
from broker.jose.keys import PrivateKey, generate
from broker.jose.sign import sign
from broker.services.oauth.client_authentication import WINDOW
from broker.storage.history import audit
from tests.connectors.provider import Server, as_json
from tests.protocol.stage import ISSUER, Stage, oauth_error
from tests.race import race

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SUBJECT = "repo:contoso/onboarding:ref:refs/heads/main"
SCOPE = f"{ISSUER}/.default"
REFUSED = (401, "invalid_client")
NONE, HMAC = (b'{"alg":"%s","typ":"JWT","kid":"key-1"}' % alg for alg in (b"none", b"HS256"))


@dataclass
class Pipeline:
    """The issuer of a pipeline's tokens, and the program that trusts it. other: another issuer that the file trusts, too."""

    stage: Stage
    server: Server
    key: PrivateKey
    other: Server
    other_key: PrivateKey

    @property
    def issuer(self) -> str:
        """Of the tokens."""
        return f"http://127.0.0.1:{self.server.port}"

    def token(self, key: PrivateKey | None = None, typ: str | None = "JWT", **claims: Any) -> str:
        """The claims are those of GitHub's documentation."""
        now = self.stage.clock()
        said = {
            "iss": self.issuer, "sub": SUBJECT, "aud": ISSUER, "jti": f"jti-{id(claims)}", "iat": now, "nbf": now - 300,
            "exp": now + 300, "repository": "contoso/onboarding", "ref": "refs/heads/main", "event_name": "push",
            "workflow": "guests", "runner_environment": "github-hosted", **claims,
        }  # fmt: skip
        return sign(key or self.key, {name: value for name, value in said.items() if value is not None}, typ=typ)

    def ask(self, token: str, **form: str) -> tuple[int, str]:
        """The token endpoint's error; (200, "") for a token of the API."""
        wish = {
            "grant_type": "client_credentials", "scope": SCOPE, "client_id": "pipeline", "client_assertion": token,
            "client_assertion_type": TYPE, **form,
        }  # fmt: skip
        answer = self.stage.post("/token", {name: value for name, value in wish.items() if value}, None)
        return (200, "") if answer.status_code == 200 else oauth_error(answer)


def serve(server: Server, key: PrivateKey) -> str:
    """Discovery as GitHub publishes it: no authorization or token endpoint. Returns the issuer."""
    issuer = f"http://127.0.0.1:{server.port}"
    document = {
        "issuer": issuer, "jwks_uri": f"{issuer}/.well-known/jwks", "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"], "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti", "nbf", "repository"], "scopes_supported": ["openid"],
    }  # fmt: skip
    server.routes["/.well-known/openid-configuration"] = lambda _: as_json(document)
    server.routes["/.well-known/jwks"] = lambda _: as_json({"keys": [key.public_jwk()]})
    return issuer


def trusting(stage: Stage, *issuers: str, allow: str = "127.0.0.0/8") -> None:
    """The program's file, and the addresses that the broker may call."""
    path = stage.home / "config" / "broker.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("network:")]
    path.write_text("\n".join([*kept, f"network: {{allow_private_addresses: [{allow}]}}", ""]))
    entries = ", ".join(f'{{issuer: "{one}", subject: "{SUBJECT}", audience: "{ISSUER}"}}' for one in issuers)
    stage.write(
        "applications/pipeline.yaml",
        f"name: Pipeline\napi_permissions: [User.Read.All]\ntrusted_issuers: [{entries}]\n",
    )


@pytest.fixture(scope="module")
def keys() -> tuple[PrivateKey, PrivateKey]:
    """Of the two issuers, under one name."""
    return generate("ES256", "key-1"), generate("ES256", "key-1")


@pytest.fixture
def pipeline(stage: Stage, keys: tuple[PrivateKey, PrivateKey]) -> Iterator[Pipeline]:
    """A stage whose program trusts two issuers."""
    with pipeline_at(stage, keys) as found:
        yield found


@contextmanager
def pipeline_at(stage: Stage, keys: tuple[PrivateKey, PrivateKey]) -> Iterator[Pipeline]:
    """The same at any stage."""
    server, other = Server(), Server()
    trusting(stage, serve(server, keys[0]), serve(other, keys[1]))
    yield Pipeline(stage, server, keys[0], other, keys[1])
    server.close()
    other.close()


def test_a_pipeline_gets_a_token_of_the_api(pipeline: Pipeline) -> None:
    """HP-65, HP-28: it opens what the file permits; the audit says whose token it was; the documents are fetched once."""
    stage, token = pipeline.stage, pipeline.token()
    answer = stage.post(
        "/token",
        {
            "grant_type": "client_credentials", "scope": SCOPE, "client_id": "pipeline", "client_assertion": token,
            "client_assertion_type": TYPE,
        },
        None,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert {"token_type": "Bearer", "scope": SCOPE}.items() <= answer.get_json().items()
    assert "refresh_token" not in answer.get_json()
    bearer = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    assert stage.get("/v1.0/users", headers=bearer).status_code == 200
    assert stage.get("/v1.0/auditLogs/signIns", headers=bearer).status_code == 403
    with stage.broker.core.db.read() as tx:
        (row,) = audit.newest(tx, name="client.workload_proven", limit=5)
    assert (row["actor_id"], row["data"]) == ("pipeline", {"issuer": pipeline.issuer, "subject": SUBJECT})
    assert pipeline.ask(pipeline.token(aud=[ISSUER], typ=None)) == (200, "")  # as Kubernetes writes it
    assert [one.path for one in pipeline.server.requests] == ["/.well-known/openid-configuration", "/.well-known/jwks"]


WRONG: dict[str, Callable[[Pipeline, int], str]] = {
    "another branch": lambda p, _: p.token(sub="repo:contoso/onboarding:ref:refs/heads/feature"),
    "another case": lambda p, _: p.token(sub=SUBJECT.upper()),
    "a longer subject": lambda p, _: p.token(sub=f"{SUBJECT}x"),
    "no subject": lambda p, _: p.token(sub=None),
    "another audience": lambda p, _: p.token(aud="https://github.com/contoso"),
    "a second audience": lambda p, _: p.token(aud=[ISSUER, "https://other.example"]),
    "no audience": lambda p, _: p.token(aud=None),
    "an issuer that is not trusted": lambda p, _: p.token(iss="https://token.actions.githubusercontent.com"),
    "the issuer with a slash": lambda p, _: p.token(iss=f"{p.issuer}/"),
    "no issuer": lambda p, _: p.token(iss=None),
    "the key of the other issuer": lambda p, _: p.token(p.other_key),
    "a new key": lambda p, _: p.token(generate("ES256", "key-2")),
    "expired": lambda p, now: p.token(exp=now - 60),
    "no exp": lambda p, _: p.token(exp=None),
    "ends too late": lambda p, now: p.token(exp=now + 3661),
    "too old": lambda p, now: p.token(iat=now - 661),
    "from the future": lambda p, now: p.token(iat=now + 61),
    "not yet": lambda p, now: p.token(nbf=now + 61),
    "no iat": lambda p, _: p.token(iat=None),
    "another kind of token": lambda p, _: p.token(typ="at+jwt"),
    "alg none": lambda p, _: f"{b64url_encode(NONE)}.{p.token().split('.')[1]}.",
    "HS256": lambda p, _: ".".join([b64url_encode(HMAC), *p.token().split(".")[1:]]),
    "another content": lambda p, _: p.token(sub="x").rpartition(".")[0] + "." + p.token().rpartition(".")[2],
    "no token": lambda p, _: p.issuer,
    "a client assertion of its own": lambda p, _: p.token(iss="pipeline", sub="pipeline"),
}


def test_what_is_no_proof(pipeline: Pipeline) -> None:
    """TK-24, RFC 8725 3: another subject, audience, key or algorithm; times; each is the same answer and makes no token."""
    stage = pipeline.stage
    assert pipeline.ask(pipeline.token()) == (200, "")
    with stage.unchanged():
        for name, token in WRONG.items():
            stage.clock.advance(61)  # 20 failures in ten minutes are the limit
            assert pipeline.ask(token(pipeline, stage.clock())) == REFUSED, name
        good = pipeline.token()
        for client_id in ("payroll", "bank", "nobody", ""):
            assert pipeline.ask(good, client_id=client_id) == REFUSED, client_id


def test_a_token_proves_once(both: Stage, keys: tuple[PrivateKey, PrivateKey]) -> None:
    """TK-24, HT-3: of twenty requests at once one is answered; later none; another signature under the same content is no other token."""
    with pipeline_at(both, keys) as pipeline:
        assert pipeline.ask(pipeline.token()) == (200, "")  # the documents are fetched
        token = pipeline.token()
        answers = race(lambda _: pipeline.ask(token))
        assert sorted(answers) == [(200, "")] + [REFUSED] * 19
        both.clock.advance(WINDOW)
        signed = token.rpartition(".")[0]
        again = ALGORITHMS["ES256"].sign(pipeline.key.key, signed.encode())
        fresh = pipeline.token()
        assert pipeline.ask(fresh) == (200, "")
        for replayed in (fresh, f"{signed}.{b64url_encode(again)}"):
            assert pipeline.ask(replayed) == REFUSED


def test_where_keys_come_from(stage: Stage, keys: tuple[PrivateKey, PrivateKey]) -> None:
    """HO-16, HO-2: no private address that is not listed, no redirect, no document of another issuer; the last good copy serves."""
    server = Server()
    issuer = serve(server, keys[0])
    pipeline = Pipeline(stage, server, keys[0], server, keys[1])
    trusting(stage, issuer.replace("http://127.0.0.1", "https://127.0.0.1"), allow="192.0.2.1")
    assert pipeline.ask(pipeline.token(iss=issuer.replace("http:", "https:"))) == REFUSED
    assert server.requests == []
    trusting(stage, issuer)
    good = server.routes["/.well-known/openid-configuration"]
    for bad in (
        lambda _: as_json({"issuer": "https://token.actions.githubusercontent.com", "jwks_uri": f"{issuer}/.well-known/jwks"}),
        lambda _: as_json({"issuer": issuer}),
        lambda _: as_json({"issuer": issuer, "jwks_uri": "http://192.0.2.7/jwks"}),
        lambda _: as_json({"issuer": issuer, "jwks_uri": "file:///etc/passwd"}),
        lambda _: (302, {"Location": f"{issuer}/elsewhere"}, b""),
        lambda _: (200, {}, b"x" * 600_000),
    ):
        server.routes["/.well-known/openid-configuration"] = bad
        assert pipeline.ask(pipeline.token()) == REFUSED
        stage.clock.advance(61)
    assert {one.path for one in server.requests} == {"/.well-known/openid-configuration"}
    server.routes["/.well-known/openid-configuration"] = good
    assert pipeline.ask(pipeline.token()) == (200, "")
    server.close()
    stage.clock.advance(7200)
    assert pipeline.ask(pipeline.token()) == (200, "")


def test_a_new_key_of_the_issuer(pipeline: Pipeline) -> None:
    """HO-6: it is found, and looked for at most once a minute."""
    new = generate("ES256", "key-2")
    assert pipeline.ask(pipeline.token()) == (200, "")
    pipeline.server.routes["/.well-known/jwks"] = lambda _: as_json({"keys": [new.public_jwk()]})
    assert pipeline.ask(pipeline.token(new)) == REFUSED
    pipeline.stage.clock.advance(61)
    assert pipeline.ask(pipeline.token(new)) == (200, "")
    assert "trusted_issuer.keys_changed" in pipeline.stage.audited()
