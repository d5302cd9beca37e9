"""An OpenID provider on 127.0.0.1 whose every answer a test can bend, and a login at it played to the end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from broker.connectors.oidc.connector import OidcConnector, PartnerView, Sources
from broker.connectors.outbound.client import HttpClient
from broker.domain.assertion import Assertion
from broker.domain.connector import Ask, Inbound, Outbound
from broker.jose.algorithms import ALGORITHMS
from broker.jose.keys import PrivateKey
from broker.jose.sign import half_hash, sign

NOW = 1_800_000_000
REDIRECT = "https://broker.example/oidc/fabrikam/callback"
ACCESS_TOKEN = "upstream-access-token"


class _Omit:
    def __repr__(self) -> str:
        return "OMIT"


OMIT = _Omit()  # a claim that is left out

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """One request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes = b""


class Server:
    """A web server on an ephemeral port of 127.0.0.1. routes: path -> answer, or a function that writes to the socket."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[Request], Answer] | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.raw: set[str] = set()
        self.requests: list[Request] = []
        self.connections: set[Any] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner._serve(self)

            def do_POST(self) -> None:
                owner._serve(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Quiet."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that went away is part of the play."""

        self.closed = threading.Event()
        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        form = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, headers, form, body)
        self.requests.append(request)
        self.connections.add(handler.client_address)
        path = urlsplit(handler.path).path
        route: Any = self.routes.get(path, lambda _request: (404, {}, b"not here"))
        if path in self.raw:
            handler.close_connection = True
            route(handler)
            return
        status, extra, body = route(request)
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | extra).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def never(self, _request: Request) -> Answer:
        """A route whose answer does not come before the server closes."""
        self.closed.wait(60)
        return 200, {}, b"{}"

    def close(self) -> None:
        self.closed.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode()


class Provider(Server):
    """An honest provider; a test changes `document`, `jwks`, `claims`, `header`, `answer` or `userinfo` before the login."""

    def __init__(self, key: PrivateKey) -> None:
        super().__init__()
        self.key = key
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.document: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": [*ALGORITHMS, "none", "HS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }
        self.jwks: dict[str, Any] = {"keys": [key.public_jwk()]}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.token: Callable[[dict[str, Any]], Any] = lambda claims: sign(self.key, claims, typ="JWT")
        self.answer: dict[str, Any] = {}
        self.nonce = ""
        self.routes = {
            "/.well-known/openid-configuration": lambda _r: as_json(self.document),
            "/jwks": lambda _r: as_json(self.jwks),
            "/token": lambda _r: as_json(self.token_answer()),
            "/userinfo": lambda _r: self.userinfo_answer(),
        }

    def userinfo_answer(self) -> Answer:
        """What userinfo says; there is none unless a test sets one."""
        return (404, {}, b"") if self.userinfo is None else as_json(self.userinfo)

    def id_claims(self) -> dict[str, Any]:
        """What the ID token says: honest values, those of `claims` on top, OMIT takes one away."""
        honest = {
            "iss": self.issuer,
            "aud": "contoso-broker",
            "sub": "248289761001",
            "exp": NOW + 300,
            "iat": NOW - 2,
            "nonce": self.nonce,
            "at_hash": half_hash(self.key.alg, ACCESS_TOKEN),
            "email": "Ann@Fabrikam.example",
            "name": "Ann Aitken",
        }
        return {name: value for name, value in (honest | self.claims).items() if value is not OMIT}

    def token_answer(self) -> dict[str, Any]:
        """What the token endpoint says."""
        honest = {
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.token(self.id_claims()),
        }
        return {name: value for name, value in (honest | self.answer).items() if value is not OMIT}


def canonical(text: str) -> str | None:
    """The house rule in short: lower case, one @."""
    return text.lower() if text.count("@") == 1 else None


@dataclass
class Journey:
    """One connector at one provider, and logins through it."""

    provider: Provider
    http: HttpClient
    partner: PartnerView
    refreshes: int = 0
    now: int = NOW
    signed: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)

    def keys(self, refresh: bool) -> Mapping[str, Any]:
        """The stored key set; counts who asks for a refresh."""
        self.refreshes += refresh
        return self.provider.jwks

    def sign(self, alg: str, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
        """Our signing key."""
        self.signed.append((alg, claims, header))
        return f"signed.{alg}.assertion"

    def with_partner(self, **changes: Any) -> Journey:
        """The same with another partner file."""
        self.partner = replace(self.partner, **changes)
        return self

    @property
    def connector(self) -> OidcConnector:
        """A new connector; it keeps nothing between the two halves of a login."""
        sources = Sources(lambda: self.provider.document, self.keys)
        return OidcConnector(self.partner, REDIRECT, sources, self.http, self.sign, canonical_email=canonical)

    def begin(self, **ask: Any) -> tuple[Outbound, dict[str, str]]:
        """The request, and its parameters."""
        outbound = self.connector.begin(Ask(state="state-of-the-login", **ask))
        return outbound, {name: value[0] for name, value in parse_qs(urlsplit(outbound.url).query).items()}

    def sign_in(self, params: Mapping[str, str] | None = None, **ask: Any) -> Assertion:
        """A whole login: request, the provider learns the nonce, answer with a code."""
        outbound, query = self.begin(**ask)
        self.provider.nonce = query["nonce"]
        answer = {"code": "code-1", "state": "state-of-the-login"} if params is None else params
        return self.connector.complete(Inbound(params=answer, memory=outbound.memory, now=self.now))
